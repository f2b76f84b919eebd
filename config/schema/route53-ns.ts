// The account of the parent domain, where it is another one: which of its names lead to the zones of the applications.
import { z } from "zod";
import { accountId, profile, region, tags } from "./common";
import { domainName } from "./domain";

/** As people copy it: the console of Route 53 writes a dot at the end, the output `name_servers` none. */
const nameServer = z
  .string()
  .transform((text) => text.toLowerCase().replace(/\.$/, ""))
  .pipe(domainName);

const app = z.strictObject({
  name: z
    .string()
    .regex(
      /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      "Write the name below the domain, such as redcap: lower-case, without the domain and without a dot at the end.",
    )
    .describe("Name below the domain, such as redcap."),
  nsRecords: z
    .array(nameServer)
    .min(2, "Write all name servers that the stage put out: Route 53 gives a zone four.")
    .max(8, "Write the name servers of one zone: Route 53 gives it four.")
    .refine((servers) => new Set(servers).size === servers.length, "A name server is written twice: remove one.")
    .describe("Name servers of the stage's zone: its output `name_servers`."),
});

export const route53Ns = z
  .strictObject({
    accountId,
    region,
    profile,
    domain: domainName.describe("Parent domain, whose public hosted zone is in this account."),
    apps: z
      .array(app)
      .refine(
        (apps) => new Set(apps.map(({ name }) => name)).size === apps.length,
        "Two apps have the same name: one name leads to one zone.",
      )
      .default([])
      .describe("Zones that applications have below the domain."),
    tags: tags.default({}).describe("Tags of every resource of the stack."),
  })
  .superRefine(({ domain, apps }, context) => {
    for (const [index, { name }] of apps.entries()) {
      const whole = name === domain || name.endsWith(`.${domain}`);
      if (whole)
        context.addIssue({
          code: "custom",
          path: ["apps", index, "name"],
          message: `This would be ${name}.${domain}: leave the domain out.`,
        });
    }
  })
  .describe("The account that hosts the parent domain, where it is another one.");

export type Route53NsConfig = z.infer<typeof route53Ns>;
