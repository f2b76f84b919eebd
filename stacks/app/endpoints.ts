// Ways from the private subnets to AWS's APIs that stay inside AWS: S3 always, the others where there is no NAT.
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement as Statement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { DataAwsVpcEndpointService } from "@cdktf/provider-aws/lib/data-aws-vpc-endpoint-service";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { partitionOf, type StageConfig, stageNames } from "../../config";
import type { CreatedNetwork } from "./network";
import { securityGroup } from "./security-group";

/** What a Fargate task needs to start and log, and the function calls. Secrets Manager and S3 call KMS themselves. */
const INTERFACE_SERVICES = ["ecr.api", "ecr.dkr", "logs", "secretsmanager"];
/** What Systems Manager's agent on the maintenance server calls beside them (Systems Manager user guide, VPC endpoints). */
const MAINTENANCE_SERVICES = ["ssm", "ssmmessages"];

export interface EndpointsProps {
  stage: StageConfig;
  network: CreatedNetwork;
  /** Whether there is no other way out. */
  interfaceEndpoints: boolean;
  /** Whether REDCap sends mail through SES. */
  mail: boolean;
}

export class Endpoints extends Construct {
  /** What to depend on before something in a private subnet uses an endpoint. */
  readonly ways: ITerraformDependable[];
  /** Of SES's SMTP endpoint, if there is one: without a rule until who sends mail is connected to it. */
  readonly smtp?: SecurityGroup;

  constructor(scope: Construct, id: string, { stage, network, interfaceEndpoints, mail }: EndpointsProps) {
    super(scope, id);
    const { prefix } = stageNames(stage);
    const serviceName = (service: string) =>
      `${stage.region.startsWith("cn-") ? "cn.com.amazonaws" : "com.amazonaws"}.${stage.region}.${service}`;
    const s3 = new VpcEndpoint(this, "s3", {
      vpcId: network.vpcId,
      vpcEndpointType: "Gateway",
      serviceName: serviceName("s3"),
      routeTableIds: network.privateRouteTableIds,
      // Only where there is no other way out. NAT lets REDCap reach any host, so that a policy here would keep nothing
      // in; it would only shut off those buckets that REDCap is configured to use and that are in this region.
      policy: interfaceEndpoints ? this.s3Policy(stage).json : undefined,
      tags: { Name: `${prefix}-s3` },
    });
    this.ways = [s3];
    if (!interfaceEndpoints) return;

    const group = securityGroup(this, "security-group", {
      name: `${prefix}-endpoints`,
      vpcId: network.vpcId,
      description: "Interface endpoints of AWS services",
    });
    this.ways.push(
      new VpcSecurityGroupIngressRule(this, "from-vpc", {
        securityGroupId: group.id,
        cidrIpv4: network.cidr,
        ipProtocol: "tcp",
        fromPort: 443,
        toPort: 443,
        description: "HTTPS from the VPC",
      }),
    );
    const policy = this.ownAccountPolicy(stage);
    for (const service of [...INTERFACE_SERVICES, ...(stage.maintenanceServer ? MAINTENANCE_SERVICES : [])]) {
      this.ways.push(
        new VpcEndpoint(this, service.replace(".", "-"), {
          vpcId: network.vpcId,
          vpcEndpointType: "Interface",
          serviceName: serviceName(service),
          subnetIds: network.privateSubnetIds,
          securityGroupIds: [group.id],
          privateDnsEnabled: true,
          policy: policy.json,
          tags: { Name: `${prefix}-${service}` },
        }),
      );
    }
    if (mail) this.smtp = this.smtpEndpoint(prefix, network, serviceName("email-smtp"));
  }

  /**
   * SES's is not in every zone (SES developer guide, VPC endpoints), and one zone is enough for all of them. It takes no
   * endpoint policy; only SMTP credentials let a message pass.
   */
  private smtpEndpoint(prefix: string, network: CreatedNetwork, serviceName: string): SecurityGroup {
    const group = securityGroup(this, "smtp-security-group", {
      name: `${prefix}-smtp-endpoint`,
      vpcId: network.vpcId,
      description: "SMTP endpoint of Amazon SES",
    });
    const service = new DataAwsVpcEndpointService(this, "smtp-service", { serviceName });
    const subnets = network.privateSubnets.map((subnet) => `aws_subnet.${subnet.friendlyUniqueId}`).join(", ");
    const zones = `data.aws_vpc_endpoint_service.${service.friendlyUniqueId}.availability_zones`;
    const inZone = `contains(${zones}, subnet.availability_zone)`;
    this.ways.push(
      new VpcEndpoint(this, "email-smtp", {
        vpcId: network.vpcId,
        vpcEndpointType: "Interface",
        serviceName,
        subnetIds: Token.asList(`\${[for subnet in [${subnets}] : subnet.id if ${inZone}]}`),
        securityGroupIds: [group.id],
        privateDnsEnabled: true,
        tags: { Name: `${prefix}-email-smtp` },
        lifecycle: {
          precondition: [
            {
              condition: `\${anytrue([for subnet in [${subnets}] : ${inZone}])}`,
              errorMessage:
                'network: SES has no SMTP endpoint in the zones of this VPC. Use nat "one", more zones, or another relay (mail).',
            },
          ],
        },
      }),
    );
    return group;
  }

  /**
   * The stage's own buckets with the account's own credentials, so that nothing leaves for a stranger's bucket; and
   * ECR's, from which image layers are read with credentials of ECR's (ECR user guide, interface VPC endpoints).
   */
  private s3Policy(stage: StageConfig): DataAwsIamPolicyDocument {
    const s3 = `arn:${partitionOf(stage.region)}:s3:::`;
    const { filesBucket } = stageNames(stage);
    return new DataAwsIamPolicyDocument(this, "s3-policy", {
      statement: [
        {
          sid: "OwnFiles",
          actions: ["s3:*"],
          resources: [`${s3}${filesBucket}`, `${s3}${filesBucket}/*`],
          ...ownAccount(stage),
        },
        {
          sid: "ImageLayers",
          actions: ["s3:GetObject"],
          resources: [`${s3}prod-${stage.region}-starport-layer-bucket/*`],
          principals: [{ type: "AWS", identifiers: ["*"] }],
        },
        // Amazon Linux's packages, read without credentials: the maintenance server installs Docker.
        ...(stage.maintenanceServer
          ? [
              {
                sid: "Packages",
                actions: ["s3:GetObject"],
                resources: [`${s3}al2023-repos-${stage.region}-de612dc2/*`],
                principals: [{ type: "AWS", identifiers: ["*"] }],
              },
            ]
          : []),
      ],
    });
  }

  /** Only credentials of this account pass; what they may do, their own policies say, hence every action and resource. */
  private ownAccountPolicy(stage: StageConfig): DataAwsIamPolicyDocument {
    return new DataAwsIamPolicyDocument(this, "own-account-policy", {
      statement: [{ sid: "OwnAccount", actions: ["*"], resources: ["*"], ...ownAccount(stage) }],
    });
  }
}

/** An endpoint policy names callers by condition: its principal cannot be a role (AWS PrivateLink guide, endpoint policies). */
const ownAccount = (stage: StageConfig): Partial<Statement> => ({
  principals: [{ type: "AWS", identifiers: ["*"] }],
  condition: [{ test: "StringEquals", variable: "aws:PrincipalAccount", values: [stage.accountId] }],
});
