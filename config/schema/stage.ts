// One stage: a complete REDCap of its own, such as dev or prod.
import { z } from "zod";
import { backup } from "./backup";
import { accountId, cidr, logRetentionDays, profile, region, tags } from "./common";
import { database } from "./database";
import { network } from "./network";
import { service } from "./service";

/** Off only with a reason: the one switch in front of destroying a stage's data. */
const protect = z
  .discriminatedUnion("enabled", [
    z.strictObject({ enabled: z.literal(true) }),
    z.strictObject({
      enabled: z.literal(false),
      reason: z.string().min(10, "Say in a sentence why this stage may be destroyed."),
    }),
  ])
  .default({ enabled: true })
  .describe("Deletion protection and prevent_destroy. To destroy a stage, turn it off, deploy, then destroy.");

const iam = z
  .strictObject({
    rolePath: z
      .string()
      .regex(/^\/([\w+=,.@-]+\/)*$/, "Start and end the path with a slash, such as /redcap/.")
      .default("/")
      .describe("Path of every role."),
    permissionsBoundaryArn: z
      .string()
      .regex(/^arn:[\w-]+:iam::\w+:policy\/.+$/, "Write the ARN of an IAM policy.")
      .optional()
      .describe("Permissions boundary of every role."),
  })
  .prefault({})
  .describe("What an organization asks of every role.");

export const stage = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,14}[a-z0-9]$/,
      "Use 2 to 16 lower-case letters, digits and hyphens, starting with a letter.",
    )
    .describe("Name of the stage; part of every resource's name, so that several stages can share an account."),
  accountId,
  region,
  profile,
  allowedIps: z
    .array(cidr)
    .default([])
    .describe(
      'Address blocks that may reach the load balancer, IPv4 and IPv6. Default: none. Write ["0.0.0.0/0", "::/0"] for everyone.',
    ),
  generalLogRetention: logRetentionDays
    .default(365)
    .describe("Days that the logs of service, database and VPC are kept."),
  protect,
  tags: tags.default({}).describe("Tags of every resource of the stage."),
  iam,
  network,
  db: database,
  service,
  backup,
});

export type StageConfig = z.infer<typeof stage>;
