// REDCap's secrets (two database users', the salt), and the function in the VPC that writes and rotates them
// and sets the users up.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import type { LambdaFunction, LambdaFunctionVpcConfig } from "@cdktf/provider-aws/lib/lambda-function";
import { LambdaInvocation } from "@cdktf/provider-aws/lib/lambda-invocation";
import type { RdsCluster } from "@cdktf/provider-aws/lib/rds-cluster";
import type { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { type StageConfig, stageNames } from "../../config";
import { Role } from "../role";
import type { Database } from "./database";
import { networkInterfaces, readMasterSecrets, writeSecrets } from "./database-users-policies";
import type { EncryptionKeys } from "./encryption-keys";
import { decryptSecrets, writeFunctionLogs } from "./function-policies";
import { lambdaBundle } from "./lambda-bundle";
import { logGroup } from "./log-group";
import type { Network } from "./network";
import { nodeFunction } from "./node-function";
import { emptySecret } from "./secret";
import { rotateSecrets } from "./secret-rotation";
import { allowHttpsOut, connect, securityGroup } from "./security-group";

/** Lambda's longest: counting a large database takes minutes. */
const TIMEOUT_SECONDS = 900;
const MEMORY_MIB = 512;

export interface DatabaseUsersProps {
  stage: StageConfig;
  network: Network;
  keys: EncryptionKeys;
  database: Database;
}

export class DatabaseUsers extends Construct {
  readonly function: LambdaFunction;
  /** REDCap's own user. JSON with engine, username, password, host, port, dbname, dbClusterIdentifier, masterarn. */
  readonly applicationSecret: SecretsmanagerSecret;
  /** The user that installs and upgrades REDCap; same JSON. */
  readonly ddlSecret: SecretsmanagerSecret;
  /** What REDCap hashes with: JSON with salt, written once. Another salt would make its old hashes worthless. */
  readonly saltSecret: SecretsmanagerSecret;
  /** Done when users and secrets are ready. */
  readonly invocation: LambdaInvocation;

  constructor(scope: Construct, id: string, { stage, network, keys, database }: DatabaseUsersProps) {
    super(scope, id);
    const names = stageNames(stage);
    const secret = (secretId: string, name: string, description: string, unique = false) =>
      emptySecret(this, secretId, { stage, key: keys.database, name, description, unique });
    this.applicationSecret = secret("application", names.applicationSecret, "Database user");
    this.ddlSecret = secret("ddl", names.ddlSecret, "Database user for installation and upgrades");
    this.saltSecret = secret("salt", names.saltSecret, "Salt", true);
    const logs = logGroup(this, "logs", {
      stage,
      name: `/aws/lambda/${names.databaseUsersFunction}`,
      key: keys.logs,
    });
    const role = this.role(stage, keys.database, logs);
    const group = securityGroup(this, "security-group", {
      name: names.databaseUsersFunction,
      vpcId: network.vpcId,
      description: "Function that creates and checks database users",
    });
    const rules = [
      allowHttpsOut(this, "to-secrets-manager", group),
      ...connect(this, "to-database", {
        from: group,
        to: database.securityGroup,
        port: database.cluster.port,
        description: "Database users function to Aurora",
      }),
    ];
    this.function = this.createFunction(stage, database.cluster, role, logs, {
      subnetIds: network.privateSubnetIds,
      securityGroupIds: [group.id],
    });
    // A cluster answers only once it has an instance.
    this.invocation = this.invoke(stage, database, [database.writer, ...rules, ...network.ways]);
    rotateSecrets(this, {
      stage,
      function: this.function,
      secrets: { "application-rotation": this.applicationSecret, "ddl-rotation": this.ddlSecret },
      days: stage.db.passwordRotationDays,
      firstValues: this.invocation,
    });
  }

  private role(stage: StageConfig, databaseKey: KmsKey, logs: CloudwatchLogGroup): Role {
    const names = stageNames(stage);
    return new Role(this, "role", {
      iam: stage.iam,
      name: names.databaseUsersFunction,
      description: "Creates, checks and rotates the database users",
      assumedBy: "lambda.amazonaws.com",
      policies: {
        "master-secrets": readMasterSecrets(this, stage),
        "own-secrets": writeSecrets(this, [this.applicationSecret, this.ddlSecret], this.saltSecret),
        "database-key": decryptSecrets(this, stage, databaseKey),
        "network-interfaces": networkInterfaces(this, stage),
        logs: writeFunctionLogs(this, logs),
      },
    });
  }

  private createFunction(
    stage: StageConfig,
    cluster: RdsCluster,
    role: Role,
    logs: CloudwatchLogGroup,
    vpcConfig: LambdaFunctionVpcConfig,
  ): LambdaFunction {
    const names = stageNames(stage);
    return nodeFunction(this, {
      source: "database-users",
      functionName: names.databaseUsersFunction,
      description: "Creates, resets, checks and rotates REDCap's database users",
      role,
      logs,
      timeout: TIMEOUT_SECONDS,
      memorySize: MEMORY_MIB,
      vpcConfig,
      variables: {
        APPLICATION_SECRET_ARN: this.applicationSecret.arn,
        DDL_SECRET_ARN: this.ddlSecret.arn,
        SALT_SECRET_ARN: this.saltSecret.arn,
        DATABASE_NAME: names.databaseName,
        // What follows the endpoint's first dot. Clusters restored beside this one have it, too.
        DATABASE_DOMAIN: Fn.replace(cluster.endpoint, "/^[^.]*[.]/", ""),
        // Where Lambda keeps Amazon's CAs, RDS's among them; Node.js 20 and later load them only if told to.
        NODE_EXTRA_CA_CERTS: "/var/runtime/ca-cert.pem",
      },
    });
  }

  /** Runs again when code, cluster or secrets are others than last time: the input names them, and holds no secret. */
  private invoke(stage: StageConfig, { cluster }: Database, dependsOn: ITerraformDependable[]): LambdaInvocation {
    return new LambdaInvocation(this, "invocation", {
      functionName: this.function.functionName,
      input: Fn.jsonencode({
        action: "ensure",
        cluster: {
          identifier: stageNames(stage).clusterIdentifier,
          host: cluster.endpoint,
          port: cluster.port,
          masterSecretArn: cluster.masterUserSecret.get(0).secretArn,
        },
      }),
      triggers: {
        code: lambdaBundle("database-users").codeHash,
        applicationSecret: this.applicationSecret.arn,
        ddlSecret: this.ddlSecret.arn,
        saltSecret: this.saltSecret.arn,
      },
      dependsOn,
    });
  }
}
