// One stage of REDCap: what there is, and what is connected to what.
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import type { Construct } from "constructs";
import {
  type BackupDestinationConfig,
  buildsImage,
  hostName,
  isCronOverHttp,
  keepsRecoveryKit,
  mailOf,
  PROVIDER_VERSIONS,
  type StageConfig,
} from "../../config";
import { BaseStack } from "../base-stack";
import { AppRunnerDomain } from "./app-runner-domain";
import { AppRunnerService, type AppRunnerServiceProps } from "./app-runner-service";
import { Certificate } from "./certificate";
import { Cron } from "./cron";
import { CronOverHttp } from "./cron-over-http";
import { CronPassword } from "./cron-password";
import { Database } from "./database";
import { DatabaseUsers } from "./database-users";
import { Domain } from "./domain";
import { EncryptionKeys } from "./encryption-keys";
import { Endpoints } from "./endpoints";
import { ExistingNetwork } from "./existing-network";
import { FargateService, type FargateServiceProps } from "./fargate-service";
import { Files } from "./files";
import { FilesKey } from "./files-key";
import { FlowLogs } from "./flow-logs";
import { Image } from "./image";
import { Installation } from "./installation";
import { LoadBalancer, type LoadBalancerProps } from "./load-balancer";
import { LogsBucket } from "./logs-bucket";
import { mail } from "./mail";
import { Maintenance } from "./maintenance";
import { Monitoring } from "./monitoring";
import { Budget } from "./monitoring/budget";
import { Deployments } from "./monitoring/deployments";
import { CreatedNetwork, type Network } from "./network";
import { Notifications } from "./notifications";
import { addOutputs } from "./outputs";
import { RecoveryKit } from "./recovery-kit";
import { Tasks } from "./tasks";
import { WebAcl } from "./web-acl";

export interface AppStackProps {
  stage: StageConfig;
  /** Where the stage has backups: its account is let at the cluster's key, and keeps what AWS Backup cannot hold. */
  backupDestination?: BackupDestinationConfig | undefined;
}

interface Edge {
  domain: Domain | undefined;
  webAcl: WebAcl;
}
type FargateProps = Omit<FargateServiceProps & LoadBalancerProps, "certificateArn" | "loadBalancer" | "listener"> &
  Edge;
type AppRunnerProps = Omit<AppRunnerServiceProps, "installation"> & Edge;

export class AppStack extends BaseStack {
  constructor(scope: Construct, id: string, { stage, backupDestination }: AppStackProps) {
    super(scope, id, { ...stage, tags: { ...stage.tags, "redcap:stage": stage.name } });
    new RandomProvider(this, "random");
    this.addOverride("terraform.required_providers.random.version", PROVIDER_VERSIONS.random);
    const config = stage.service;
    const keys = new EncryptionKeys(this, "keys", {
      stage,
      backupAccountId: stage.backup.enabled ? backupDestination?.accountId : undefined,
    });
    const notifications = new Notifications(this, "notifications", { stage, keys });
    const network = this.network(stage, config.type !== "fargate" || config.internal, keys);
    const logsBucket = new LogsBucket(this, "logs-bucket", { stage });
    const image = buildsImage(stage) ? new Image(this, "image", { stage, keys, logsBucket }) : undefined;
    const files = new Files(this, "files", { stage, key: keys.files, logsBucket });
    const filesKey = new FilesKey(this, "files-key", { stage, keys, files });
    const database = new Database(this, "database", { stage, network, keys });
    const databaseUsers = new DatabaseUsers(this, "database-users", { stage, network, keys, database });
    const host = hostName(stage);
    const domain = host ? new Domain(this, "domain", { stage, hostName: host }) : undefined;
    const relay = mail(this, "mail", { stage, keys, network, domain });
    const tasks = new Tasks(this, "tasks", {
      stage,
      config,
      network,
      keys,
      database,
      databaseUsers,
      files,
      filesKey,
      mail: relay,
      image,
    });
    const cronOverHttp = isCronOverHttp(config);
    const cronPassword = cronOverHttp ? new CronPassword(this, "cron-password", { stage, keys }) : undefined;
    const webAcl = new WebAcl(this, "web-acl", { stage, keys, ownAddresses: network.ownAddresses, cronOverHttp });
    const service =
      config.type === "fargate"
        ? this.fargate({ stage, config, network, tasks, domain, webAcl, logsBucket })
        : this.appRunner({ stage, config, network, keys, tasks, domain, webAcl, cronPassword });
    // Before REDCap is installed, cron would have nothing to do.
    if (service.installs && config.cron.minutes > 0 && !cronOverHttp)
      new Cron(this, "cron", { stage, config, network, tasks });
    if (stage.maintenanceServer)
      new Maintenance(this, "maintenance", { stage, config: stage.maintenanceServer, network, keys, tasks });
    const recoveryKit = keepsRecoveryKit(stage, backupDestination)
      ? new RecoveryKit(this, "recovery-kit", { stage, destination: backupDestination, keys, databaseUsers, image })
      : undefined;
    if (stage.budget) new Budget(this, "budget", { stage, config: stage.budget, notifications });
    if (service.served) new Deployments(this, "deployments", { stage, served: service.served, notifications });
    new Monitoring(this, "monitoring", {
      stage,
      keys,
      notifications,
      served: service.served,
      cron: service.installs && config.cron.minutes > 0 ? { ...config.cron, overHttp: cronOverHttp } : undefined,
      logs: tasks.containerProps.logs,
      database,
      functions: {
        "database-users": databaseUsers.function,
        "files-key": filesKey.function,
        ...(relay?.keyFunction && { "mail-key": relay.keyFunction }),
        ...(cronPassword && { "cron-password": cronPassword.function }),
      },
      recoveryKit: recoveryKit?.function,
      mailConfigurationSet: relay?.configurationSet,
      natGateways: network.natGateways,
    });
    addOutputs(this, {
      stage,
      notifications,
      network,
      database,
      databaseUsers,
      files,
      logsBucket,
      domain,
      mail: relay,
      tasks,
      image,
      recoveryKit,
      ...service,
    });
  }

  private fargate({ domain, webAcl, ...props }: FargateProps) {
    const certificateArn =
      props.config.certificateArn ?? (domain && new Certificate(this, "certificate", { domain }).issuedArn);
    const loadBalancer = new LoadBalancer(this, "load-balancer", { ...props, certificateArn });
    webAcl.associate(loadBalancer, loadBalancer.balancer.arn);
    domain?.leadTo(loadBalancer.balancer);
    const { listener } = loadBalancer;
    const fargate = listener && new FargateService(this, "service", { ...props, loadBalancer, listener });
    return { loadBalancer, fargate, installs: fargate !== undefined, served: listener && { loadBalancer, listener } };
  }

  private appRunner({ domain, webAcl, ...props }: AppRunnerProps) {
    const installation = new Installation(this, "installation", props);
    const appRunner = new AppRunnerService(this, "app-runner", { ...props, installation });
    const { service } = appRunner;
    const { stage, config, cronPassword } = props;
    const association = webAcl.associate(appRunner, service.arn);
    if (cronPassword)
      new CronOverHttp(this, "cron-over-http", {
        stage,
        minutes: config.cron.minutes,
        host: service.serviceUrl,
        password: cronPassword,
        needs: association ? [association] : [],
      });
    const appRunnerDomain = domain && new AppRunnerDomain(this, "app-runner-domain", { domain, service });
    return {
      appRunner,
      appRunnerDomain,
      installs: true,
      served: { appRunner: service, maxSize: props.config.maxSize },
    };
  }

  private network(stage: StageConfig, internal: boolean, keys: EncryptionKeys): Network {
    const config = stage.network;
    if (config.type === "existing") return new ExistingNetwork(this, "network", { config, internal });
    const network = new CreatedNetwork(this, "network", { stage, config, internal });
    const endpoints = new Endpoints(this, "endpoints", {
      stage,
      network,
      interfaceEndpoints: config.nat === "none",
      mail: mailOf(stage)?.type === "ses",
    });
    new FlowLogs(this, "flow-logs", { stage, vpcId: network.vpcId, logsKey: keys.logs });
    network.ways.push(...endpoints.ways);
    if (endpoints.smtp) network.smtpEndpoint = endpoints.smtp;
    return network;
  }
}
