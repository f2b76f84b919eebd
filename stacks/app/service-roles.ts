// Two roles: ECS's, to start a task, and the task's own, which REDCap runs with.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Construct } from "constructs";
import { arn, type StageConfig, stageNames } from "../../config";
import { fromAccount, Role } from "../role";
import type { DatabaseUsers } from "./database-users";
import { type Files, useFiles } from "./files";
import type { FilesKey } from "./files-key";
import type { Mail } from "./mail";

export interface ServiceRolesProps {
  stage: StageConfig;
  image: string;
  databaseUsers: DatabaseUsers;
  /** Key of its secrets. */
  secretKey: KmsKey;
  files: Files;
  filesKey: FilesKey;
  mail: Mail | undefined;
  logs: CloudwatchLogGroup;
}

export class ServiceRoles extends Construct {
  readonly execution: Role;
  readonly task: Role;
  /** What REDCap itself may do, wherever it runs. */
  readonly ofRedcap: Record<string, DataAwsIamPolicyDocument>;
  /** Undefined where the image is public. */
  readonly pullImage: DataAwsIamPolicyDocument | undefined;

  constructor(scope: Construct, id: string, props: ServiceRolesProps) {
    super(scope, id);
    const { stage, image, databaseUsers, secretKey, files, filesKey, mail, logs } = props;
    const { applicationSecret, ddlSecret, saltSecret } = databaseUsers;
    const { prefix } = stageNames(stage);
    const common = {
      iam: stage.iam,
      assumedBy: "ecs-tasks.amazonaws.com",
      assumeConditions: [
        fromAccount(stage.accountId),
        { test: "ArnLike", variable: "aws:SourceArn", values: [arn("ecs", stage, "*")] },
      ],
    };
    const pull = pullImage(this, image);
    this.pullImage = pull;
    this.ofRedcap = {
      "read-secrets": readSecrets(
        this,
        "task-secrets",
        stage,
        [applicationSecret, saltSecret, filesKey.secret],
        secretKey,
      ),
      "use-files": useFiles(this, stage, files),
      ...(mail
        ? {
            "read-mail-secret": readSecrets(
              this,
              "mail-secret",
              stage,
              [{ arn: mail.secretArn }],
              mail.secretKeyArn ? { arn: mail.secretKeyArn } : undefined,
            ),
          }
        : {}),
    };
    this.execution = new Role(this, "execution", {
      ...common,
      name: `${prefix}-execution`,
      description: "Starts REDCap's tasks",
      policies: {
        "write-logs": writeLogs(this, logs),
        // What the container `prepare` is started with. The DDL user's secret is for ECS alone.
        "read-secrets": readSecrets(this, "execution-secrets", stage, [ddlSecret, saltSecret], secretKey),
        ...(pull ? { "pull-image": pull } : {}),
      },
    });
    this.task = new Role(this, "task", {
      ...common,
      name: `${prefix}-task`,
      description: "What REDCap itself may do",
      policies: this.ofRedcap,
    });
  }
}

export function writeLogs(scope: Construct, group: CloudwatchLogGroup): DataAwsIamPolicyDocument {
  return new DataAwsIamPolicyDocument(scope, "write-logs", {
    statement: [{ actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [`${group.arn}:*`] }],
  });
}

/** These secrets and no other; their key, if it is a customer's, only through Secrets Manager. */
export function readSecrets(
  scope: Construct,
  id: string,
  stage: StageConfig,
  secrets: { arn: string }[],
  key: { arn: string } | undefined,
) {
  const decrypt = key && {
    actions: ["kms:Decrypt"],
    resources: [key.arn],
    condition: [
      {
        test: "StringEquals",
        variable: "kms:ViaService",
        values: [`secretsmanager.${stage.region}.amazonaws.com`],
      },
    ],
  };
  return new DataAwsIamPolicyDocument(scope, id, {
    statement: [
      { actions: ["secretsmanager:GetSecretValue"], resources: secrets.map((secret) => secret.arn) },
      ...(decrypt ? [decrypt] : []),
    ],
  });
}

/** `<account>.dkr.ecr.<region>.amazonaws.com/<repository>`, before tag or digest. */
const ECR_IMAGE =
  /^(?<accountId>\d{12})\.dkr\.ecr\.(?<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?\/(?<repository>[^:@]+)/;

/**
 * One repository. An image that is not in ECR is public and needs no right.
 * @param others actions on the repository beside those that fetch the image
 */
export function pullImage(
  scope: Construct,
  image: string,
  others: string[] = [],
): DataAwsIamPolicyDocument | undefined {
  const { accountId, region, repository } = ECR_IMAGE.exec(image)?.groups ?? {};
  if (!accountId || !region || !repository) return undefined;
  return new DataAwsIamPolicyDocument(scope, "pull-image", {
    statement: [
      {
        actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", ...others],
        resources: [arn("ecr", { accountId, region }, `repository/${repository}`)],
      },
      // Logs in to the registry; the action knows no resources (service authorization reference, ECR).
      { actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
    ],
  });
}
