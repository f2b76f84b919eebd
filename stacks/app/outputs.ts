// What people and scripts ask a deployed stage for. None of it is secret.
import { Fn, TerraformOutput, type TerraformStack } from "cdktf";
import type { StageConfig } from "../../config";
import type { AppRunnerDomain } from "./app-runner-domain";
import type { AppRunnerService } from "./app-runner-service";
import type { Database } from "./database";
import type { DatabaseUsers } from "./database-users";
import type { Domain } from "./domain";
import type { FargateService } from "./fargate-service";
import type { Files } from "./files";
import type { Image } from "./image";
import type { LoadBalancer } from "./load-balancer";
import type { LogsBucket } from "./logs-bucket";
import type { Mail } from "./mail";
import type { Network } from "./network";
import type { Notifications } from "./notifications";
import type { RecoveryKit } from "./recovery-kit";
import type { Tasks } from "./tasks";

export interface OutputsProps {
  stage: StageConfig;
  notifications: Notifications;
  network: Network;
  database: Database;
  databaseUsers: DatabaseUsers;
  files: Files;
  logsBucket: LogsBucket;
  domain: Domain | undefined;
  mail: Mail | undefined;
  tasks: Tasks;
  /** The service of one kind or the other. */
  loadBalancer?: LoadBalancer;
  /** None while it waits for a certificate. */
  fargate?: FargateService | undefined;
  appRunner?: AppRunnerService;
  appRunnerDomain?: AppRunnerDomain | undefined;
  image: Image | undefined;
  recoveryKit: RecoveryKit | undefined;
}

type Outputs = Record<string, [value: string | string[] | number | object[], description: string]>;

export function addOutputs(stack: TerraformStack, props: OutputsProps): void {
  const {
    stage,
    notifications,
    network,
    database,
    databaseUsers,
    files,
    logsBucket,
    domain,
    mail,
    tasks,
    image,
    recoveryKit,
  } = props;
  const outputs: Outputs = {
    ...serviceOutputs(props),
    cluster_identifier: [database.cluster.clusterIdentifier, "Aurora cluster"],
    cluster_endpoint: [database.cluster.endpoint, "Writer endpoint"],
    cluster_reader_endpoint: [database.cluster.readerEndpoint, "Reader endpoint"],
    cluster_port: [database.cluster.port, "Port of both"],
    database_users_function: [databaseUsers.function.functionName, "Creates, resets and checks database users"],
    application_secret_arn: [databaseUsers.applicationSecret.arn, "Secret of REDCap's database user"],
    ddl_secret_arn: [databaseUsers.ddlSecret.arn, "Secret of the user that installs and upgrades REDCap"],
    salt_secret_arn: [databaseUsers.saltSecret.arn, "Secret of REDCap's salt, which never changes"],
    files_bucket: [files.bucket.bucket, "Uploaded files"],
    logs_bucket: [logsBucket.logs.bucket.bucket, "Access logs"],
    ecs_cluster: [tasks.cluster.name, "ECS cluster"],
    upgrade_command: [upgradeCommand(stage, network, tasks), "Brings the database to the version of the image"],
    ...(image && imageOutputs(stage, image)),
    ...(recoveryKit && { recovery_kit: [recoveryKit.result, "Whether the last deployment kept its recovery kit"] }),
    service_security_group_id: [tasks.securityGroup.id, "Security group of every task"],
    operations_topic_arn: [notifications.topic.arn, "Alarms, deployments and budget, for further subscribers"],
    ...(stage.maintenanceServer
      ? {
          maintenance_command: [
            `npm run maintenance -- start --stage ${stage.name}`,
            "Starts the maintenance server, and says how to reach it",
          ] as [string, string],
        }
      : {}),
    vpc_id: [network.vpcId, "VPC"],
    private_subnet_ids: [network.privateSubnetIds, "Subnets of service and database"],
    ...(domain ? { url: [`https://${domain.hostName}/`, "REDCap"] } : {}),
    ...(domain?.nameServers
      ? { name_servers: [domain.nameServers, `NS record for ${domain.hostName}, to enter above it`] }
      : {}),
    ...(domain?.recordsToEnter.length
      ? { dns_records: [domain.recordsToEnter, "DNS records to enter where the domain is hosted"] }
      : {}),
    ...(mail
      ? {
          mail_from: [mail.fromAddress, "Address that REDCap sends from"],
          mail_secret_arn: [mail.secretArn, "Secret of the SMTP relay's credentials"],
        }
      : {}),
    ...(mail?.topic ? { mail_topic_arn: [mail.topic.arn, "Bounces and complaints, for further subscribers"] } : {}),
    ...(mail?.suggestedRecords?.length
      ? { mail_policy_records: [mail.suggestedRecords, "SPF and DMARC, to enter where these names have none"] }
      : {}),
  };
  for (const [name, [value, description]] of Object.entries(outputs))
    new TerraformOutput(stack, name, { value, description });
}

const imageOutputs = (stage: StageConfig, { repository, project }: Image): Record<string, [string, string]> => ({
  image_repository: [repository.repositoryUrl, "Repository of the images that the stage builds"],
  image_project: [project.project.name, "CodeBuild project that builds an image and rolls it out"],
  update_command: [
    [`aws codebuild start-build --project-name ${project.project.name}`, ...where(stage)].join(" "),
    "Builds the image of the configured REDCap and rolls it out",
  ],
});
function serviceOutputs({ loadBalancer, fargate, appRunner, appRunnerDomain }: OutputsProps): Outputs {
  return {
    ...(loadBalancer && {
      load_balancer_dns_name: [loadBalancer.balancer.dnsName, "Point REDCap's DNS name here"],
      load_balancer_zone_id: [loadBalancer.balancer.zoneId, "Hosted zone of that name, for an alias record"],
    }),
    ...(fargate && { ecs_service: [fargate.service.name, "ECS service"] }),
    ...(appRunner && {
      // Another one with a domain, below.
      url: [`https://${appRunner.service.serviceUrl}/`, "REDCap"],
      app_runner_url: [`https://${appRunner.service.serviceUrl}/`, "REDCap, under App Runner's own name"],
      app_runner_service_arn: [appRunner.service.arn, "App Runner service"],
    }),
    ...(appRunnerDomain?.recordsToEnter && {
      certificate_records: [appRunnerDomain.recordsToEnter, "DNS records to enter for App Runner's certificate"],
    }),
  };
}

/** For a shell. */
function upgradeCommand(
  stage: StageConfig,
  { privateSubnetIds }: Network,
  { cluster, upgradeTask, securityGroup }: Tasks,
): string {
  const subnets = Fn.join(",", privateSubnetIds);
  const configuration = `subnets=[${subnets}],securityGroups=[${securityGroup.id}],assignPublicIp=DISABLED`;
  return [
    `aws ecs run-task --cluster ${cluster.name} --task-definition ${upgradeTask.family} --launch-type FARGATE`,
    `--network-configuration 'awsvpcConfiguration={${configuration}}'`,
    ...where(stage),
  ].join(" ");
}

/** Not who synthesized, but what is configured: else the plan of somebody with other credentials would not be empty. */
const where = ({ region, profile }: StageConfig): string[] => [
  `--region ${region}`,
  ...(profile ? [`--profile '${profile.replaceAll("'", "'\\''")}'`] : []),
];
