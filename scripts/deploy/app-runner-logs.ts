// App Runner makes its own log groups, named by the service's id, with no end and AWS's key. Terraform cannot have them: they
// are there before it knows the name. So each deployment gives them the stage's retention and key, and counts errors in them.
import { AppRunnerClient } from "@aws-sdk/client-apprunner";
import {
  AssociateKmsKeyCommand,
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  PutMetricFilterCommand,
  PutRetentionPolicyCommand,
  paginateDescribeLogGroups,
} from "@aws-sdk/client-cloudwatch-logs";
import { DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { LOG_METRICS, type StageConfig, stageNames } from "../../config";
import { clientConfig } from "../aws";
import { findService } from "../restore/app-runner";

/** @returns what is said of it; nothing where REDCap does not run on App Runner. Can be repeated at any time. */
export async function keepAppRunnerLogs(stage: StageConfig): Promise<string | undefined> {
  if (stage.service.type !== "app-runner") return undefined;
  const names = stageNames(stage);
  const serviceArn = await findService({ appRunner: new AppRunnerClient(clientConfig(stage)), names });
  if (!serviceArn) return undefined;
  // Ends with the service's name and id (App Runner API reference, Service).
  const serviceId = serviceArn.replace(/^.*\//, "");
  const logs = new CloudWatchLogsClient(clientConfig(stage));
  const key = await new KMSClient(clientConfig(stage)).send(
    new DescribeKeyCommand({ KeyId: `alias/${names.prefix}-logs` }),
  );
  // App Runner developer guide, viewing App Runner logs: what the containers write, and what App Runner does with them.
  const folder = `${logFolder(stage)}${serviceId}`;
  for (const logGroupName of [`${folder}/application`, `${folder}/service`]) {
    await logs.send(new CreateLogGroupCommand({ logGroupName })).catch(exists);
    await logs.send(new AssociateKmsKeyCommand({ logGroupName, kmsKeyId: key.KeyMetadata?.Arn }));
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: stage.generalLogRetention }));
  }
  if (stage.monitoring.enabled) {
    for (const [metricName, filterPattern] of Object.entries(LOG_METRICS)) {
      const metric = { metricNamespace: names.metricNamespace, metricName, metricValue: "1", unit: "Count" } as const;
      await logs.send(
        new PutMetricFilterCommand({
          logGroupName: `${folder}/application`,
          filterName: `${names.prefix}-${metricName}`,
          filterPattern,
          metricTransformations: [metric],
        }),
      );
    }
  }
  return `The logs of App Runner, ${folder}, are encrypted with the stage's key and kept for ${stage.generalLogRetention} days.`;
}

/** Of all services that the stage has had: each has an id of its own. */
const logFolder = (stage: StageConfig): string => `/aws/apprunner/${stageNames(stage).appRunnerService}/`;

/** Names of App Runner's log groups of the stage, whatever runs it now. */
export async function appRunnerLogs(stage: StageConfig): Promise<string[]> {
  const client = new CloudWatchLogsClient(clientConfig(stage));
  const names: (string | undefined)[] = [];
  for await (const { logGroups = [] } of paginateDescribeLogGroups(
    { client },
    { logGroupNamePrefix: logFolder(stage) },
  ))
    names.push(...logGroups.map(({ logGroupName }) => logGroupName));
  return names.filter((name) => name !== undefined);
}

/** With the stage's key they would be unreadable soon. */
export async function removeLogs(stage: StageConfig, logGroupNames: string[]): Promise<void> {
  const logs = new CloudWatchLogsClient(clientConfig(stage));
  for (const logGroupName of logGroupNames) await logs.send(new DeleteLogGroupCommand({ logGroupName }));
}

function exists(error: Error): void {
  if (error.name !== "ResourceAlreadyExistsException") throw error;
}
