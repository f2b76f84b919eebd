// The life of a stage as a person types it: deploy, deploy again, two people at the same time, destroy in two steps.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import {
  CreateDBClusterSnapshotCommand,
  DeleteDBClusterSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
  RDSClient,
} from "@aws-sdk/client-rds";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type DeploymentInput, findStage, stageNames, stateNames, validate } from "../../config";
import type { TerraformState } from "../../scripts/terraform";
import { type LocalAws, startLocalAws } from "../local-aws";
import { sampleInput } from "../stacks/synth";
import { runCommand, writeStages } from "./command";

const DEPLOYING = 400_000;
const QUICK = 120_000;

let aws: LocalAws;
let folder: string;
let stagesFile: string;
/** Of a deployment that finds nothing to change. */
let usualMs: number;
/** By the stage that was destroyed. */
let kept: { key: unknown; salt: Awaited<ReturnType<typeof salt>> };

/** The sample's dev stage with a backup of its own, so that there are two stacks. */
function config(change: Partial<DeploymentInput["stages"][number]> = {}): DeploymentInput {
  const input = sampleInput();
  const dev = input.stages.find(({ name }) => name === "dev");
  if (!dev) throw new Error("The sample has no stage dev.");
  const backup = {
    enabled: true,
    lock: { minRetentionDays: 1, maxRetentionDays: 30 },
    rules: [{ name: "daily", schedule: "cron(0 2 * * ? *)", deleteAfterDays: 7 }],
  } as const;
  return { ...input, stages: [{ ...dev, backup: { ...backup, rules: [...backup.rules] }, ...change }] };
}

const stage = () => findStage(validate(config()), "dev");
const client = () => ({
  region: stage().region,
  endpoint: aws.endpoint,
  credentials: aws.credentials(stage().accountId),
});

async function type(script: string, ...flags: string[]) {
  return runCommand(script, ["--stage", "dev", ...flags], { ...aws.environment(), REDCAP_STAGES_FILE: stagesFile });
}

async function stateOf(stack: string): Promise<TerraformState> {
  const { bucket, stateKey } = stateNames(stage());
  const s3 = new S3Client({ ...client(), forcePathStyle: true });
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: stateKey(stack) }));
  return JSON.parse((await Body?.transformToString()) ?? "{}") as TerraformState;
}

async function attributesOf(type: string, name: string): Promise<Record<string, unknown> | undefined> {
  const { resources } = await stateOf("app-dev");
  return resources.find((entry) => entry.type === type && entry.name === name)?.instances[0]?.attributes;
}

async function salt(): Promise<{ value: string | undefined; key: string | undefined }> {
  const secrets = new SecretsManagerClient(client());
  const SecretId = stageNames(stage()).saltSecret;
  const { SecretString: value } = await secrets.send(new GetSecretValueCommand({ SecretId }));
  return { value, key: (await secrets.send(new DescribeSecretCommand({ SecretId }))).KmsKeyId };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-stage-life-"));
  stagesFile = join(folder, "stages.ts");
  writeStages(stagesFile, config());
  const { service, accountId, region, profile = "" } = stage();
  const certificates = service.type === "fargate" && service.certificateArn ? [service.certificateArn] : [];
  aws = await startLocalAws({ accounts: [{ id: accountId, profile }], region, certificates });
}, QUICK);

afterAll(async () => {
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("before the first deployment", () => {
  test(
    "the missing state bucket is named with the command that makes it",
    async () => {
      const { code, output } = await type("deploy.ts", "--yes");
      expect({ code, output }).toEqual({
        code: 1,
        output: expect.stringContaining("npm run bootstrap -- --stage dev"),
      });
    },
    QUICK,
  );

  test(
    "nothing is applied where nobody can be asked, or only looked at",
    async () => {
      expect((await type("bootstrap.ts", "--yes")).code).toBe(0);
      const asked = await type("deploy.ts");
      expect(asked).toEqual({ code: 1, output: expect.stringContaining("add --yes to go on") });
      const looked = await type("deploy.ts", "--dry-run");
      expect(looked).toEqual({ code: 0, output: expect.stringContaining("Nothing was changed.") });
      expect(looked.output).toMatch(/app-dev: 0 to destroy, 0 to replace, 0 to change, \d{2,} to create/);
      const { DBClusters } = await new RDSClient(client()).send(new DescribeDBClustersCommand({}));
      expect(DBClusters).toEqual([]);
    },
    DEPLOYING,
  );
});

describe("deployed", () => {
  test(
    "by two people at the same time, once: the second one waits and finds nothing to do, or a plan that is stale",
    async () => {
      const both = await Promise.all([type("deploy.ts", "--yes"), type("deploy.ts", "--yes")]);
      expect(both.map(({ code }) => code)).toContain(0);
      for (const { code, output } of both) {
        // Not "already exists": that is what two unlocked runs would tell of each other's resources.
        if (code !== 0) expect(output).toMatch(/Saved plan is stale/);
      }
      expect((await stateOf("app-dev")).resources.length).toBeGreaterThan(100);
    },
    DEPLOYING,
  );

  test(
    "again, nothing is to change",
    async () => {
      const begun = Date.now();
      const { code, output } = await type("deploy.ts", "--yes");
      usualMs = Date.now() - begun;
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("app-dev: nothing to change.") });
      expect(output).toContain("backup-source-dev: nothing to change.");
    },
    DEPLOYING,
  );
});

describe("locked by somebody else's Terraform", () => {
  test(
    "a deployment waits for the end of it",
    async () => {
      const { bucket, stateKey, lockTable: TableName } = stateNames(stage());
      const dynamo = new DynamoDBClient(client());
      const LockID = { S: `${bucket}/${stateKey("app-dev")}` };
      const info = {
        ID: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        Operation: "OperationTypeApply",
        Who: "somebody@else",
      };
      await dynamo.send(new PutItemCommand({ TableName, Item: { LockID, Info: { S: JSON.stringify(info) } } }));
      let isOver = false;
      const deployed = type("deploy.ts", "--yes").finally(() => {
        isOver = true;
      });
      await sleep(1.5 * usualMs);
      expect(isOver).toBe(false);
      await dynamo.send(new DeleteItemCommand({ TableName, Key: { LockID } }));
      expect(await deployed).toEqual({ code: 0, output: expect.stringContaining("app-dev: nothing to change.") });
    },
    DEPLOYING,
  );
});

describe("destroyed", () => {
  test(
    "never while it is protected",
    async () => {
      writeStages(stagesFile, config({ protect: { enabled: true } }));
      const refused = await type("destroy.ts", "--confirm", "dev");
      writeStages(stagesFile, config());
      expect(refused).toEqual({ code: 1, output: expect.stringContaining("Stage dev is protected.") });
    },
    QUICK,
  );

  test(
    "never without its name",
    async () => {
      const unasked = await type("destroy.ts");
      expect(unasked).toEqual({ code: 1, output: expect.stringContaining("--confirm dev") });
      const other = await type("destroy.ts", "--confirm", "prod");
      expect(other).toEqual({ code: 1, output: expect.stringContaining('"prod" is not the stage\'s name') });
      expect((await stateOf("app-dev")).resources.length).toBeGreaterThan(100);
    },
    DEPLOYING,
  );

  test(
    "in part, where something stands in the way; a deployment makes a whole stage of it again",
    async () => {
      const rds = new RDSClient(client());
      const cluster = await attributesOf("aws_rds_cluster", "cluster");
      const taken = { DBClusterSnapshotIdentifier: String(cluster?.final_snapshot_identifier) };
      const { clusterIdentifier: DBClusterIdentifier } = stageNames(stage());
      await rds.send(new CreateDBClusterSnapshotCommand({ ...taken, DBClusterIdentifier }));
      const before = { key: await attributesOf("aws_kms_key", "database"), salt: await salt() };
      const failed = await type("destroy.ts", "--confirm", "dev");
      expect(failed).toEqual({
        code: 1,
        output: expect.stringContaining(
          "destroyed in part. To go on, give the same command again. To have it back: npm run deploy -- --stage dev",
        ),
      });
      expect(await attributesOf("aws_kms_key", "database")).toBeUndefined();
      const { code, output } = await type("deploy.ts", "--yes");
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("takes back aws_kms_key.database") });
      expect((await attributesOf("aws_kms_key", "database"))?.key_id).toBe(before.key?.key_id);
      expect(await salt()).toEqual(before.salt);
      expect((await attributesOf("aws_rds_cluster", "cluster"))?.cluster_resource_id).toBe(
        cluster?.cluster_resource_id,
      );
      await rds.send(new DeleteDBClusterSnapshotCommand(taken));
    },
    2 * DEPLOYING,
  );

  test(
    "to the last resource, but for a snapshot, its key, and the salt",
    async () => {
      const key = (await attributesOf("aws_kms_key", "database"))?.key_id;
      kept = { key, salt: await salt() };
      expect(kept.salt.value).toMatch(/"salt":"[0-9a-f]{64}"/);
      const { code, output } = await type("destroy.ts", "--confirm", "dev");
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("Stage dev is destroyed.") });
      expect(output).toContain("its logs at once, however long generalLogRetention would have kept them");
      expect(output).not.toMatch(/destroy aws_(kms_key\.database|secretsmanager_secret\.salt)$/m);
      expect(output).toContain("secretsmanager delete-secret --secret-id redcap-dev/salt --recovery-window-in-days 30");
      expect(output).toContain(`kms schedule-key-deletion --key-id ${key} `);
      for (const stack of ["app-dev", "backup-source-dev"]) {
        expect((await stateOf(stack)).resources.filter(({ mode }) => mode === "managed")).toEqual([]);
      }
      const rds = new RDSClient(client());
      expect((await rds.send(new DescribeDBClustersCommand({}))).DBClusters).toEqual([]);
      const { DBClusterSnapshots = [] } = await rds.send(new DescribeDBClusterSnapshotsCommand({}));
      expect(DBClusterSnapshots).toMatchObject([
        { DBClusterSnapshotIdentifier: expect.stringMatching(`^${stageNames(stage()).clusterIdentifier}-final-`) },
      ]);
      const { KeyMetadata } = await new KMSClient(client()).send(new DescribeKeyCommand({ KeyId: String(key) }));
      expect(KeyMetadata?.KeyState).toBe("Enabled");
      expect(await salt()).toEqual(kept.salt);
      expect(kept.salt.key).toContain(String(key));
    },
    DEPLOYING,
  );

  test(
    "and deployed again under the same names, with the key and the salt from before",
    async () => {
      const { code, output } = await type("deploy.ts", "--yes");
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("ecs_service = redcap-dev") });
      expect((await attributesOf("aws_kms_key", "database"))?.key_id).toBe(kept.key);
      expect(await salt()).toEqual(kept.salt);
      expect((await type("deploy.ts", "--yes")).output).toContain("app-dev: nothing to change.");
    },
    DEPLOYING,
  );
});
