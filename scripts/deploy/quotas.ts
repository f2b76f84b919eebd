// AWS's quotas, looked at between plan and apply: a deployment that ends half-way at one leaves a mess behind.
import { DescribeAddressesCommand, EC2Client, paginateDescribeVpcs } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingV2Client, paginateDescribeLoadBalancers } from "@aws-sdk/client-elastic-load-balancing-v2";
import { paginateDescribeDBClusters, paginateDescribeDBInstances, RDSClient } from "@aws-sdk/client-rds";
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ServiceQuotasClient,
} from "@aws-sdk/client-service-quotas";
import type { StageConfig } from "../../config";
import { clientConfig } from "../aws";
import { UserError } from "../command";
import { summarize, type TerraformPlan } from "../gate/plan";

/** A quota on the number of resources in an account and region. */
interface Quota {
  name: string;
  serviceCode: string;
  quotaCode: string;
  /** What the plan adds to. */
  needed: (plan: TerraformPlan, stage: StageConfig) => number;
  /** The deployment itself stays below it; passing it is a warning. */
  onlyScaling?: true;
  /** How many there are. */
  used: (config: ReturnType<typeof clientConfig>) => Promise<number>;
}

const created = (type: string) => (plan: TerraformPlan) =>
  summarize(plan).create.filter((address) => address.startsWith(`${type}.`)).length;

/** Codes: Service Quotas console, or `aws service-quotas list-service-quotas --service-code …`. */
const QUOTAS: Quota[] = [
  {
    name: "VPCs",
    serviceCode: "vpc",
    quotaCode: "L-F678F1CE",
    needed: created("aws_vpc"),
    used: async (config) => count(paginateDescribeVpcs({ client: new EC2Client(config) }, {}), ({ Vpcs }) => Vpcs),
  },
  {
    name: "Elastic IP addresses, one per NAT gateway",
    serviceCode: "ec2",
    quotaCode: "L-0263D0A3",
    needed: created("aws_eip"),
    used: async (config) => (await new EC2Client(config).send(new DescribeAddressesCommand({}))).Addresses?.length ?? 0,
  },
  {
    name: "Application Load Balancers",
    serviceCode: "elasticloadbalancing",
    quotaCode: "L-53DA6B97",
    needed: created("aws_lb"),
    used: async (config) =>
      count(paginateDescribeLoadBalancers({ client: new ElasticLoadBalancingV2Client(config) }, {}), (page) =>
        page.LoadBalancers?.filter(({ Type }) => Type === "application"),
      ),
  },
  {
    name: "Aurora clusters",
    serviceCode: "rds",
    quotaCode: "L-952B80B8",
    needed: created("aws_rds_cluster"),
    used: async (config) =>
      count(paginateDescribeDBClusters({ client: new RDSClient(config) }, {}), ({ DBClusters }) => DBClusters),
  },
  {
    name: "database instances",
    serviceCode: "rds",
    quotaCode: "L-7B6409FD",
    needed: created("aws_rds_cluster_instance"),
    used: async (config) =>
      count(paginateDescribeDBInstances({ client: new RDSClient(config) }, {}), ({ DBInstances }) => DBInstances),
  },
  {
    name: "vCPUs of Fargate, with as many tasks as service.scaling allows",
    serviceCode: "fargate",
    quotaCode: "L-3032A538",
    needed: (_, { service }) =>
      service.type === "fargate" ? service.scaling.maxContainers * Number.parseFloat(service.cpu) : 0,
    onlyScaling: true,
    // What other tasks of the account use now says little of what they will use then.
    used: async () => 0,
  },
];

/**
 * @returns what could not be looked at, and what limits no more than scaling
 * @throws UserError naming each quota that the plan would pass, and the command that asks for more
 */
export async function checkQuotas(stage: StageConfig, plan: TerraformPlan): Promise<string[]> {
  const config = clientConfig(stage);
  const client = new ServiceQuotasClient(config);
  const warnings: string[] = [];
  const passed: string[] = [];
  for (const { name, serviceCode, quotaCode, needed, used, onlyScaling } of QUOTAS) {
    const more = needed(plan, stage);
    if (more === 0) continue;
    try {
      const [quota, now] = await Promise.all([quotaValue(client, serviceCode, quotaCode), used(config)]);
      if (now + more <= quota) continue;
      (onlyScaling ? warnings : passed).push(
        `${name}: ${now} are there, ${more} come, ${quota} are allowed. Ask for more:\n` +
          `  aws service-quotas request-service-quota-increase --service-code ${serviceCode} --quota-code ${quotaCode} --desired-value ${now + more} --region ${stage.region}`,
      );
    } catch (error) {
      warnings.push(`The quota of ${name} could not be looked at: ${(error as Error).message}`);
    }
  }
  if (passed.length > 0) {
    throw new UserError(
      `Account ${stage.accountId} has no room in ${stage.region} for this; nothing was changed.\n${passed.join("\n")}`,
    );
  }
  return warnings;
}

/** The account's own value, or AWS's default where nobody asked for another. */
async function quotaValue(client: ServiceQuotasClient, ServiceCode: string, QuotaCode: string): Promise<number> {
  const quota = { ServiceCode, QuotaCode };
  const applied = await client.send(new GetServiceQuotaCommand(quota)).catch((error: Error) => {
    if (error.name === "NoSuchResourceException") return undefined;
    throw error;
  });
  const { Quota: found } = applied ?? (await client.send(new GetAWSDefaultServiceQuotaCommand(quota)));
  if (found?.Value === undefined) throw new Error(`Service Quotas gives no value for ${ServiceCode} ${QuotaCode}`);
  return found.Value;
}

async function count<Page>(pages: AsyncIterable<Page>, items: (page: Page) => unknown[] | undefined): Promise<number> {
  let total = 0;
  for await (const page of pages) total += items(page)?.length ?? 0;
  return total;
}
