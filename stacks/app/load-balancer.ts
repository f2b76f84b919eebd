// The Application Load Balancer: HTTPS with a certificate, HTTP only to redirect, open to the allowed addresses.
import { Lb } from "@cdktf/provider-aws/lib/lb";
import { LbListener } from "@cdktf/provider-aws/lib/lb-listener";
import { LbTargetGroup } from "@cdktf/provider-aws/lib/lb-target-group";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { Construct } from "constructs";
import { type FargateConfig, type StageConfig, stageNames } from "../../config";
import { LOAD_BALANCER_LOGS, type LogsBucket } from "./logs-bucket";
import type { Network } from "./network";
import { securityGroup } from "./security-group";

/** TLS 1.3, and 1.2 for older browsers. */
const TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06";

export interface LoadBalancerProps {
  stage: StageConfig;
  config: FargateConfig;
  /** None yet: nothing listens, since REDCap is never served without TLS. */
  certificateArn: string | undefined;
  network: Network;
  logsBucket: LogsBucket;
}

export class LoadBalancer extends Construct {
  readonly balancer: Lb;
  readonly securityGroup: SecurityGroup;
  readonly targetGroup: LbTargetGroup;
  /** HTTPS; none without a certificate. */
  readonly listener?: LbListener;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const { stage, config, certificateArn, network, logsBucket } = props;
    const { prefix } = stageNames(stage);
    this.securityGroup = securityGroup(this, "security-group", {
      name: `${prefix}-load-balancer`,
      vpcId: network.vpcId,
      description: "Load balancer",
    });
    this.admit(stage.allowedIps);
    // REDCap's own checks of surveys and API go out by NAT and come back here.
    if (!config.internal)
      network.ownAddresses.forEach((address, index) => {
        this.ingress(`from-itself-${index + 1}`, { cidrIpv4: `${address}/32` }, 443, "REDCap itself");
      });
    this.balancer = new Lb(this, "balancer", {
      name: prefix,
      loadBalancerType: "application",
      internal: config.internal,
      subnets: network.loadBalancerSubnetIds,
      securityGroups: [this.securityGroup.id],
      enableDeletionProtection: stage.protect.enabled && config.deletionProtection,
      dropInvalidHeaderFields: true,
      idleTimeout: config.idleTimeoutSeconds,
      accessLogs: { enabled: true, bucket: logsBucket.logs.bucket.id, prefix: LOAD_BALANCER_LOGS },
      // ELB writes a test file at once.
      dependsOn: [logsBucket.logs.policy],
    });
    this.targetGroup = new LbTargetGroup(this, "targets", {
      // The port is in the name, so that another port's group can exist beside it until the listener has moved.
      name: `${prefix}-${config.port}`,
      port: config.port,
      protocol: "HTTP",
      targetType: "ip",
      vpcId: network.vpcId,
      // ECS asks a task to end after this delay, and Fargate kills it 120 s later: what takes longer does not survive
      // (ECS developer guide, load balancer connection draining).
      deregistrationDelay: String(config.drainSeconds),
      healthCheck: { path: config.healthCheckPath, matcher: "200", interval: 30, timeout: 10, healthyThreshold: 2 },
      lifecycle: { createBeforeDestroy: true },
    });
    if (!certificateArn) return;
    this.listener = new LbListener(this, "https", {
      loadBalancerArn: this.balancer.arn,
      port: 443,
      protocol: "HTTPS",
      sslPolicy: TLS_POLICY,
      certificateArn,
      defaultAction: [{ type: "forward", targetGroupArn: this.targetGroup.arn }],
    });
    new LbListener(this, "http", {
      loadBalancerArn: this.balancer.arn,
      port: 80,
      protocol: "HTTP",
      defaultAction: [{ type: "redirect", redirect: { port: "443", protocol: "HTTPS", statusCode: "HTTP_301" } }],
    });
  }

  private admit(blocks: string[]): void {
    for (const block of new Set(blocks)) {
      for (const port of [443, 80]) {
        // By the block, not its place in the list: else taking one out would move the others to new addresses, and AWS
        // refuses the same rule while the old one is still there.
        this.ingress(
          `from-${block}-${port}`,
          block.includes(":") ? { cidrIpv6: block } : { cidrIpv4: block },
          port,
          port === 443 ? "HTTPS" : "HTTP, redirected to HTTPS",
        );
      }
    }
  }

  private ingress(
    id: string,
    from: { cidrIpv4: string } | { cidrIpv6: string },
    port: number,
    description: string,
  ): void {
    new VpcSecurityGroupIngressRule(this, id, {
      securityGroupId: this.securityGroup.id,
      ...from,
      ipProtocol: "tcp",
      fromPort: port,
      toPort: port,
      description,
    });
  }
}
