// Log groups of a cluster's exported logs: RDS creates them as soon as it logs, unless they are there. What creates one
// of the same name afterwards, such as Terraform, is refused.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Integrating.CloudWatch.html
import type { MotoClient } from "../host/moto-client";
import { AwsError } from "../service";
import type { Cluster } from "./state";

export async function createLogGroups(moto: MotoClient, { place, shape }: Cluster): Promise<void> {
  for (const name of shape.EnabledCloudwatchLogsExports ?? []) {
    const logGroupName = `/aws/rds/cluster/${shape.DBClusterIdentifier}/${name}`;
    await moto.json(place, "logs", "Logs_20140328.CreateLogGroup", { logGroupName }).catch((error: Error) => {
      if (!(error instanceof AwsError && error.code === "ResourceAlreadyExistsException")) throw error;
    });
  }
}
