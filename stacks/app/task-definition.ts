// What all of the stage's Fargate tasks have alike.
import { EcsTaskDefinition, type EcsTaskDefinitionConfig } from "@cdktf/provider-aws/lib/ecs-task-definition";
import type { Construct } from "constructs";
import type { TaskSize } from "../../config";

const CPU_UNITS_PER_VCPU = 1_024;
const MIB_PER_GB = 1_024;

export function fargateTask(
  scope: Construct,
  id: string,
  { cpu, memory }: TaskSize,
  definition: EcsTaskDefinitionConfig,
): EcsTaskDefinition {
  return new EcsTaskDefinition(scope, id, {
    requiresCompatibilities: ["FARGATE"],
    networkMode: "awsvpc",
    cpu: String(Number.parseFloat(cpu) * CPU_UNITS_PER_VCPU),
    memory: String(Number.parseFloat(memory) * MIB_PER_GB),
    runtimePlatform: { cpuArchitecture: "X86_64", operatingSystemFamily: "LINUX" },
    // Earlier revisions stay active: the circuit breaker rolls back to them, and the schedule names one until it is changed.
    skipDestroy: true,
    ...definition,
  });
}
