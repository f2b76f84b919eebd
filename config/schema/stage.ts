// One stage: a complete REDCap of its own, such as dev or prod.
import { z } from "zod";
import { backup } from "./backup";
import { accountId, iam, logRetentionDays, profile, region, tags } from "./common";
import { database } from "./database";
import { domainFields } from "./domain";
import { imageFields } from "./image";
import { mail } from "./mail";
import { maintenanceServer } from "./maintenance-server";
import { budget, monitoring } from "./monitoring";
import { network } from "./network";
import { service } from "./service";
import { edgeFields } from "./waf";

/** Six years and a leap day or two, as CloudWatch Logs counts them. */
const RECORD_DAYS = 2_192;

/** Off only with a reason: the one switch in front of destroying a stage's data. */
const protect = z
  .discriminatedUnion("enabled", [
    z.strictObject({ enabled: z.literal(true) }),
    z.strictObject({
      enabled: z.literal(false),
      reason: z.string().min(10, "Say in a sentence why this stage may be destroyed.").describe("Why it may be."),
    }),
  ])
  .default({ enabled: true })
  .describe("Deletion protection and prevent_destroy. To destroy a stage, turn it off, deploy, then destroy.");

export const stage = z.strictObject({
  name: z
    .string()
    .regex(
      /^(?=.{2,16}$)[a-z]([a-z0-9]|-(?!-))*[a-z0-9]$/,
      "Use 2 to 16 lower-case letters, digits and single hyphens, starting with a letter.",
    )
    .describe("Name of the stage; part of every resource's name, so that several stages can share an account."),
  accountId,
  region,
  profile,
  ...domainFields,
  mail,
  ...imageFields,
  ...edgeFields,
  generalLogRetention: logRetentionDays
    .default(RECORD_DAYS)
    .describe(
      "Days that the logs of service, database, functions and access are kept: who did what. The default is six years, which HIPAA asks of its records (45 CFR 164.316(b)(2)(i)); ask what holds where you are.",
    ),
  trafficLogRetention: logRetentionDays
    .optional()
    .describe(
      "Days that the logs of VPC, firewall and Container Insights are kept: addresses and measurements, and by far the most lines. Default: 365, or `generalLogRetention` if that is shorter.",
    ),
  protect,
  monitoring,
  budget: budget.optional(),
  tags: tags.default({}).describe("Tags of every resource of the stage."),
  iam,
  network,
  db: database,
  service,
  maintenanceServer: maintenanceServer.optional(),
  backup,
});

/** Days. */
export const trafficLogRetention = ({ trafficLogRetention: days, generalLogRetention }: StageConfig) =>
  days ?? (generalLogRetention < 365 ? generalLogRetention : 365);

export type StageConfig = z.infer<typeof stage>;
