// Where the configuration names administrators: only they change what protects the vault, and the deploying role is one.
import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import type { DataAwsIamPolicyDocumentStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { DataAwsIamSessionContext } from "@cdktf/provider-aws/lib/data-aws-iam-session-context";
import { Fn, type Precondition } from "cdktf";
import type { Construct } from "constructs";
import { arnRegex, githubNames } from "../../config";

/**
 * Else an intruder would take the policy's denials out first. Only where administrators are named: a denial for
 * everybody could never be taken back, and Terraform could not let in the account of a new stage. Where none are named,
 * the compliance lock is what holds against an administrator of the account; the policies then stop mistakes and lesser
 * credentials.
 * @param actions that change the policy, or what is set beside it
 */
export function onlyAdministrators(administratorArns: string[], actions: string[]): DataAwsIamPolicyDocumentStatement {
  return {
    sid: "OnlyAdministratorsChangePolicy",
    effect: "Deny",
    principals: [{ type: "AWS", identifiers: ["*"] }],
    actions,
    resources: ["*"],
    condition: [{ test: "ArnNotLike", variable: "aws:PrincipalArn", values: administratorArns }],
  };
}

/** They plan in the account and change nothing, so that nothing can lock them out. */
const READERS = [githubNames.planRole, githubNames.readyRole].map((role) => `arn:*:iam::*:role/*${role}`);

/** A deployment that would lock its own role out for good stops in the plan. */
export function deployerIsAdministrator(scope: Construct, administratorArns: string[]): Precondition {
  const caller = new DataAwsCallerIdentity(scope, "caller");
  // For an assumed role, the role's ARN with its path: what aws:PrincipalArn holds as well.
  const { issuerArn } = new DataAwsIamSessionContext(scope, "session", { arn: caller.arn });
  return {
    condition: Fn.anytrue([...administratorArns, ...READERS].map((arn) => Fn.can(Fn.regex(arnRegex(arn), issuerArn)))),
    errorMessage: `backupDestination.administratorArns lacks ${issuerArn}, which deploys this stack: afterwards it could change neither the vault's policy nor the key's. Add it.`,
  };
}
