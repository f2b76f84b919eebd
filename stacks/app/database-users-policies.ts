// What the database-users function may do, one permission set each.
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import type { Construct } from "constructs";
import { arn, type StageConfig, stageNames } from "../../config";

/**
 * The master secrets that RDS manages for this stage's cluster, and for a restored one beside it, whose identifier
 * starts the same. RDS names the secret by a random id and tags it with the cluster.
 */
export function readMasterSecrets(scope: Construct, stage: StageConfig): DataAwsIamPolicyDocument {
  const names = stageNames(stage);
  const clusterArn = (identifier: string) => arn("rds", stage, `cluster:${identifier}`);
  return new DataAwsIamPolicyDocument(scope, "read-master-secrets", {
    statement: [
      {
        actions: ["secretsmanager:GetSecretValue"],
        resources: [arn("secretsmanager", stage, "secret:rds!cluster-*")],
        condition: [
          {
            test: "StringLike",
            variable: "aws:ResourceTag/aws:rds:primaryDBClusterArn",
            // The live cluster, one that is being restored beside it, and the one that a rollback goes back to.
            values: [
              names.clusterArn,
              ...[names.prefix, names.restoredCluster("*"), names.replacedCluster("*")].map(clusterArn),
            ],
          },
        ],
      },
    ],
  });
}

/** The users' own secrets, which it rotates, and the salt's. */
export function writeSecrets(
  scope: Construct,
  rotated: SecretsmanagerSecret[],
  salt: SecretsmanagerSecret,
): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "write-secrets", {
    statement: [
      {
        actions: ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
        resources: [...rotated, salt].map((secret) => secret.arn),
      },
      // What a rotation function needs besides (Secrets Manager user guide, execution role permissions).
      {
        actions: ["secretsmanager:DescribeSecret", "secretsmanager:UpdateSecretVersionStage"],
        resources: rotated.map((secret) => secret.arn),
      },
      // Makes up a password; it concerns no resource, so none can be named.
      { actions: ["secretsmanager:GetRandomPassword"], resources: ["*"] },
    ],
  });
}

/**
 * Lambda attaches the function to the VPC with the function's role. These actions cannot be limited to a resource
 * before it exists; the denial keeps the function's own code from using them (Lambda developer guide, VPC access).
 */
export function networkInterfaces(scope: Construct, stage: StageConfig): DataAwsIamPolicyDocument {
  const actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ];
  const functionArn = arn("lambda", stage, `function:${stageNames(stage).databaseUsersFunction}`);
  return new DataAwsIamPolicyDocument(scope, "network-interfaces", {
    statement: [
      { actions, resources: ["*"] },
      {
        effect: "Deny",
        actions,
        resources: ["*"],
        condition: [{ test: "ArnEquals", variable: "lambda:SourceFunctionArn", values: [functionArn] }],
      },
    ],
  });
}
