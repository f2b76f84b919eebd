// Reads the containers of a synthesized stack's task definitions.
import { type Block, one, type SynthesizedStack } from "../synth";

export interface Container {
  name: string;
  image: string;
  command: string[];
  stopTimeout: number;
  environment: { name: string; value: string }[];
  secrets?: { name: string; valueFrom: string }[];
  mountPoints: { sourceVolume: string; containerPath: string; readOnly: boolean }[];
}

/** The service's, the one that is run by hand, or the scheduled one. */
export type Task = "task" | "upgrade-task" | "cron";

/** Ids start so. */
const IDS: Record<Task, string> = {
  task: "service_task_",
  "upgrade-task": "tasks_upgrade-task_",
  cron: "cron_task_",
};

export const taskDefinition = (stack: SynthesizedStack, task: Task): Block =>
  one(stack, "aws_ecs_task_definition", IDS[task]);

export const containers = (stack: SynthesizedStack, task: Task = "task"): Container[] =>
  JSON.parse(String(taskDefinition(stack, task).container_definitions));
