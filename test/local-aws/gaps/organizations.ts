// AWS Organizations as a member account sees it: every account of the local AWS belongs to one organization.
// A member may call DescribeOrganization only; the rest answers to the management account
// (https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html).
import { AwsError, json, type Service } from "../service";

export const ORGANIZATION_ID = "o-localaws01";

export function organizations(managementAccount: string, members: string[]): Service {
  const arn = (kind: string, id: string) =>
    `arn:aws:organizations::${managementAccount}:${kind}/${ORGANIZATION_ID}${id}`;
  const account = (Id: string) => ({
    Id,
    Arn: arn("account", `/${Id}`),
    Name: Id === managementAccount ? "management" : `account-${Id}`,
    Email: `${Id}@example.org`,
    Status: "ACTIVE",
    JoinedMethod: "INVITED",
    JoinedTimestamp: 946_684_800,
  });

  return async ({ service, action, account: caller }) => {
    if (service !== "organizations") return undefined;
    if (action === "DescribeOrganization") {
      return json({
        Organization: {
          Id: ORGANIZATION_ID,
          Arn: arn("organization", ""),
          FeatureSet: "ALL",
          MasterAccountArn: arn("account", `/${managementAccount}`),
          MasterAccountId: managementAccount,
          MasterAccountEmail: `${managementAccount}@example.org`,
        },
      });
    }
    if (caller !== managementAccount) {
      throw new AwsError("AccessDeniedException", "You don't have permissions to access this resource.");
    }
    return action === "ListAccounts" ? json({ Accounts: [managementAccount, ...members].map(account) }) : undefined;
  };
}
