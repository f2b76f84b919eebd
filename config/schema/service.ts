// What runs REDCap: ECS Fargate behind a load balancer, or App Runner.
import { z } from "zod";
import { appRunner } from "./app-runner";
import { positive } from "./common";
import { ALLOWED_SIZE, cron, egress, IMAGE_MEANING, imageName, isAllowed, port, taskSize } from "./service-common";

export type { TaskSize } from "./service-common";

export const fargate = z
  .strictObject({
    type: z.literal("fargate"),
    image: imageName.optional().describe(IMAGE_MEANING),
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
    deletionProtection: z
      .boolean()
      .default(true)
      .describe(
        'Whether AWS refuses to delete the load balancer of a protected stage. Before a change to type "app-runner", turn it off and deploy: the change deletes the load balancer.',
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
    egress,
    idleTimeoutSeconds: positive
      .max(4_000, "An Application Load Balancer waits 4,000 seconds at most.")
      .default(4_000)
      .describe("Seconds a request may be silent, for REDCap's long imports and exports."),
  })
  .refine(isAllowed, ALLOWED_SIZE);

export const service = z
  .discriminatedUnion("type", [fargate, appRunner], 'Use type "fargate".')
  .describe('What runs REDCap: { type: "fargate", … } or { type: "app-runner", … }.');

/** Whether something calls cron.php over HTTP, rather than a task that is started. */
export const isCronOverHttp = (config: ServiceConfig): boolean =>
  config.type === "app-runner" && config.cron.via === "http" && config.cron.minutes > 0;

export type FargateConfig = z.infer<typeof fargate>;
export type AppRunnerConfig = z.infer<typeof appRunner>;
export type ServiceConfig = z.infer<typeof service>;
