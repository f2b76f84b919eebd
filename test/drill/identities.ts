// What tells a resource from another one that was made in its place: names, ARNs and ids of Terraform may be the same,
// the identities here are not.
import { BackupClient, DescribeBackupVaultCommand, ListRestoreJobsCommand } from "@aws-sdk/client-backup";
import { DescribeDBClustersCommand, RDSClient } from "@aws-sdk/client-rds";
import { paginateListBuckets, S3Client } from "@aws-sdk/client-s3";
import { isStateful } from "../../config";
import { type Account, clientConfig } from "../../scripts/aws";
import type { TerraformState } from "../../scripts/terraform";

/** Identities by stack, address and place in a list. */
export type Identities = Record<string, string>;

/** When a bucket or vault was created: nothing else about it is different after it was made anew. */
export type CreationDates = (type: "aws_backup_vault" | "aws_s3_bucket", name: string) => Promise<Date | undefined>;

/**
 * Identities of everything stateful in a stack's state.
 * @throws Error for a stateful type of which no identity is known here, or a resource that is only in the state
 */
export async function identitiesOf(
  stack: string,
  state: TerraformState | undefined,
  createdAt: CreationDates,
): Promise<Identities> {
  const identities: Identities = {};
  for (const { mode, module = "", type, name, instances } of state?.resources ?? []) {
    if (mode !== "managed" || !isStateful(type, name)) continue;
    for (const [index, { attributes }] of instances.entries()) {
      const address = `${stack} ${module}${type}.${name}[${index}]`;
      const identity = await identityOf(type, attributes, createdAt);
      if (typeof identity !== "string" || !identity) throw new Error(`${address} has no identity.`);
      identities[address] = identity;
    }
  }
  return identities;
}

async function identityOf(type: string, attributes: Record<string, unknown>, createdAt: CreationDates) {
  switch (type) {
    case "aws_kms_key":
      return attributes.key_id;
    case "aws_route53_zone":
      return attributes.zone_id;
    case "aws_rds_cluster":
      return attributes.cluster_resource_id;
    case "aws_secretsmanager_secret":
      return attributes.arn; // ends with six random characters
    case "aws_s3_bucket":
    case "aws_backup_vault":
      return (await createdAt(type, String(attributes.id)))?.toISOString();
    default:
      return undefined;
  }
}

/**
 * How many of the resources are gone, or are others now.
 * @param restored identities that the restore itself was to change, as they should be now
 */
export function countDestroyed(before: Identities, after: Identities, restored: Identities): number {
  return Object.entries({ ...before, ...restored }).filter(([address, identity]) => after[address] !== identity).length;
}

/** Asks the account. */
export const creationDatesIn =
  (account: Account): CreationDates =>
  async (type, name) => {
    const config = clientConfig(account);
    if (type === "aws_backup_vault") {
      const vault = new DescribeBackupVaultCommand({ BackupVaultName: name });
      return (await new BackupClient(config).send(vault)).CreationDate;
    }
    for await (const { Buckets } of paginateListBuckets({ client: new S3Client(config) }, {})) {
      const found = Buckets?.find(({ Name }) => Name === name);
      if (found) return found.CreationDate;
    }
    return undefined;
  };

/**
 * Resource id of the cluster that AWS Backup made last: the one created while its restore job ran. One that something
 * else created afterwards under the same name is not.
 */
export async function restoredClusterId(account: Account): Promise<string> {
  const config = clientConfig(account);
  const { RestoreJobs = [] } = await new BackupClient(config).send(
    new ListRestoreJobsCommand({ ByStatus: "COMPLETED", ByResourceType: "Aurora" }),
  );
  const job = RestoreJobs.sort((a, b) => Number(b.CreationDate) - Number(a.CreationDate))[0];
  const { DBClusters = [] } = await new RDSClient(config).send(new DescribeDBClustersCommand({}));
  const made = DBClusters.filter(
    ({ ClusterCreateTime: time }) =>
      job?.CreationDate && job.CompletionDate && time && time >= job.CreationDate && time <= job.CompletionDate,
  );
  if (made.length !== 1) throw new Error(`${made.length} clusters were created by the last restore job, not one.`);
  return made[0]?.DbClusterResourceId as string;
}
