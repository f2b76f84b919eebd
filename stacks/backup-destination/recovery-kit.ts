// The recovery kit: what AWS Backup cannot hold (REDCap's salt, the zip, which image runs, the configuration) of every
// stage, in a bucket where stages only ever add, and where nobody deletes before the lock is over.
import type { DataAwsIamPolicyDocumentStatement as Statement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { Construct } from "constructs";
import {
  type BackupDestinationConfig,
  dnsSuffix,
  keepsRecoveryKit,
  partitionOf,
  recoveryKitBucket,
  recoveryKitPrefix,
  roleArn,
  type StageConfig,
  stageNames,
} from "../../config";
import { deployerIsAdministrator, onlyAdministrators } from "../backup/administrators";
import { Bucket, onlyWithKey } from "../bucket";
import { Key } from "../key";
import { accountRoot, nobodyDeletes, ownerManages } from "../key-policy";

export interface RecoveryKitProps {
  backupDestination: BackupDestinationConfig;
  stages: StageConfig[];
}

/** As the function calls it (functions/recovery-kit/manifest.ts). */
const ZIP = "redcap.zip";
/** Days that a zip is kept after a newer one took its place and its lock is over. */
const GRACE_DAYS = 1;

export class RecoveryKit extends Construct {
  constructor(scope: Construct, id: string, { backupDestination, stages }: RecoveryKitProps) {
    super(scope, id);
    const { accountId, region, lock, recoveryKitDays, administratorArns } = backupDestination;
    const keeping = stages.filter((stage) => keepsRecoveryKit(stage, backupDestination));
    const name = recoveryKitBucket(backupDestination);
    const bucketArn = `arn:${partitionOf(region)}:s3:::${name}`;
    const { key } = new Key(this, "key", {
      logicalId: "recovery-kit",
      alias: "redcap-recovery-kit",
      description: `Objects in the bucket ${name}`,
      policy: [
        ownerManages(accountId, region),
        ...keeping.map((stage) => stageEncrypts(stage, bucketArn, region)),
        nobodyDeletes(),
        ...(administratorArns ? [onlyAdministrators(administratorArns, ["kms:PutKeyPolicy"])] : []),
      ],
      preventDestroy: true,
    });
    const { policy } = new Bucket(this, "bucket", {
      protect: true,
      logicalId: "recovery-kit",
      name,
      // Without a bucket key: that has the bucket as its encryption context, and one stage could not be told from another.
      encryption: { applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn } },
      retention: { mode: lock.mode === "compliance" ? "COMPLIANCE" : "GOVERNANCE", days: recoveryKitDays },
      // The zip's old versions alone, by its name: an intruder's salt must never become the oldest there is, and what else is
      // kept is small. S3 leaves locked versions alone (S3 user guide, Object Lock considerations).
      lifecycle: keeping.map((stage) => ({
        id: `${stage.name}-old-zips`,
        status: "Enabled",
        filter: [{ prefix: `${recoveryKitPrefix(stage)}${ZIP}` }],
        noncurrentVersionExpiration: [{ noncurrentDays: recoveryKitDays + GRACE_DAYS }],
      })),
      statements: (arn) => [
        ...onlyWithKey(arn, key),
        ...keeping.map((stage) => stagePuts(stage, arn)),
        nobodyDestroys(arn),
        ...(administratorArns
          ? [{ ...onlyAdministrators(administratorArns, PROTECTING_ACTIONS), resources: [arn] }]
          : []),
      ],
    });
    if (administratorArns) policy.lifecycle = { precondition: [deployerIsAdministrator(this, administratorArns)] };
  }
}

/**
 * The account is the principal and the role a condition: S3 and KMS refuse a policy that names a role which is not there
 * yet, and either account must be able to come first.
 */
const byItsFunction = (stage: StageConfig) => ({
  test: "ArnEquals",
  variable: "aws:PrincipalArn",
  values: [roleArn(stage, stageNames(stage).recoveryKit)],
});

const principalsOf = ({ accountId, region }: StageConfig) => [
  { type: "AWS", identifiers: [accountRoot(accountId, region)] },
];

/**
 * New versions below its own name, and nothing else: what a bucket's policy does not allow another account, that account
 * cannot do. Who takes the stage over can write as well; the versions from before stay, and the manifests name them.
 */
const stagePuts = (stage: StageConfig, bucketArn: string): Statement => ({
  sid: `${pascal(stage.name)}Puts`,
  principals: principalsOf(stage),
  actions: ["s3:PutObject"],
  resources: [`${bucketArn}/${recoveryKitPrefix(stage)}*`],
  condition: [
    byItsFunction(stage),
    // A key that comes with the request is nobody's but the writer's (SSE-C).
    { test: "Null", variable: "s3:x-amz-server-side-encryption-customer-algorithm", values: ["true"] },
  ],
});

/**
 * To encrypt in this bucket, below its own name, through S3 alone. Uploads in one request and copies up to 5 GB need no
 * more: only those in parts would need kms:Decrypt (S3 user guide, specifying server-side encryption with AWS KMS).
 */
const stageEncrypts = (stage: StageConfig, bucketArn: string, region: string): Statement => ({
  sid: `${pascal(stage.name)}Encrypts`,
  principals: principalsOf(stage),
  actions: ["kms:GenerateDataKey"],
  resources: ["*"],
  condition: [
    byItsFunction(stage),
    {
      test: "StringEquals",
      variable: "kms:ViaService",
      values: [`s3.${region}.${dnsSuffix({ region })}`],
    },
    {
      test: "StringLike",
      variable: "kms:EncryptionContext:aws:s3:arn",
      values: [`${bucketArn}/${recoveryKitPrefix(stage)}*`],
    },
  ],
});

/** Not by mistake, and in governance mode not by bypassing it. Lifecycle rules go on, whatever a policy says (S3 user guide). */
const nobodyDestroys = (bucketArn: string): Statement => ({
  sid: "NobodyDestroys",
  effect: "Deny",
  principals: [{ type: "*", identifiers: ["*"] }],
  actions: ["s3:BypassGovernanceRetention", "s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion"],
  resources: [bucketArn, `${bucketArn}/*`],
});

/** What only administrators change, where they are named. */
const PROTECTING_ACTIONS = [
  "s3:DeleteBucketPolicy",
  "s3:PutBucketObjectLockConfiguration",
  "s3:PutBucketPolicy",
  "s3:PutBucketPublicAccessBlock",
  "s3:PutEncryptionConfiguration",
  "s3:PutLifecycleConfiguration",
];

const pascal = (name: string): string => name.replace(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase());
