// The account's trail: who called which API, and who read, wrote or deleted which of REDCap's files. One for the account,
// since each further one costs money for every management event (CloudTrail pricing) and a region has five at most.
import {
  AddTagsCommand,
  CloudTrailClient,
  CreateTrailCommand,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
  PutEventSelectorsCommand,
  StartLoggingCommand,
  type Trail,
  UpdateTrailCommand,
} from "@aws-sdk/client-cloudtrail";
import { accountNames, arn, partitionOf } from "../../config";
import { type Account, clientConfig } from "../aws";
import { bucketArn, privateBucket } from "./bucket";
import { findingOf, type Item, OWN_TAG, onceReady } from "./item";
import { keyArn, kmsKey } from "./key";
import type { Statement } from "./policy";
import { coverage, wantedSelectors } from "./trail-coverage";

export interface TrailSpec {
  /** Buckets whose objects' events are recorded. */
  filesBuckets: string[];
  /** Days that its files are kept. */
  retentionDays: number;
}

/** Days for which a deleted log file can be taken back. */
const OLD_VERSION_DAYS = 90;

/** The items of CloudTrail: key, bucket and trail, or only a check where somebody's trail records all of it already. */
export async function cloudTrail(account: Account, spec: TrailSpec): Promise<Item[]> {
  const own = (await describe(account)).find(({ Name }) => Name === accountNames(account).trail);
  // A trail of all regions is shown in each, and changed in its own.
  const home = own?.HomeRegion ? { ...account, region: own.HomeRegion } : account;
  const trail = trailItem(home, spec);
  if (!own && (await trail.inspect()).state === "existing") return [trail];
  const names = accountNames(home);
  const bucket = {
    purpose: "CloudTrail bucket",
    bucket: names.trailBucket,
    keyAlias: names.trailKeyAlias,
    noncurrentDays: OLD_VERSION_DAYS,
    expireDays: spec.retentionDays,
    statements: trailDelivers(home),
  };
  const key = { alias: names.trailKeyAlias, description: "CloudTrail's log files", statements: trailEncrypts(home) };
  return [kmsKey(home, key), privateBucket(home, bucket), trail];
}

/** @param account with the region that the trail is, or is to be, at home in */
export function trailItem(account: Account, { filesBuckets }: TrailSpec): Item {
  const client = new CloudTrailClient(clientConfig(account));
  const names = accountNames(account);
  const objects = filesBuckets.map((bucket) => `${bucketArn(account.region, bucket)}/`).sort();
  const settings = async (trail: Trail) => {
    const [status, selectors] = await Promise.all([
      client.send(new GetTrailStatusCommand({ Name: trail.TrailARN })),
      client.send(new GetEventSelectorsCommand({ TrailName: trail.TrailARN })),
    ]);
    return {
      logging: status.IsLogging === true,
      "all regions": trail.IsMultiRegionTrail === true,
      "file validation": trail.LogFileValidationEnabled === true,
      ...coverage(selectors, objects),
    };
  };

  return {
    name: `CloudTrail trail of account ${account.accountId}`,
    async inspect() {
      const trails = await describe(account);
      const own = trails.find(({ Name }) => Name === names.trail);
      if (own) {
        return findingOf({
          ...(await settings(own)),
          bucket: own.S3BucketName === names.trailBucket,
          encryption: own.KmsKeyId !== undefined && own.KmsKeyId === (await keyArn(account, names.trailKeyAlias)),
        });
      }
      const findings = await Promise.all(trails.map(async (trail) => findingOf(await settings(trail))));
      if (findings.some(({ state }) => state === "right")) return { state: "existing" };
      return { state: "missing" };
    },
    async apply() {
      const trail = {
        Name: names.trail,
        S3BucketName: names.trailBucket,
        KmsKeyId: await keyArn(account, names.trailKeyAlias),
        IsMultiRegionTrail: true,
        IncludeGlobalServiceEvents: true,
        EnableLogFileValidation: true,
      };
      const exists = (await describe(account)).some(({ Name }) => Name === names.trail);
      // CloudTrail tries the bucket and the key, which may be a moment old.
      await onceReady(
        (): Promise<unknown> =>
          exists ? client.send(new UpdateTrailCommand(trail)) : client.send(new CreateTrailCommand(trail)),
        "InsufficientS3BucketPolicyException",
        "InsufficientEncryptionPolicyException",
      );
      if (!exists) {
        const TagsList = [{ Key: OWN_TAG.key, Value: OWN_TAG.value }];
        await client.send(new AddTagsCommand({ ResourceId: trailArn(account), TagsList }));
      }
      await client.send(
        new PutEventSelectorsCommand({ TrailName: names.trail, AdvancedEventSelectors: wantedSelectors(objects) }),
      );
      await client.send(new StartLoggingCommand({ Name: names.trail }));
    },
  };
}

/** The account's own, and those of all regions and of the organization as they are seen here. */
const describe = async (account: Account): Promise<Trail[]> =>
  (await new CloudTrailClient(clientConfig(account)).send(new DescribeTrailsCommand({}))).trailList ?? [];

const trailArn = (account: Account): string => arn("cloudtrail", account, `trail/${accountNames(account).trail}`);

const SERVICE = { Service: "cloudtrail.amazonaws.com" };
const forTrail = (account: Account) => ({ "aws:SourceArn": trailArn(account) });

/** CloudTrail user guide, Amazon S3 bucket policy for CloudTrail. */
function trailDelivers(account: Account): Statement[] {
  const bucket = bucketArn(account.region, accountNames(account).trailBucket);
  return [
    {
      Sid: "TrailChecksBucket",
      Effect: "Allow",
      Principal: SERVICE,
      Action: "s3:GetBucketAcl",
      Resource: bucket,
      Condition: { StringEquals: forTrail(account) },
    },
    {
      Sid: "TrailDelivers",
      Effect: "Allow",
      Principal: SERVICE,
      Action: "s3:PutObject",
      Resource: `${bucket}/AWSLogs/${account.accountId}/*`,
      Condition: { StringEquals: { "s3:x-amz-acl": "bucket-owner-full-control", ...forTrail(account) } },
    },
  ];
}

/** CloudTrail user guide, KMS key policies. In a key policy, `*` means the key itself. */
function trailEncrypts(account: Account): Statement[] {
  const trails = `arn:${partitionOf(account.region)}:cloudtrail:*:${account.accountId}:trail/*`;
  return [
    {
      Sid: "TrailEncrypts",
      Effect: "Allow",
      Principal: SERVICE,
      Action: "kms:GenerateDataKey*",
      Resource: "*",
      Condition: {
        StringEquals: forTrail(account),
        StringLike: { "kms:EncryptionContext:aws:cloudtrail:arn": trails },
      },
    },
    {
      Sid: "TrailDescribesKey",
      Effect: "Allow",
      Principal: SERVICE,
      Action: "kms:DescribeKey",
      Resource: "*",
      Condition: { StringEquals: forTrail(account) },
    },
  ];
}
