// How REDCap sends mail, for whoever runs it: what it is told, what it may read, and what it may call.

import type { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import type { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { type FargateConfig, mailOf, type RelayConfig, type SesConfig } from "../../config";
import type { DnsRecord } from "./domain";
import { connect } from "./security-group";
import { SesMail, type SesMailProps } from "./ses";

export interface Mail {
  /** Who the relay lets in: JSON with host, port, username, password. */
  secretArn: string;
  /** Its key, if the customer's. */
  secretKeyArn: string | undefined;
  fromAddress: string;
  /** SES configuration set of every message. */
  configurationSet?: string;
  /** Its bounces, complaints and rejected messages, for further subscribers. */
  topic?: SnsTopic;
  /** What a person enters where these names have none. */
  suggestedRecords?: DnsRecord[];
  /** Makes and rotates the credentials, where they are the stage's own. */
  keyFunction?: LambdaFunction;
  port: number;
  /** The relay: a group in the VPC, or a block of addresses. */
  relay: SecurityGroup | string;
  /** A task that starts before these fails, or has no mail. */
  needs: ITerraformDependable[];
}

/** Nothing where the stage sends no mail. */
export function mail(scope: Construct, id: string, props: Omit<SesMailProps, "config">): Mail | undefined {
  const config: SesConfig | RelayConfig | undefined = mailOf(props.stage);
  if (config?.type === "ses") return new SesMail(scope, id, { ...props, config });
  return config && { ...config, secretKeyArn: config.secretKeyArn, relay: config.cidr, needs: [] };
}

/** Lets a group call the relay, unless `egress` does already: AWS refuses a rule that is there. */
export function connectToRelay(
  scope: Construct,
  from: SecurityGroup,
  { relay, port }: Mail,
  egress: FargateConfig["egress"],
): ITerraformDependable[] {
  const description = "REDCap to its mail relay";
  if (typeof relay !== "string") return connect(scope, "to-mail", { from, to: relay, port, description });
  if (egress.some((way) => way.port === port && way.cidr === relay)) return [];
  return [
    new VpcSecurityGroupEgressRule(scope, "to-mail", {
      securityGroupId: from.id,
      ...(relay.includes(":") ? { cidrIpv6: relay } : { cidrIpv4: relay }),
      ipProtocol: "tcp",
      fromPort: port,
      toPort: port,
      description,
    }),
  ];
}
