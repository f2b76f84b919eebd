// REDCap on AWS App Runner, which AWS closed to new customers on 2026-04-30.
import { z } from "zod";
import { positive } from "./common";
import { ALLOWED_SIZE, cronTask, egress, IMAGE_MEANING, imageName, isAllowed, port } from "./service-common";

/** Memory in GB that App Runner allows for each number of vCPUs (App Runner developer guide, supported configurations). */
const APP_RUNNER_MEMORY: Record<string, number[]> = {
  "0.25 vCPU": [0.5, 1],
  "0.5 vCPU": [1],
  "1 vCPU": [2, 3, 4],
  "2 vCPU": [4, 6],
  "4 vCPU": [8, 10, 12],
};

/** App Runner takes images of ECR alone, and of no partition but aws (API reference, ImageRepository). */
const ECR_IMAGE = /^(\d{12}\.dkr\.ecr\.[a-z-]+-\d{1,2}\.amazonaws\.com\/|public\.ecr\.aws\/[^/]+\/)/;

const cron = z
  .strictObject({
    via: z
      .enum(["task", "http"])
      .default("task")
      .describe(
        'With type "app-runner" only: what runs cron. "task": a task of Fargate beside the service, with a CPU of its own, no limit of time and nothing open to the internet. "http": EventBridge calls `/cron.php` of the service with a password that a function makes and rotates; for who wants no such task. It opens that page to whoever has the password, runs on the instances that serve people, and with hardly any CPU when the call is over: App Runner gives CPU to an instance only while it answers.',
      ),
    ...cronTask,
  })
  .refine(isAllowed, ALLOWED_SIZE)
  .prefault({})
  .describe(
    "REDCap's cron: a scheduled task beside the service, whose `cpu` and `memory` these are, or calls over HTTP.",
  );

export const appRunner = z
  .strictObject({
    type: z.literal("app-runner"),
    image: imageName
      .regex(ECR_IMAGE, "App Runner runs images of Amazon ECR: push it there.")
      .optional()
      .describe(IMAGE_MEANING),
    port,
    cpu: z
      .enum(
        Object.keys(APP_RUNNER_MEMORY) as [string, ...string[]],
        `Use one of ${Object.keys(APP_RUNNER_MEMORY).join(", ")}.`,
      )
      .default("2 vCPU")
      .describe("vCPUs of an instance."),
    memory: z
      .string()
      .regex(/^\d+(\.5)? GB$/, 'Write the memory like "4 GB".')
      .default("4 GB")
      .describe("Memory of an instance; App Runner allows certain amounts for each cpu."),
    concurrency: positive
      .max(200)
      .default(10)
      .describe("Requests that one instance handles at a time before another is started."),
    minSize: positive.max(25).default(1).describe("Instances that are always provisioned."),
    maxSize: positive.max(25).default(2).describe("Instances at most."),
    cron,
    egress,
  })
  .refine(({ cpu, memory }) => APP_RUNNER_MEMORY[cpu]?.includes(Number.parseFloat(memory)), {
    path: ["memory"],
    error: (issue) => {
      const { cpu } = issue.input as { cpu: string };
      return `With ${cpu}, App Runner allows ${APP_RUNNER_MEMORY[cpu]?.join(", ")} GB.`;
    },
  })
  .refine((value) => value.minSize <= value.maxSize, {
    path: ["minSize"],
    error: "minSize must not be above maxSize.",
  });
