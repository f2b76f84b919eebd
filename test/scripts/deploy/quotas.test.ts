// Quotas are looked at between plan and apply: what the plan would pass is refused, with the command that asks for more.
import { EC2Client } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { RDSClient } from "@aws-sdk/client-rds";
import { ServiceQuotasClient } from "@aws-sdk/client-service-quotas";
import { findStage, validate } from "../../../config";
import { checkQuotas } from "../../../scripts/deploy/quotas";
import type { TerraformPlan } from "../../../scripts/gate/plan";
import { sampleInput } from "../../stacks/synth";

const stage = findStage(validate(sampleInput()), "prod");

/** A plan that creates so many of a type. */
const creating = (counts: Record<string, number>): TerraformPlan =>
  ({
    resource_changes: Object.entries(counts).flatMap(([type, count]) =>
      Array.from({ length: count }, (_, index) => ({
        ...{ address: `${type}.x${index}`, type, name: `x${index}`, mode: "managed" },
        change: { actions: ["create"], before: null, after: {} },
      })),
    ),
  }) as unknown as TerraformPlan;

const VPCS = "L-F678F1CE";
const ADDRESSES = "L-0263D0A3";
const FARGATE = "L-3032A538";

/** What AWS answers: quotas of the account by code, and how many VPCs and addresses there are. */
function account({ quotas = {}, vpcs = 1, addresses = 1 }: Answers = {}) {
  const answers = async (command: { constructor: { name: string }; input: { QuotaCode?: string } }) => {
    const value = quotas[command.input.QuotaCode ?? ""];
    switch (command.constructor.name) {
      case "GetServiceQuotaCommand":
        if (value instanceof Error) throw value;
        if (value === undefined) throw Object.assign(new Error("none"), { name: "NoSuchResourceException" });
        return { Quota: { Value: value } };
      case "GetAWSDefaultServiceQuotaCommand":
        return { Quota: { Value: 5 } };
      case "DescribeVpcsCommand":
        return { Vpcs: Array(vpcs).fill({}) };
      case "DescribeAddressesCommand":
        return { Addresses: Array(addresses).fill({}) };
      default:
        return {};
    }
  };
  for (const client of [ServiceQuotasClient, EC2Client, ElasticLoadBalancingV2Client, RDSClient])
    jest.spyOn(client.prototype, "send").mockImplementation(answers as never);
}
interface Answers {
  quotas?: Record<string, number | Error>;
  vpcs?: number;
  addresses?: number;
}
afterEach(() => jest.restoreAllMocks());

test("what has room is let through, and what the plan does not add to is not asked for", async () => {
  account({ vpcs: 4, quotas: { [ADDRESSES]: 0, [FARGATE]: 12 } });
  expect(await checkQuotas(stage, creating({ aws_vpc: 1 }))).toEqual([]);
});

test("each quota that the plan would pass is named, with the command that asks for more", async () => {
  account({ vpcs: 5, addresses: 3, quotas: { [FARGATE]: 12 } });
  const refused = checkQuotas(stage, creating({ aws_vpc: 1, aws_eip: 3 }));
  await expect(refused).rejects.toThrow(/no room in eu-west-2 for this; nothing was changed/);
  await expect(refused).rejects.toThrow(/VPCs: 5 are there, 1 come, 5 are allowed/);
  await expect(refused).rejects.toThrow(
    `--service-code ec2 --quota-code ${ADDRESSES} --desired-value 6 --region eu-west-2`,
  );
});

test("a quota that the account was given counts, not AWS's default", async () => {
  account({ vpcs: 5, quotas: { [VPCS]: 6, [FARGATE]: 12 } });
  expect(await checkQuotas(stage, creating({ aws_vpc: 1 }))).toEqual([]);
});

test("what limits scaling alone, and what could not be looked at, are warnings", async () => {
  account({ quotas: { [FARGATE]: 11, [VPCS]: new Error("AccessDenied: no right to look") } });
  expect(await checkQuotas(stage, creating({ aws_vpc: 1 }))).toEqual([
    "The quota of VPCs could not be looked at: AccessDenied: no right to look",
    // Six tasks of 2 vCPU.
    expect.stringContaining("vCPUs of Fargate, with as many tasks as service.scaling allows: 0 are there, 12 come"),
  ]);
});
