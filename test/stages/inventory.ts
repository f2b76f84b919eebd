// What an account holds, as AWS tells, not Terraform: one line for each resource of the types that stages are made of.
import { AppRunnerClient, ListServicesCommand } from "@aws-sdk/client-apprunner";
import { BackupClient, ListBackupVaultsCommand } from "@aws-sdk/client-backup";
import { CloudWatchLogsClient, paginateDescribeLogGroups } from "@aws-sdk/client-cloudwatch-logs";
import { CodeBuildClient, ListProjectsCommand } from "@aws-sdk/client-codebuild";
import { DescribeSecurityGroupsCommand, DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { DescribeRepositoriesCommand, ECRClient } from "@aws-sdk/client-ecr";
import { DescribeClustersCommand, ECSClient, ListClustersCommand } from "@aws-sdk/client-ecs";
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { EventBridgeClient, ListRulesCommand } from "@aws-sdk/client-eventbridge";
import { IAMClient, paginateListPolicies, paginateListRoles, paginateListUsers } from "@aws-sdk/client-iam";
import { DescribeKeyCommand, KMSClient, paginateListKeys } from "@aws-sdk/client-kms";
import { LambdaClient, paginateListFunctions } from "@aws-sdk/client-lambda";
import { DescribeDBClusterSnapshotsCommand, DescribeDBClustersCommand, RDSClient } from "@aws-sdk/client-rds";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { ListScheduleGroupsCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { ListSecretsCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { ListStateMachinesCommand, SFNClient } from "@aws-sdk/client-sfn";

interface Settings {
  region: string;
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

async function every<Page, Item>(pages: AsyncIterable<Page>, items: (page: Page) => Item[] | undefined) {
  const found: Item[] = [];
  for await (const page of pages) found.push(...(items(page) ?? []));
  return found;
}

/** Such as `role redcap-prod-task`; keys and secrets that are waiting for their deletion are not there any more. */
export async function inventory(settings: Settings): Promise<string[]> {
  const iam = new IAMClient(settings);
  const kms = new KMSClient(settings);
  const ec2 = new EC2Client(settings);
  const rds = new RDSClient(settings);
  const lists: Record<string, Promise<(string | undefined)[]>> = {
    role: every(paginateListRoles({ client: iam }, {}), ({ Roles }) => Roles?.map(({ RoleName }) => RoleName)),
    user: every(paginateListUsers({ client: iam }, {}), ({ Users }) => Users?.map(({ UserName }) => UserName)),
    policy: every(paginateListPolicies({ client: iam }, { Scope: "Local" }), ({ Policies }) =>
      Policies?.map(({ PolicyName }) => PolicyName),
    ),
    "kms key": every(paginateListKeys({ client: kms }, {}), ({ Keys }) => Keys?.map(({ KeyId }) => KeyId)).then(
      async (ids) => {
        const keys = await Promise.all(ids.map((KeyId) => kms.send(new DescribeKeyCommand({ KeyId }))));
        return keys.flatMap(({ KeyMetadata }) => (KeyMetadata?.KeyState === "Enabled" ? [KeyMetadata.KeyId] : []));
      },
    ),
    bucket: new S3Client({ ...settings, forcePathStyle: true })
      .send(new ListBucketsCommand({}))
      .then(({ Buckets = [] }) => Buckets.map(({ Name }) => Name)),
    secret: new SecretsManagerClient(settings)
      .send(new ListSecretsCommand({ MaxResults: 100 }))
      .then(({ SecretList = [] }) => SecretList.map(({ Name }) => Name)),
    "log group": every(paginateDescribeLogGroups({ client: new CloudWatchLogsClient(settings) }, {}), ({ logGroups }) =>
      logGroups?.map(({ logGroupName }) => logGroupName),
    ),
    function: every(paginateListFunctions({ client: new LambdaClient(settings) }, {}), ({ Functions }) =>
      Functions?.map(({ FunctionName }) => FunctionName),
    ),
    vpc: ec2.send(new DescribeVpcsCommand({})).then(({ Vpcs = [] }) => Vpcs.map(({ VpcId }) => VpcId)),
    "security group": ec2
      .send(new DescribeSecurityGroupsCommand({}))
      .then(({ SecurityGroups = [] }) => SecurityGroups.map(({ GroupId }) => GroupId)),
    "load balancer": new ElasticLoadBalancingV2Client(settings)
      .send(new DescribeLoadBalancersCommand({}))
      .then(({ LoadBalancers = [] }) => LoadBalancers.map(({ LoadBalancerName }) => LoadBalancerName)),
    "ecs cluster": activeClusters(new ECSClient(settings)),
    "app runner service": new AppRunnerClient(settings)
      .send(new ListServicesCommand({}))
      .then(({ ServiceSummaryList = [] }) => ServiceSummaryList.map(({ ServiceName }) => ServiceName)),
    "db cluster": rds
      .send(new DescribeDBClustersCommand({}))
      .then(({ DBClusters = [] }) => DBClusters.map(({ DBClusterIdentifier }) => DBClusterIdentifier)),
    "db snapshot": rds
      .send(new DescribeDBClusterSnapshotsCommand({ SnapshotType: "manual" }))
      .then(({ DBClusterSnapshots = [] }) => DBClusterSnapshots.map((found) => found.DBClusterSnapshotIdentifier)),
    "backup vault": new BackupClient(settings)
      .send(new ListBackupVaultsCommand({}))
      .then(({ BackupVaultList = [] }) => BackupVaultList.map(({ BackupVaultName }) => BackupVaultName)),
    rule: new EventBridgeClient(settings)
      .send(new ListRulesCommand({}))
      .then(({ Rules = [] }) => Rules.map(({ Name }) => Name)),
    "schedule group": new SchedulerClient(settings)
      .send(new ListScheduleGroupsCommand({}))
      .then(({ ScheduleGroups = [] }) => ScheduleGroups.map(({ Name }) => Name)),
    "state machine": new SFNClient(settings)
      .send(new ListStateMachinesCommand({}))
      .then(({ stateMachines = [] }) => stateMachines.map(({ name }) => name)),
    "build project": new CodeBuildClient(settings)
      .send(new ListProjectsCommand({}))
      .then(({ projects = [] }) => projects),
    repository: new ECRClient(settings)
      .send(new DescribeRepositoriesCommand({}))
      .then(({ repositories = [] }) => repositories.map(({ repositoryName }) => repositoryName)),
  };
  const found = await Promise.all(
    Object.entries(lists).map(async ([type, names]) => (await names).map((name) => `${type} ${name}`)),
  );
  return found.flat().sort();
}

/** ECS tells of deleted clusters, too (ECS API reference, ListClusters). */
async function activeClusters(ecs: ECSClient): Promise<(string | undefined)[]> {
  const { clusterArns = [] } = await ecs.send(new ListClustersCommand({}));
  const { clusters = [] } = await ecs.send(new DescribeClustersCommand({ clusters: clusterArns }));
  return clusters.flatMap(({ status, clusterName }) => (status === "ACTIVE" ? [clusterName] : []));
}
