// The cluster's engine parameters.
import { RdsClusterParameterGroup } from "@cdktf/provider-aws/lib/rds-cluster-parameter-group";
import type { Construct } from "constructs";
import { clusterParameters, type StageConfig, stageNames } from "../../config";

export function databaseParameters(scope: Construct, id: string, stage: StageConfig): RdsClusterParameterGroup {
  return new RdsClusterParameterGroup(scope, id, {
    name: stageNames(stage).clusterParameterGroup,
    description: `REDCap ${stage.name}`,
    family: "aurora-mysql8.0",
    parameter: Object.entries(clusterParameters(stage.db)).map(([name, value]) => ({
      name,
      value,
      applyMethod: "immediate",
    })),
  });
}
