// What the state machine may do: launch from the one template, look, and end what carries the stage's tag.
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement as Statement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import type { Construct } from "constructs";
import { arn, type Location, MAINTENANCE_TAG, partitionOf, type StageConfig, stageNames } from "../../../config";
import type { Role } from "../../role";

export interface RightsProps {
  stage: StageConfig;
  launchTemplateArn: string;
  subnetIds: string[];
  securityGroupArn: string;
  instanceRole: Role;
  diskKey: KmsKey;
  readyDocumentArn: string;
}

/** Amazon Linux's parameters are AWS's own: their ARN has no account. */
const amiParameters = ({ region }: Location) =>
  `arn:${partitionOf(region)}:ssm:${region}::parameter/aws/service/ami-amazon-linux-latest/*`;

/** Policies of the role by name. */
export const rights = (scope: Construct, props: RightsProps): Record<string, DataAwsIamPolicyDocument> => ({
  launch: new DataAwsIamPolicyDocument(scope, "launch", { statement: [...launch(props), ...encryptDisk(props)] }),
  operate: new DataAwsIamPolicyDocument(scope, "operate", { statement: operate(props) }),
  "deliver-logs": new DataAwsIamPolicyDocument(scope, "deliver-logs", { statement: [deliverLogs] }),
});

/**
 * With this template only, tagged as the stage's, without a public address (EC2 user guide, control launch parameters;
 * service authorization reference, RunInstances).
 */
function launch({ stage, launchTemplateArn, subnetIds, securityGroupArn, instanceRole }: RightsProps): Statement[] {
  const fromTemplate = { test: "ArnEquals", variable: "ec2:LaunchTemplate", values: [launchTemplateArn] };
  const tagged = {
    test: "StringEquals",
    variable: `aws:RequestTag/${MAINTENANCE_TAG}`,
    values: [stageNames(stage).prefix],
  };
  const created = ["instance", "volume"].map((type) => arn("ec2", stage, `${type}/*`));
  return [
    { actions: ["ec2:RunInstances"], resources: created, condition: [fromTemplate, tagged] },
    {
      actions: ["ec2:RunInstances"],
      resources: [arn("ec2", stage, "network-interface/*")],
      condition: [fromTemplate, { test: "Bool", variable: "ec2:AssociatePublicIpAddress", values: ["false"] }],
    },
    {
      actions: ["ec2:RunInstances"],
      resources: [launchTemplateArn, securityGroupArn, ...subnetIds.map((id) => arn("ec2", stage, `subnet/${id}`))],
      condition: [fromTemplate],
    },
    {
      actions: ["ec2:RunInstances"],
      // Which one, the template says: Amazon Linux's newest, whose id is known at launch.
      resources: [`arn:${partitionOf(stage.region)}:ec2:${stage.region}::image/*`],
      condition: [fromTemplate, { test: "StringEquals", variable: "ec2:Owner", values: ["amazon"] }],
    },
    {
      actions: ["ec2:CreateTags"],
      resources: created,
      condition: [{ test: "StringEquals", variable: "ec2:CreateAction", values: ["RunInstances"] }],
    },
    // RunInstances resolves the template's parameter with the caller's rights.
    { actions: ["ssm:GetParameters"], resources: [amiParameters(stage)] },
    {
      actions: ["iam:PassRole"],
      resources: [instanceRole.arn],
      condition: [{ test: "StringEquals", variable: "iam:PassedToService", values: ["ec2.amazonaws.com"] }],
    },
  ];
}

/** EC2 takes the disk's key with the rights of who launches (EBS user guide, permissions for EBS encryption). */
function encryptDisk({ stage, diskKey }: RightsProps): Statement[] {
  const throughEc2 = {
    test: "StringEquals",
    variable: "kms:ViaService",
    values: [`ec2.${stage.region}.amazonaws.com`],
  };
  return [
    {
      actions: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*"],
      resources: [diskKey.arn],
      condition: [throughEc2],
    },
    {
      actions: ["kms:CreateGrant"],
      resources: [diskKey.arn],
      condition: [throughEc2, { test: "Bool", variable: "kms:GrantIsForAWSResource", values: ["true"] }],
    },
  ];
}

function operate({ stage, readyDocumentArn }: RightsProps): Statement[] {
  const { prefix } = stageNames(stage);
  const ofStage = (variable: string) => [{ test: "StringEquals", variable, values: [prefix] }];
  const instances = [arn("ec2", stage, "instance/*")];
  return [
    {
      actions: ["ec2:TerminateInstances"],
      resources: instances,
      condition: ofStage(`aws:ResourceTag/${MAINTENANCE_TAG}`),
    },
    // The one document: no command of anybody's choice.
    { actions: ["ssm:SendCommand"], resources: [readyDocumentArn] },
    { actions: ["ssm:SendCommand"], resources: instances, condition: ofStage(`ssm:resourceTag/${MAINTENANCE_TAG}`) },
    // None of them knows resources (service authorization reference, EC2 and Systems Manager).
    {
      actions: ["ec2:DescribeInstances", "ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation"],
      resources: ["*"],
    },
  ];
}

/** As Step Functions asks for it; a delivery is no resource that could be named (Step Functions developer guide, logging). */
const deliverLogs: Statement = {
  actions: [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
  ],
  resources: ["*"],
};
