// Where a stage runs: a VPC of its own, or one that is brought along.
import { z } from "zod";
import { isCidr } from "./common";

const created = z.strictObject({
  type: z.literal("create"),
  cidr: z
    .string()
    .refine(
      (text) => isCidr(text) && /\/(1[6-9]|2[0-2])$/.test(text),
      "Write an IPv4 block from /16 to /22, such as 10.0.0.0/16.",
    )
    .default("10.0.0.0/16")
    .describe("IPv4 block of the VPC, /16 to /22; each subnet gets a sixteenth of it."),
  zones: z
    .union([z.literal(2), z.literal(3)], "Use 2 or 3 availability zones.")
    .default(2)
    .describe("Availability zones to spread over."),
  nat: z
    .enum(["none", "one", "per-zone"], 'Use "none", "one" or "per-zone".')
    .default("one")
    .describe(
      "NAT gateways: one for all zones, one per zone (production), or none; without NAT the interface endpoints that the service needs are created and REDCap reaches nothing on the internet.",
    ),
});

const subnetIds = z.array(
  z.string().regex(/^subnet-[0-9a-f]+$/, "Write a subnet id such as subnet-0123456789abcdef0."),
);

const existing = z.strictObject({
  type: z.literal("existing"),
  vpcId: z
    .string()
    .regex(/^vpc-[0-9a-f]+$/, "Write a VPC id such as vpc-0123456789abcdef0.")
    .describe("The VPC to deploy into."),
  privateSubnetIds: subnetIds
    .min(2, "Aurora needs private subnets in at least two availability zones.")
    .describe("Private subnets for service and database, at least two, in different zones."),
  publicSubnetIds: subnetIds
    .default([])
    .describe("Public subnets for an internet-facing load balancer; not needed for an internal one."),
});

export const network = z
  .discriminatedUnion("type", [created, existing])
  .prefault({ type: "create" })
  .describe("The VPC: created with the stage, or an existing one.");

export type NetworkConfig = z.infer<typeof network>;
