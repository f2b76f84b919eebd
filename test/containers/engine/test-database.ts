// What the image needs around it, on this machine: an Aurora cluster with REDCap's users, their secrets, the files bucket.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateDBClusterCommand,
  CreateDBInstanceCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  RDSClient,
} from "@aws-sdk/client-rds";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type Connection, createConnection } from "mysql2/promise";
import {
  APPLICATION_USER,
  type DatabaseUser,
  DDL_USER,
  grantStatements,
  passwordStatements,
} from "../../../functions/database-users/users";
import { type LocalAws, startLocalAws } from "../../local-aws";
import { until } from "../../local-aws/host/processes";
import { taskCredentials } from "./task-credentials";

const ACCOUNT = "111111111111";
const REGION = "eu-west-2";
const DATABASE = "redcap";
const MASTER = { user: "admin", password: "master-of-the-test" };
export const FILES_BUCKET = "redcap-test-files";

type UserName = "redcap" | "redcap_ddl";

export interface TestDatabase {
  aws: LocalAws;
  /** For a container: all that `serve` needs, with the DDL secret, as a container that does everything by itself. */
  environment: Record<string, string>;
  /** For a container: the authority of the local databases in the place of Amazon's. */
  mounts: { source: string; target: string }[];
  secretArns: { application: string; ddl: string; salt: string; files: string };
  /** The user who may change the others. */
  master: { username: string; password: string };
  clusterIdentifier: string;
  host: string;
  port: number;
  /** As the master user, in no database. */
  connection: Connection;
  /** Drops REDCap's database and creates it again, empty, with the users' rights: as before the first installation. */
  reset(): Promise<void>;
  /** A rotation: the database takes the new password, then the secret holds it. @returns the password */
  rotatePassword(user: UserName, password?: string): Promise<string>;
  /** A new access key of the files' IAM user, in its secret. @returns its id */
  rotateFilesKey(): Promise<string>;
  putSecret(arn: string, value: object): Promise<void>;
  /** Creates a secret. @returns its ARN */
  createSecret(name: string, value: object): Promise<string>;
  /** Client settings for AWS's SDK. */
  client: { region: string; endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  stop(): Promise<void>;
}

export async function testDatabase(): Promise<TestDatabase> {
  const aws = await startLocalAws({ accounts: [{ id: ACCOUNT, profile: "redcap" }], region: REGION });
  try {
    return await prepare(aws);
  } catch (error) {
    await aws.stop();
    throw error;
  }
}

async function prepare(aws: LocalAws): Promise<TestDatabase> {
  const credentials = aws.credentials(ACCOUNT);
  const client = { region: REGION, endpoint: aws.endpoint, credentials };
  const clusterIdentifier = "redcap-test";
  const { host, port } = await createCluster(new RDSClient(client), clusterIdentifier);
  const connection = await createConnection({ host, port, ...MASTER, ssl: { ca: readFileSync(aws.caFile, "utf8") } });

  const secrets = new SecretsManagerClient(client);
  const createSecret = async (Name: string, value: object) => {
    const { ARN } = await secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }));
    return ARN as string;
  };
  const putSecret = async (SecretId: string, value: object) => {
    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(value) }));
  };

  const setPassword = async ({ name }: DatabaseUser, password: string) => {
    const user = name === APPLICATION_USER.name ? APPLICATION_USER : DDL_USER;
    for (const statement of passwordStatements(user)) await connection.query(statement, [password]);
  };
  const databaseSecret = ({ name }: DatabaseUser, password: string) => ({
    engine: "mysql",
    username: name,
    password,
    host,
    port,
    dbname: DATABASE,
    dbClusterIdentifier: clusterIdentifier,
  });
  const reset = async () => {
    await connection.query(`DROP DATABASE IF EXISTS \`${DATABASE}\``);
    await connection.query(`CREATE DATABASE \`${DATABASE}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
    for (const user of [APPLICATION_USER, DDL_USER])
      for (const statement of grantStatements(user, DATABASE, [])) await connection.query(statement);
  };

  const passwords = { application: newPassword(), ddl: newPassword() };
  await setPassword(APPLICATION_USER, passwords.application);
  await setPassword(DDL_USER, passwords.ddl);
  await reset();
  const files = await filesUser(client);
  const role = await taskCredentials(client, await taskRole(client));
  const secretArns = {
    application: await createSecret("redcap/application", databaseSecret(APPLICATION_USER, passwords.application)),
    ddl: await createSecret("redcap/ddl", databaseSecret(DDL_USER, passwords.ddl)),
    salt: await createSecret("redcap/salt", { salt: randomBytes(32).toString("hex") }),
    files: await createSecret("redcap/files", await files.newKey()),
  };

  return {
    aws,
    client,
    environment: {
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: aws.endpoint,
      ...role.environment,
      DATABASE_SECRET_ARN: secretArns.application,
      DDL_SECRET_ARN: secretArns.ddl,
      SALT_SECRET_ARN: secretArns.salt,
      FILES_SECRET_ARN: secretArns.files,
      FILES_BUCKET,
      READER_HOST: `${host}:${port}`,
    },
    mounts: [{ source: aws.caFile, target: "/etc/redcap/rds-ca.pem" }],
    secretArns,
    master: { username: MASTER.user, password: MASTER.password },
    clusterIdentifier,
    host,
    port,
    connection,
    reset,
    putSecret,
    createSecret,
    rotatePassword: async (name, password = newPassword()) => {
      const [user, arn] =
        name === "redcap"
          ? ([APPLICATION_USER, secretArns.application] as const)
          : ([DDL_USER, secretArns.ddl] as const);
      await setPassword(user, password);
      await putSecret(arn, databaseSecret(user, password));
      return password;
    },
    rotateFilesKey: async () => {
      const key = await files.newKey();
      await putSecret(secretArns.files, key);
      return key.accessKeyId;
    },
    stop: async () => {
      connection.destroy();
      await role.stop();
      await aws.stop();
    },
  };
}

/** As Secrets Manager makes them for this project: letters and digits. */
const newPassword = () => randomBytes(20).toString("hex");

async function createCluster(rds: RDSClient, identifier: string): Promise<{ host: string; port: number }> {
  await rds.send(
    new CreateDBClusterCommand({
      DBClusterIdentifier: identifier,
      Engine: "aurora-mysql",
      MasterUsername: MASTER.user,
      MasterUserPassword: MASTER.password,
      ServerlessV2ScalingConfiguration: { MinCapacity: 0.5, MaxCapacity: 2 },
    }),
  );
  const { host, port } = await until(`The cluster ${identifier}`, 60, async () => {
    const { DBClusters = [] } = await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: identifier }));
    const cluster = DBClusters[0];
    if (cluster?.Status === "failed") throw new Error("The database did not start: see overlay.log of the local AWS.");
    return cluster?.Status === "available"
      ? { host: cluster.Endpoint as string, port: cluster.Port as number }
      : undefined;
  });
  await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: `${identifier}-1`,
      DBClusterIdentifier: identifier,
      DBInstanceClass: "db.serverless",
      Engine: "aurora-mysql",
    }),
  );
  // The endpoint answers once there is an instance.
  await until(`The instance of ${identifier}`, 60, async () => {
    const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand({}));
    return DBInstances[0]?.DBInstanceStatus === "available" || undefined;
  });
  return { host, port };
}

/** What stacks/app gives the task role, as far as the image uses it. @returns its ARN */
async function taskRole(client: TestDatabase["client"]): Promise<string> {
  const RoleName = "redcap-task";
  const iam = new IAMClient(client);
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: "{}" }));
  const Statement = [
    { Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: ["*"] },
    { Effect: "Allow", Action: ["s3:ListBucket"], Resource: [`arn:aws:s3:::${FILES_BUCKET}`] },
  ];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "task", PolicyDocument }));
  return Role?.Arn as string;
}

/** The IAM user whose keys REDCap needs for S3, and the bucket. */
async function filesUser(client: TestDatabase["client"]) {
  await new S3Client({ ...client, forcePathStyle: true }).send(
    new CreateBucketCommand({ Bucket: FILES_BUCKET, CreateBucketConfiguration: { LocationConstraint: REGION } }),
  );
  const iam = new IAMClient(client);
  const UserName = "redcap-files";
  await iam.send(new CreateUserCommand({ UserName }));
  const Action = ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
  const Resource = [`arn:aws:s3:::${FILES_BUCKET}`, `arn:aws:s3:::${FILES_BUCKET}/*`];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource }] });
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "files", PolicyDocument }));
  return {
    newKey: async () => {
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
      return { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" };
    },
  };
}
