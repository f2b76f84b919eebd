// What no workflow does, approved or not: lose data, and change who may deploy. A person does it, with the command for it.
import { DataAwsIamPolicyDocument as PolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { Construct } from "constructs";
import { githubNames } from "../../config";
import type { StateAccess } from "./state-access";
import { ISSUER } from "./trust";

/** They do in one call what no gate can take back. */
const LOSSES = [
  "backup:DeleteBackupVault",
  "backup:DeleteBackupVaultLockConfiguration",
  "backup:DeleteRecoveryPoint",
  "cloudtrail:DeleteTrail",
  "cloudtrail:StopLogging",
  "dynamodb:DeleteTable",
  "kms:DisableKey",
  "kms:ScheduleKeyDeletion",
  "rds:DeleteDBCluster",
  "rds:DeleteDBClusterAutomatedBackup",
  "rds:DeleteDBClusterSnapshot",
  "rds:ModifyDBClusterSnapshotAttribute",
  "route53:DeleteHostedZone",
  "s3:DeleteBucket",
];

/** For who deploys records and nothing else, beside the right to Route 53: Terraform's state. */
export const recordsPolicy = (scope: Construct, id: string, state: StateAccess) =>
  new PolicyDocument(scope, id, {
    statement: [
      {
        sid: "WriteState",
        actions: ["s3:GetObject", "s3:PutObject"],
        resources: [...state.files, ...state.locks, ...state.plans],
      },
      { sid: "ListState", actions: ["s3:ListBucket"], resources: state.buckets },
      ...state.lockAndKey(),
    ],
  });

export function deployPolicy(scope: Construct, id: string, props: { partition: string; accountId: string }) {
  const iam = (resource: string) => `arn:${props.partition}:iam::${props.accountId}:${resource}`;
  const anyEnvironment = githubNames.deployRole("*");
  return new PolicyDocument(scope, id, {
    statement: [
      { sid: "NoLoss", effect: "Deny", actions: LOSSES, resources: ["*"] },
      // With any path.
      {
        sid: "NotItself",
        effect: "Deny",
        notActions: ["iam:Get*", "iam:List*"],
        resources: [
          iam(`role/${githubNames.planRole}`),
          iam(`role/*/${githubNames.planRole}`),
          iam(`role/${anyEnvironment}`),
          iam(`role/*/${anyEnvironment}`),
          iam(`oidc-provider/${ISSUER}`),
        ],
      },
      { sid: "NotTheOrganization", effect: "Deny", actions: ["account:*", "organizations:*"], resources: ["*"] },
    ],
  });
}
