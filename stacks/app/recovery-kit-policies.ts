// What the function of the recovery kit may do, one permission set each.
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { SsmParameter } from "@cdktf/provider-aws/lib/ssm-parameter";
import type { Construct } from "constructs";
import {
  type BackupDestinationConfig,
  dnsSuffix,
  partitionOf,
  recoveryKitBucket,
  recoveryKitPrefix,
} from "../../config";
import { keysOf } from "../backup/role";
import type { DatabaseUsers } from "./database-users";
import type { EncryptionKeys } from "./encryption-keys";
import type { Image } from "./image";
import { decryptSources } from "./image-policies";
import type { RecoveryKitProps } from "./recovery-kit";

interface Salt {
  keys: EncryptionKeys;
  databaseUsers: DatabaseUsers;
}

export function readSalt(scope: Construct, { region }: { region: string }, { keys, databaseUsers }: Salt) {
  return new DataAwsIamPolicyDocument(scope, "read-salt", {
    statement: [
      { actions: ["secretsmanager:GetSecretValue"], resources: [databaseUsers.saltSecret.arn] },
      {
        actions: ["kms:Decrypt"],
        resources: [keys.database.arn],
        condition: [
          { test: "StringEquals", variable: "kms:ViaService", values: [`secretsmanager.${region}.amazonaws.com`] },
        ],
      },
    ],
  });
}

/** The zip, and which image was built of it; the image itself stays where it is. */
export function readImage(scope: Construct, stage: RecoveryKitProps["stage"], { zip, key, repository }: Image) {
  return new DataAwsIamPolicyDocument(scope, "read-image", {
    statement: [
      { actions: ["ecr:DescribeImages"], resources: [repository.arn] },
      { actions: ["s3:GetObject", "s3:GetObjectVersion"], resources: [zip.objectArn] },
      ...decryptSources({ stage, key, zip }),
    ],
  });
}

/** What it kept when. */
export function useMemory(scope: Construct, parameter: SsmParameter) {
  return new DataAwsIamPolicyDocument(scope, "use-memory", {
    statement: [{ actions: ["ssm:GetParameter", "ssm:PutParameter"], resources: [parameter.arn] }],
  });
}

/**
 * Into the kit, below the stage's name: that bucket of that account, with a key of that account, whose id nobody knows
 * before it is deployed. Bucket and key have policies of their own, which say the same.
 */
export function addToKit(scope: Construct, stage: RecoveryKitProps["stage"], destination: BackupDestinationConfig) {
  const objects = `arn:${partitionOf(destination.region)}:s3:::${recoveryKitBucket(destination)}/${recoveryKitPrefix(stage)}*`;
  return new DataAwsIamPolicyDocument(scope, "add-to-kit", {
    statement: [
      {
        actions: ["s3:PutObject"],
        resources: [objects],
        condition: [{ test: "StringEquals", variable: "s3:ResourceAccount", values: [destination.accountId] }],
      },
      {
        actions: ["kms:GenerateDataKey"],
        resources: [keysOf(destination.accountId, destination.region)],
        condition: [
          {
            test: "StringEquals",
            variable: "kms:ViaService",
            values: [`s3.${destination.region}.${dnsSuffix(destination)}`],
          },
          { test: "StringLike", variable: "kms:EncryptionContext:aws:s3:arn", values: [objects] },
        ],
      },
    ],
  });
}
