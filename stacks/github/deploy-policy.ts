// What who deploys may not do, approved or not; and all that who deploys nothing but records may do.
import { DataAwsIamPolicyDocument as PolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { Construct } from "constructs";
import { arn, githubNames, ROUTE53_NS_STACK, stageNames, type Target } from "../../config";
import type { StateAccess } from "./state-access";
import { ISSUER } from "./trust";

/**
 * They do in one call what no gate can take back. A person does it, with the command for it. Not a vault's lock: Terraform
 * replaces it at every change, and the review calls a weaker one dangerous.
 */
const WITHOUT_WAY_BACK = [
  "backup:DeleteBackupVault",
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

export interface DeployPolicyProps {
  partition: string;
  accountId: string;
  /** What is deployed into the account. */
  targets: Target[];
}

export function deployPolicy(scope: Construct, id: string, props: DeployPolicyProps) {
  const stages = props.targets.flatMap(({ stage }) => stage ?? []);
  // What images are built from, and a password that is made again: Terraform removes them where the configuration does.
  const builds = stages.map((stage) => `arn:${props.partition}:s3:::${stageNames(stage).buildBucket}/*`);
  const remade = stages.map((stage) => arn("secretsmanager", stage, `secret:${stageNames(stage).cronSecret}-*`));
  const but = (resources: string[]) => (resources.length > 0 ? { notResources: resources } : { resources: ["*"] });
  const iam = (resource: string) => `arn:${props.partition}:iam::${props.accountId}:${resource}`;
  const { planRole, readyRole, deployRole } = githubNames;
  const roles = [planRole, readyRole, deployRole("*")];
  return new PolicyDocument(scope, id, {
    statement: [
      { sid: "NoLoss", effect: "Deny", actions: WITHOUT_WAY_BACK, resources: ["*"] },
      { sid: "NoLossOfVersions", effect: "Deny", actions: ["s3:DeleteObjectVersion"], ...but(builds) },
      { sid: "NoLossOfSecrets", effect: "Deny", actions: ["secretsmanager:DeleteSecret"], ...but(remade) },
      {
        sid: "NotItself",
        effect: "Deny",
        notActions: ["iam:Get*", "iam:List*"],
        // With any path.
        resources: [
          ...roles.flatMap((role) => [iam(`role/${role}`), iam(`role/*/${role}`)]),
          iam(`oidc-provider/${ISSUER}`),
        ],
      },
      { sid: "NotTheOrganization", effect: "Deny", actions: ["account:*", "organizations:*"], resources: ["*"] },
    ],
  });
}

/** Beside the right to Route 53: the state of this one stack, its lock, and the plan that was approved. */
export function recordsPolicy(scope: Construct, id: string, state: StateAccess) {
  const files = state.files(ROUTE53_NS_STACK);
  const locks = files.map((file) => `${file}.tflock`);
  return new PolicyDocument(scope, id, {
    statement: [
      { sid: "ListState", actions: ["s3:ListBucket"], resources: state.buckets },
      { sid: "ReadPlan", actions: ["s3:GetObject"], resources: state.plans(ROUTE53_NS_STACK) },
      { sid: "WriteState", actions: ["s3:GetObject", "s3:PutObject"], resources: [...files, ...locks] },
      { sid: "Unlock", actions: ["s3:DeleteObject"], resources: locks },
      {
        sid: "LockStateInTable",
        actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"],
        resources: state.lockTables,
      },
      state.useKey(["kms:Decrypt", "kms:GenerateDataKey"]),
    ],
  });
}
