// What runs REDCap: ECS Fargate behind a load balancer, or App Runner.
import { z } from "zod";
import { cidr, positive } from "./common";

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

const image = z
  .string()
  .regex(
    /^\S+[:@]\S+$/,
    "Write an image with its tag or digest, such as 111111111111.dkr.ecr.eu-west-2.amazonaws.com/redcap:17.4.4.",
  )
  .refine(
    (text) => !text.endsWith(":latest"),
    "Name a version: with :latest a roll-back would start the same image again.",
  )
  .optional()
  .describe(
    "Image built elsewhere from containers/redcap and a REDCap zip, with its tag or digest. Without it the stage builds its own, from `redCapLocalVersion` or `redCapS3Path`.",
  );

/** vCPUs and memory of a Fargate task, with their defaults. */
const taskSize = (cpu: string, memory: string) => ({
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

const isAllowed = ({ cpu, memory }: TaskSize) => FARGATE_MEMORY[cpu]?.includes(Number.parseFloat(memory)) ?? false;
const ALLOWED_SIZE = {
  path: ["memory"],
  error: (issue: { input?: unknown }) => {
    const { cpu } = issue.input as TaskSize;
    return `With ${cpu}, Fargate allows ${FARGATE_MEMORY[cpu]?.join(", ")} GB.`;
  },
};

/** Each run is a task of its own; its PHP may use 1 GB (PHP_MEMORY_LIMIT). */
const cron = z
  .strictObject({
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
  })
  .refine(isAllowed, ALLOWED_SIZE)
  .prefault({})
  .describe("REDCap's cron: a scheduled task beside the service.");

const port = z.number().int().min(1024).max(65_535).default(8080).describe("Port the container listens on.");

export const fargate = z
  .strictObject({
    type: z.literal("fargate"),
    image,
    port,
    ...taskSize("2 vCPU", "4 GB"),
    cron,
    scaling: z
      .strictObject({
        minContainers: positive.default(1).describe("Tasks that always run."),
        maxContainers: positive.default(3).describe("Tasks at most."),
        requestsPerContainer: positive.default(100).describe("Requests per task and minute that autoscaling aims at."),
        cpuUtilization: z
          .number()
          .int()
          .min(10)
          .max(95)
          .default(60)
          .describe("Average CPU in percent that autoscaling aims at."),
      })
      .refine((value) => value.minContainers <= value.maxContainers, {
        path: ["minContainers"],
        error: "minContainers must not be above maxContainers.",
      })
      .prefault({})
      .describe("How many tasks run."),
    certificateArn: z
      .string()
      .regex(
        /^arn:[\w-]+:(acm|iam):[a-z0-9-]*:\d{12}:(server-)?certificate\/\S+$/,
        "Write the ARN of an ACM certificate in the stage's account and region.",
      )
      .optional()
      .describe(
        "Certificate of the HTTPS listener. Without it the stack lets ACM issue one for the stage's `domain`. There is no plain-HTTP service.",
      ),
    internal: z.boolean().default(false).describe("Whether the load balancer is reachable from inside the VPC only."),
    healthCheckPath: z
      .string()
      .startsWith("/", "Start the path with a slash.")
      .default("/health/live")
      .describe(
        "Path that the load balancer asks; 200 is healthy. One that asks the database would keep a paused one awake, and let its failover stop every task.",
      ),
    drainSeconds: z
      .number()
      .int()
      .min(0)
      .max(3_600, "An Application Load Balancer waits 3,600 seconds at most.")
      .default(300)
      .describe(
        "Seconds that a task may go on with its requests after the load balancer stops sending it new ones, before it is stopped, which takes two more minutes at most. Deployments, scaling in and the stop before a restore wait as long.",
      ),
    egress: z
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
      ),
    idleTimeoutSeconds: positive
      .max(4_000, "An Application Load Balancer waits 4,000 seconds at most.")
      .default(4_000)
      .describe("Seconds a request may be silent, for REDCap's long imports and exports."),
  })
  .refine(isAllowed, ALLOWED_SIZE);

export const appRunner = z.strictObject({
  type: z.literal("app-runner"),
  image,
  port,
  cpu: z
    .enum(["0.25 vCPU", "0.5 vCPU", "1 vCPU", "2 vCPU", "4 vCPU"])
    .default("2 vCPU")
    .describe("vCPUs of an instance."),
  memory: z
    .enum(["0.5 GB", "1 GB", "2 GB", "3 GB", "4 GB", "6 GB", "8 GB", "10 GB", "12 GB"])
    .default("4 GB")
    .describe("Memory of an instance."),
  concurrency: positive.max(200).default(10).describe("Requests one instance handles before another is started."),
  minSize: positive.max(25).default(1).describe("Instances that are always provisioned."),
  maxSize: positive.max(25).default(2).describe("Instances at most."),
});

export const service = z
  .discriminatedUnion("type", [fargate, appRunner], 'Use type "fargate".')
  .describe('What runs REDCap: { type: "fargate", … } or { type: "app-runner", … }.');

export type FargateConfig = z.infer<typeof fargate>;
export type AppRunnerConfig = z.infer<typeof appRunner>;
export type ServiceConfig = z.infer<typeof service>;
