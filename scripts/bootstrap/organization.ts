// What only the organization's management account can set: cross-account backup. Checked here, and the command printed.
import { BackupClient, DescribeGlobalSettingsCommand } from "@aws-sdk/client-backup";
import { DescribeOrganizationCommand, OrganizationsClient } from "@aws-sdk/client-organizations";
import { type Account, clientConfig } from "../aws";

const COMMAND = "aws backup update-global-settings --global-settings isCrossAccountBackupEnabled=true";

/**
 * Says why copies to another account would fail, or nothing where they work.
 * @param organizationId the organization that the configuration names, if it does
 */
export async function crossAccountProblem(account: Account, organizationId?: string): Promise<string | undefined> {
  const settings = clientConfig(account);
  try {
    const { Organization } = await new OrganizationsClient(settings).send(new DescribeOrganizationCommand({}));
    if (organizationId && Organization?.Id !== organizationId) {
      return `Account ${account.accountId} is in organization ${Organization?.Id}, the configuration names ${organizationId}: the vault's policy would refuse its copies. Correct backupDestination.organizationId.`;
    }
    const { GlobalSettings } = await new BackupClient(settings).send(new DescribeGlobalSettingsCommand({}));
    if (GlobalSettings?.isCrossAccountBackupEnabled === "true") return undefined;
    return `Cross-account backup is off in organization ${Organization?.Id}: copies to the backup account fail. Run this with credentials of its management account ${Organization?.MasterAccountId}:\n  ${COMMAND}`;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === "AWSOrganizationsNotInUseException") {
      return `Account ${account.accountId} is in no AWS organization: AWS Backup copies between accounts of one organization only. Let both accounts join one, then run this with credentials of its management account:\n  ${COMMAND}`;
    }
    if (error.name === "AccessDeniedException") {
      return `Whether the organization allows cross-account backup could not be read: ${error.message}\nMake sure that this was run with credentials of its management account:\n  ${COMMAND}`;
    }
    throw error;
  }
}
