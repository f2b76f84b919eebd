// Security groups, and the one way in which two of them are connected: a rule out of one, a rule into the other.
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { FargateConfig } from "../../config";

/** A group without any rule: nothing in, nothing out. */
export function securityGroup(
  scope: Construct,
  id: string,
  props: { name: string; vpcId: string; description: string },
) {
  return new SecurityGroup(scope, id, { ...props, tags: { Name: props.name } });
}

export interface ConnectionProps {
  from: SecurityGroup;
  to: SecurityGroup;
  /** TCP port; may be known only after deployment. */
  port: number;
  description: string;
}

/**
 * Lets `from` reach `to` on one port.
 * @returns what to depend on before the connection is used
 */
export function connect(scope: Construct, id: string, props: ConnectionProps): ITerraformDependable[] {
  const { from, to, port, description } = props;
  const rule = { ipProtocol: "tcp", fromPort: port, toPort: port, description };
  return [
    new VpcSecurityGroupEgressRule(scope, `${id}-out`, {
      ...rule,
      securityGroupId: from.id,
      referencedSecurityGroupId: to.id,
    }),
    new VpcSecurityGroupIngressRule(scope, `${id}-in`, {
      ...rule,
      securityGroupId: to.id,
      referencedSecurityGroupId: from.id,
    }),
  ];
}

/** Lets a group reach what REDCap's administrators configure, but nothing else. Rules by port and block, not by place in the list. */
export function allowOut(scope: Construct, from: SecurityGroup, ways: FargateConfig["egress"]): ITerraformDependable[] {
  return ways.map(
    ({ port, cidr }) =>
      new VpcSecurityGroupEgressRule(scope, `to-${cidr}-${port}`, {
        securityGroupId: from.id,
        ...(cidr.includes(":") ? { cidrIpv6: cidr } : { cidrIpv4: cidr }),
        ipProtocol: "tcp",
        fromPort: port,
        toPort: port,
        description: "What REDCap is configured to call",
      }),
  );
}

/** Lets a group reach every address over HTTPS: AWS's own APIs have no fixed addresses. */
export function allowHttpsOut(scope: Construct, id: string, from: SecurityGroup): ITerraformDependable {
  return new VpcSecurityGroupEgressRule(scope, id, {
    securityGroupId: from.id,
    ipProtocol: "tcp",
    fromPort: 443,
    toPort: 443,
    cidrIpv4: "0.0.0.0/0",
    description: "AWS APIs, through NAT or interface endpoints",
  });
}
