// Auto scaling configurations and VPC connectors: revisions that services share, and that cannot go while one has them
// (App Runner developer guide, sharable resources).
import * as rules from "./rules";
import { type Input, invalid, notFound, type Region, type Revision } from "./state";

type Handler = (input: Input, region: Region) => object;

function find(from: Map<string, Revision>, arn: unknown): Revision {
  const found = from.get(String(arn));
  if (!found) throw notFound(`Resource ${String(arn)} was not found.`);
  return found;
}

function remove(from: Map<string, Revision>, arn: unknown, region: Region): Revision {
  const revision = find(from, arn);
  if (region.isUsed(revision.arn)) throw invalid(`${revision.arn} is being used by a service.`);
  from.delete(revision.arn);
  return revision;
}

const showScaling = ({ arn, name, number, createdAt, settings }: Revision, region: Region, Status = "active") => ({
  ...settings,
  AutoScalingConfigurationArn: arn,
  AutoScalingConfigurationName: name,
  AutoScalingConfigurationRevision: number,
  CreatedAt: createdAt,
  HasAssociatedService: region.isUsed(arn),
  IsDefault: false,
  Latest: ![...region.scalings.values()].some((other) => other.name === name && other.number > number),
  Status,
});

const showConnector = ({ arn, name, number, createdAt, settings }: Revision, Status = "ACTIVE") => ({
  ...settings,
  ...{ VpcConnectorArn: arn, VpcConnectorName: name, VpcConnectorRevision: number, CreatedAt: createdAt, Status },
});

export const revisionHandlers: Record<string, Handler> = {
  CreateAutoScalingConfiguration: (input, region) => {
    const name = String(input.AutoScalingConfigurationName);
    if (!/^[A-Za-z0-9][A-Za-z0-9\-_]{3,31}$/.test(name)) throw invalid(`AutoScalingConfigurationName ${name}`);
    const made = region.addRevision(region.scalings, "autoscalingconfiguration", name, rules.scaling(input));
    region.keepTags(made.arn, input.Tags);
    return { AutoScalingConfiguration: showScaling(made, region) };
  },
  DescribeAutoScalingConfiguration: ({ AutoScalingConfigurationArn }, region) => ({
    AutoScalingConfiguration: showScaling(find(region.scalings, AutoScalingConfigurationArn), region),
  }),
  DeleteAutoScalingConfiguration: ({ AutoScalingConfigurationArn }, region) => ({
    AutoScalingConfiguration: showScaling(
      remove(region.scalings, AutoScalingConfigurationArn, region),
      region,
      "inactive",
    ),
  }),
  CreateVpcConnector: (input, region) => {
    const { Subnets = [], SecurityGroups = [] } = input as { Subnets?: string[]; SecurityGroups?: string[] };
    if (Subnets.length === 0) throw invalid("Subnets: at least one is needed.");
    const name = String(input.VpcConnectorName);
    const made = region.addRevision(region.connectors, "vpcconnector", name, { Subnets, SecurityGroups });
    region.keepTags(made.arn, input.Tags);
    return { VpcConnector: showConnector(made) };
  },
  DescribeVpcConnector: ({ VpcConnectorArn }, region) => ({
    VpcConnector: showConnector(find(region.connectors, VpcConnectorArn)),
  }),
  DeleteVpcConnector: ({ VpcConnectorArn }, region) => ({
    VpcConnector: showConnector(remove(region.connectors, VpcConnectorArn, region), "INACTIVE"),
  }),
  ListTagsForResource: ({ ResourceArn }, region) => ({
    Tags: Object.entries(region.tags.get(String(ResourceArn)) ?? {}).map(([Key, Value]) => ({ Key, Value })),
  }),
  TagResource: ({ ResourceArn, Tags }, region) => {
    region.keepTags(String(ResourceArn), Tags);
    return {};
  },
  UntagResource: ({ ResourceArn, TagKeys }, region) => {
    const tags = region.tags.get(String(ResourceArn)) ?? {};
    for (const key of (TagKeys ?? []) as string[]) delete tags[key];
    return {};
  },
};
