// The maintenance server: an EC2 instance for requests that are too long for the service, there for some hours only.
import { z } from "zod";

/** Hours that a server runs at most: what is to stay longer is no exception any more. */
export const MAX_MAINTENANCE_HOURS = 72;

/** Families of AWS's own Arm processors, such as t4g, m7gd or a1 (EC2 user guide, instance type naming conventions). */
const ARM = /^(a1|[a-z]+\d+g[a-z]*)\./;

export const maintenanceServer = z
  .strictObject({
    hours: z
      .number()
      .int()
      .min(1)
      .max(MAX_MAINTENANCE_HOURS, `A server runs ${MAX_MAINTENANCE_HOURS} hours at most.`)
      .default(3)
      .describe("Hours after which a server removes itself, unless it is started with --hours."),
    instanceType: z
      .string()
      .regex(/^[a-z][a-z0-9-]*\d[a-z0-9-]*\.[a-z0-9-]+$/, "Write an EC2 instance type such as t3.large.")
      .refine(
        (type) => !ARM.test(type),
        "The image is built for x86: take a type without an Arm processor, as t3.large.",
      )
      .default("t3.large")
      .describe("EC2 instance type. Costs arise only while a server runs."),
    port: z
      .number()
      .int()
      .min(1024)
      .max(65_535)
      .default(8443)
      .describe("Port of its HTTPS, on the server and on the computer that forwards to it."),
    diskGb: z
      .number()
      .int()
      .min(30, "Amazon Linux, Docker and the image need 30 GB.")
      .max(16_384)
      .default(50)
      .describe("Size of its encrypted disk in GB: the image, and REDCap's temporary files."),
    certificateSecretArn: z
      .string()
      .regex(/^arn:[\w-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/, "Write the ARN of a secret.")
      .optional()
      .describe(
        'Secret with a certificate of your own: JSON with "certificate" (PEM, with its chain) and "privateKey" (PEM). Default: each server makes its own at start, of which browsers warn.',
      ),
    upgrades: z
      .boolean()
      .default(false)
      .describe(
        "Whether `redcap-upgrade` can be run on the server: its role may then read the secret of the database user that changes tables, and so may whoever takes over REDCap on it. The command of the output upgrade_command needs no server.",
      ),
  })
  .describe(
    "A temporary EC2 server of the same image for requests that take longer than the service allows; started with `npm run maintenance`. Left out: the stage has none.",
  );

export type MaintenanceServerConfig = z.infer<typeof maintenanceServer>;
