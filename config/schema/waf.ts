// What stands in front of REDCap: who may reach it, and the web ACL of AWS WAF.
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { MANAGED_RULE_GROUPS, MANAGED_RULE_NAMES, MANAGED_RULES } from "../managed-rules";
import { cidr, logRetentionDays } from "./common";
import { COUNTRIES } from "./countries";

const once = (list: string[]) => new Set(list).size === list.length;

const action = z.enum(
  ["count", "block", "captcha", "challenge"],
  'Use "count", "block", "captcha" or "challenge"; an "allow" would lead past every rule that comes later.',
);
export type RuleAction = z.infer<typeof action>;

const created = z
  .strictObject({
    type: z.literal("create"),
    rateLimit: z
      .number()
      .int()
      .min(10)
      .max(2_000_000_000)
      .default(20_000)
      .describe(
        "Requests from one address within 5 minutes, above which AWS WAF answers 429 until they are fewer. A hospital is one address: the default lets some 400 people behind it open 5 pages each, at 10 requests a page.",
      ),
    overrides: z
      .partialRecord(z.enum(MANAGED_RULE_NAMES), action)
      .default({})
      .describe(
        'Actions of single managed rules, over AWS\'s and over those that REDCap needs: { GenericRFI_QUERYARGUMENTS: "count" }. docs/protection.md has the way from a false positive to its rule.',
      ),
    excludedGroups: z
      .array(
        z.strictObject({
          group: z.enum(MANAGED_RULE_GROUPS).describe("The managed rule group."),
          reason: z.string().min(10, "Say in a sentence why nothing of this group is needed.").describe("Why."),
        }),
      )
      .default([])
      .describe("Managed rule groups that the web ACL goes without."),
    logRetention: logRetentionDays
      .optional()
      .describe("Days that the web ACL's log is kept. Default: `trafficLogRetention`."),
  })
  .superRefine(({ overrides, excludedGroups }, context) => {
    excludedGroups.forEach(({ group }, index) => {
      if (excludedGroups.findIndex((other) => other.group === group) !== index)
        context.addIssue({ code: "custom", path: ["excludedGroups", index, "group"], message: "It is written twice." });
      for (const rule of MANAGED_RULES[group].rules.filter((name) => overrides[name]))
        context.addIssue({
          code: "custom",
          path: ["overrides", rule],
          message: `Its group ${group} is in excludedGroups: remove one of the two.`,
        });
    });
  });

const existing = z.strictObject({
  type: z.literal("existing"),
  webAclArn: z
    .string()
    .regex(
      /^arn:[\w-]+:wafv2:[a-z0-9-]+:\d{12}:regional\/webacl\/[\w-]+\/[\w-]+$/,
      "Write the ARN of a regional web ACL, such as arn:aws:wafv2:eu-west-2:111111111111:regional/webacl/name/id.",
    )
    .describe("Web ACL of the stage's account and region. Its owner sees to its rules and its log."),
});

const none = z.strictObject({
  type: z.literal("none"),
  reason: z.string().min(10, "Say in a sentence why REDCap goes without AWS WAF.").describe("Why."),
});

/** Fields of a stage. */
export const edgeFields = {
  allowedIps: z
    .array(cidr)
    .refine(once, "A block is written twice: remove one.")
    .default([])
    .describe(
      'Address blocks that may reach REDCap, IPv4 and IPv6. Default: none. Write ["0.0.0.0/0", "::/0"] for everyone.',
    ),
  allowedCountries: z
    .array(
      z
        .string()
        .refine(
          (code) => COUNTRIES.has(code),
          "Write a country's two letters as in ISO 3166-1, such as GB (not UK), DE or JP.",
        ),
    )
    .max(50, "AWS WAF takes 50 countries at most.")
    .refine(once, "A country is written twice: remove one.")
    .default([])
    .describe(
      "Countries that may reach REDCap, of the addresses that `allowedIps` lets in. Default: every country. Services that call REDCap, such as Twilio, have a country, too.",
    ),
  maintenanceAddresses: z
    .array(cidr.refine((block) => !block.endsWith("/0"), "These pages ask for no password: name your own addresses."))
    .refine(once, "A block is written twice: remove one.")
    .default([])
    .describe(
      "Address blocks out of `allowedIps` that may open install.php and upgrade.php. Default: none, since this project installs and upgrades without them.",
    ),
  waf: z
    .discriminatedUnion("type", [created, existing, none], 'Use type "create", "existing" or "none".')
    .prefault({ type: "create" })
    .describe(
      'AWS WAF in front of REDCap: { type: "create", … }, a web ACL of one\'s own { type: "existing", webAclArn }, or { type: "none", reason }.',
    ),
};

export type WafConfig = z.infer<typeof edgeFields.waf>;
export type CreatedWaf = Extract<WafConfig, { type: "create" }>;

interface Edge {
  accountId: string;
  region: string;
  allowedIps: string[];
  allowedCountries: string[];
  maintenanceAddresses: string[];
  waf: WafConfig;
  service: { type: string; internal?: boolean };
}

/** Whether all of a block is in another one. */
function isWithin(block: string, outer: string): boolean {
  const [address, prefix] = ipaddr.parseCIDR(block);
  const [network, length] = ipaddr.parseCIDR(outer);
  return address.kind() === network.kind() && prefix >= length && address.match(network, length);
}

/** What is wrong with a stage's edge as a whole. */
export function edgeProblems(stage: Edge): { path: (string | number)[]; message: string }[] {
  const { allowedIps, allowedCountries, maintenanceAddresses, waf, service } = stage;
  const problems = maintenanceAddresses.flatMap((block, index) =>
    allowedIps.some((allowed) => isWithin(block, allowed))
      ? []
      : [{ path: ["maintenanceAddresses", index], message: "allowedIps does not let it in: add it there as well." }],
  ) as { path: (string | number)[]; message: string }[];
  if (waf.type === "existing") {
    const [, , , region, account] = waf.webAclArn.split(":");
    if (region !== stage.region || account !== stage.accountId)
      problems.push({
        path: ["waf", "webAclArn"],
        message: `A web ACL protects what is in its own account and region only: ${stage.accountId}, ${stage.region}.`,
      });
  }
  if (allowedCountries.length > 0 && waf.type !== "create")
    problems.push({
      path: ["allowedCountries"],
      message: 'Only a web ACL tells countries apart: set waf.type to "create", or write the rule into your own ACL.',
    });
  if (allowedCountries.length > 0 && service.internal)
    problems.push({
      path: ["allowedCountries"],
      message:
        "Who reaches an internal load balancer has a private address, of no country: leave allowedCountries out.",
    });
  if (service.type === "app-runner" && waf.type !== "create" && !allowedIps.includes("0.0.0.0/0"))
    problems.push({
      path: ["allowedIps"],
      message:
        'App Runner has no security group, so only the created web ACL holds addresses back: set waf.type to "create", or allow everyone.',
    });
  return problems;
}
