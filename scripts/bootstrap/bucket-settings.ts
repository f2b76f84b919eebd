// The settings of a private bucket: each knows whether it is right and how to put it right.
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  type LifecycleRule,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { Account } from "../aws";
import { type BucketSpec, bucketArn } from "./bucket";
import { orNone } from "./item";
import { keyArn } from "./key";
import { type Statement, samePolicy, withStatements } from "./policy";

export interface Setting {
  what: string;
  isRight(): Promise<boolean>;
  put(): Promise<unknown>;
}

const PRIVATE = {
  BlockPublicAcls: true,
  BlockPublicPolicy: true,
  IgnorePublicAcls: true,
  RestrictPublicBuckets: true,
};

/** Days after which the parts of an upload that never ended are removed. */
const ABANDONED_UPLOAD_DAYS = 7;

export function bucketSettings(s3: S3Client, account: Account, spec: BucketSpec): Setting[] {
  // Whoever took over the name meanwhile gets nothing.
  const target = { Bucket: spec.bucket, ExpectedBucketOwner: account.accountId };
  return [
    publicAccess(s3, target),
    {
      what: "object ownership",
      async isRight() {
        const found = await orNone(
          s3.send(new GetBucketOwnershipControlsCommand(target)),
          "OwnershipControlsNotFoundError",
        );
        return found?.OwnershipControls?.Rules?.[0]?.ObjectOwnership === "BucketOwnerEnforced";
      },
      put: () =>
        s3.send(
          new PutBucketOwnershipControlsCommand({
            ...target,
            OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
          }),
        ),
    },
    {
      what: "versioning",
      isRight: async () => (await s3.send(new GetBucketVersioningCommand(target))).Status === "Enabled",
      put: () => s3.send(new PutBucketVersioningCommand({ ...target, VersioningConfiguration: { Status: "Enabled" } })),
    },
    encryption(s3, target, account, spec.keyAlias),
    lifecycle(s3, target, spec),
    policy(s3, target, [onlyOverTls(bucketArn(account.region, spec.bucket)), ...(spec.statements ?? [])]),
  ];
}

interface Target {
  Bucket: string;
  ExpectedBucketOwner: string;
}

function publicAccess(s3: S3Client, target: Target): Setting {
  return {
    what: "public access block",
    async isRight() {
      const found = await orNone(
        s3.send(new GetPublicAccessBlockCommand(target)),
        "NoSuchPublicAccessBlockConfiguration",
      );
      const block = found?.PublicAccessBlockConfiguration;
      return block !== undefined && Object.keys(PRIVATE).every((key) => block[key as keyof typeof PRIVATE] === true);
    },
    put: () => s3.send(new PutPublicAccessBlockCommand({ ...target, PublicAccessBlockConfiguration: PRIVATE })),
  };
}

function encryption(s3: S3Client, target: Target, account: Account, keyAlias: string): Setting {
  return {
    what: "encryption",
    async isRight() {
      const [found, key] = await Promise.all([
        orNone(s3.send(new GetBucketEncryptionCommand(target)), "ServerSideEncryptionConfigurationNotFoundError"),
        keyArn(account, keyAlias),
      ]);
      const rule = found?.ServerSideEncryptionConfiguration?.Rules?.[0];
      const byDefault = rule?.ApplyServerSideEncryptionByDefault;
      return (
        key !== undefined &&
        byDefault?.SSEAlgorithm === "aws:kms" &&
        byDefault.KMSMasterKeyID === key &&
        rule?.BucketKeyEnabled === true
      );
    },
    put: async () =>
      s3.send(
        new PutBucketEncryptionCommand({
          ...target,
          ServerSideEncryptionConfiguration: {
            Rules: [
              {
                ApplyServerSideEncryptionByDefault: {
                  SSEAlgorithm: "aws:kms",
                  KMSMasterKeyID: await keyArn(account, keyAlias),
                },
                // One call to KMS for many objects instead of one each.
                BucketKeyEnabled: true,
              },
            ],
          },
        }),
      ),
  };
}

function lifecycle(s3: S3Client, target: Target, { noncurrentDays, expireDays, shortLived }: BucketSpec): Setting {
  const own: LifecycleRule[] = [
    {
      ID: "noncurrent-versions",
      Status: "Enabled",
      Filter: { Prefix: "" },
      ...(expireDays ? { Expiration: { Days: expireDays } } : {}),
      NoncurrentVersionExpiration: { NoncurrentDays: noncurrentDays },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: ABANDONED_UPLOAD_DAYS },
    },
    // Where two rules apply, S3 takes the earlier end.
    ...(shortLived
      ? [
          {
            ID: "short-lived",
            Status: "Enabled" as const,
            Filter: { Prefix: shortLived.prefix },
            Expiration: { Days: shortLived.days },
            NoncurrentVersionExpiration: { NoncurrentDays: 1 },
          },
        ]
      : []),
  ];
  const current = async () =>
    (await orNone(s3.send(new GetBucketLifecycleConfigurationCommand(target)), "NoSuchLifecycleConfiguration"))
      ?.Rules ?? [];
  const sameRule = (found: LifecycleRule | undefined, rule: LifecycleRule) =>
    found?.Status === rule.Status &&
    (found?.Filter?.Prefix ?? "") === rule.Filter?.Prefix &&
    found?.Expiration?.Days === rule.Expiration?.Days &&
    found?.NoncurrentVersionExpiration?.NoncurrentDays === rule.NoncurrentVersionExpiration?.NoncurrentDays &&
    found?.AbortIncompleteMultipartUpload?.DaysAfterInitiation ===
      rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
  return {
    what: "lifecycle",
    async isRight() {
      const rules = await current();
      return own.every((rule) =>
        sameRule(
          rules.find(({ ID }) => ID === rule.ID),
          rule,
        ),
      );
    },
    async put() {
      const others = (await current()).filter(({ ID }) => !own.some((rule) => rule.ID === ID));
      return s3.send(
        new PutBucketLifecycleConfigurationCommand({
          ...target,
          LifecycleConfiguration: { Rules: [...others, ...own] },
        }),
      );
    },
  };
}

function policy(s3: S3Client, target: Target, own: Statement[]): Setting {
  const current = async () => (await orNone(s3.send(new GetBucketPolicyCommand(target)), "NoSuchBucketPolicy"))?.Policy;
  return {
    what: "bucket policy",
    async isRight() {
      const found = await current();
      return samePolicy(found, withStatements(found, own));
    },
    put: async () => s3.send(new PutBucketPolicyCommand({ ...target, Policy: withStatements(await current(), own) })),
  };
}

/** State holds secrets: never over plain HTTP, whoever asks. */
function onlyOverTls(arn: string): Statement {
  return {
    Sid: "OnlyOverTls",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [arn, `${arn}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
}
