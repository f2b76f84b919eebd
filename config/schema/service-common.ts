// What both kinds of service have: image, port, what REDCap may call, and tasks of Fargate beside the service.
import { z } from "zod";
import { cidr } from "./common";

/** Memory in GB that Fargate allows for each number of vCPUs (ECS developer guide, task size). */
const FARGATE_MEMORY: Record<string, number[]> = {
  "0.25 vCPU": [0.5, 1, 2],
  "0.5 vCPU": [1, 2, 3, 4],
  "1 vCPU": range(2, 8, 1),
  "2 vCPU": range(4, 16, 1),
  "4 vCPU": range(8, 30, 1),
  "8 vCPU": range(16, 60, 4),
  "16 vCPU": range(32, 120, 8),
};

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step);
}

export const imageName = z
  .string()
  .regex(
    /^\S+[:@]\S+$/,
    "Write an image with its tag or digest, such as 111111111111.dkr.ecr.eu-west-2.amazonaws.com/redcap:17.4.4.",
  )
  .refine(
    (text) => !text.endsWith(":latest"),
    "Name a version: with :latest a roll-back would start the same image again.",
  );

export const IMAGE_MEANING =
  "Image built elsewhere from containers/redcap and a REDCap zip, with its tag or digest. Without it the stage builds its own, from `redCapLocalVersion` or `redCapS3Path`.";

/** vCPUs and memory of a Fargate task, with their defaults. */
export const taskSize = (cpu: string, memory: string) => ({
  cpu: z
    .enum(Object.keys(FARGATE_MEMORY) as [string, ...string[]], `Use one of ${Object.keys(FARGATE_MEMORY).join(", ")}.`)
    .default(cpu)
    .describe("vCPUs of a task."),
  memory: z
    .string()
    .regex(/^\d+(\.5)? GB$/, 'Write the memory like "4 GB".')
    .default(memory)
    .describe("Memory of a task; Fargate allows certain amounts for each cpu."),
});

export type TaskSize = z.infer<z.ZodObject<ReturnType<typeof taskSize>>>;

export const isAllowed = ({ cpu, memory }: TaskSize) =>
  FARGATE_MEMORY[cpu]?.includes(Number.parseFloat(memory)) ?? false;
export const ALLOWED_SIZE = {
  path: ["memory"],
  error: (issue: { input?: unknown }) => {
    const { cpu } = issue.input as TaskSize;
    return `With ${cpu}, Fargate allows ${FARGATE_MEMORY[cpu]?.join(", ")} GB.`;
  },
};

/** Each run is a task of its own; its PHP may use 1 GB (PHP_MEMORY_LIMIT). */
export const cronTask = {
  minutes: z
    .number()
    .int()
    .min(0)
    .max(59)
    .default(1)
    .describe(
      "Minutes from one run to the next; REDCap expects 1. 0 turns cron off: no scheduled survey invitations, alerts and clean-up. A run reaches the database: one every minute keeps a cluster awake that could pause, which costs its smallest capacity all day, beside the task itself.",
    ),
  ...taskSize("0.5 vCPU", "2 GB"),
};

export const cron = z
  .strictObject(cronTask)
  .refine(isAllowed, ALLOWED_SIZE)
  .prefault({})
  .describe("REDCap's cron: a scheduled task beside the service.");

export const port = z.number().int().min(1024).max(65_535).default(8080).describe("Port the container listens on.");

export const egress = z
  .array(
    z.strictObject({
      port: z.number().int().min(1).max(65_535).describe("TCP port."),
      cidr: cidr.describe("Where to, IPv4 or IPv6."),
    }),
  )
  .refine((ways) => new Set(ways.map((way) => `${way.port} ${way.cidr}`)).size === ways.length, {
    error: "Write each port and block once: AWS refuses a rule that is already there.",
  })
  .default([{ port: 443, cidr: "0.0.0.0/0" }])
  .describe(
    "What REDCap's tasks may call beside the database. AWS's own APIs need port 443. The mail relay's port is added by itself. Add the ports of directory servers (636) and the like here, with their addresses.",
  );
