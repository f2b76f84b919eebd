// What a maintenance server may do: what REDCap's task may, pull its image, write its log, be reached by Systems Manager.

import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { Construct } from "constructs";
import { arn, type MaintenanceServerConfig, type StageConfig, stageNames } from "../../../config";
import { Role } from "../../role";
import type { EncryptionKeys } from "../encryption-keys";
import { readSecrets, writeLogs } from "../service-roles";
import type { Tasks } from "../tasks";

export interface InstanceRoleProps {
  stage: StageConfig;
  config: MaintenanceServerConfig;
  keys: EncryptionKeys;
  tasks: Tasks;
  logs: CloudwatchLogGroup;
}

export class InstanceRole extends Construct {
  readonly role: Role;
  readonly profile: IamInstanceProfile;

  constructor(scope: Construct, id: string, { stage, config, keys, tasks, logs }: InstanceRoleProps) {
    super(scope, id);
    const { maintenanceServer } = stageNames(stage);
    const { pullImage, ofRedcap } = tasks.roles;
    const { certificateSecretArn } = config;
    const { ddlSecret } = tasks.containerProps.databaseUsers;
    const secrets = [
      ...(certificateSecretArn ? [{ arn: certificateSecretArn }] : []),
      ...(config.upgrades ? [ddlSecret] : []),
    ];
    this.role = new Role(this, "role", {
      iam: stage.iam,
      name: maintenanceServer,
      description: "What REDCap's maintenance server may do",
      assumedBy: "ec2.amazonaws.com",
      policies: {
        ...ofRedcap,
        ...(pullImage ? { "pull-image": pullImage } : {}),
        ...(secrets.length ? { "more-secrets": readSecrets(this, "more-secrets", stage, secrets, keys.database) } : {}),
        "write-logs": writeLogs(this, logs),
        "be-reached": this.beReached(stage),
      },
    });
    this.profile = new IamInstanceProfile(this, "profile", {
      name: maintenanceServer,
      path: stage.iam.rolePath,
      role: this.role.name,
    });
  }

  /**
   * What sessions and commands need, and nothing of AmazonSSMManagedInstanceCore's other features, such as reading every
   * parameter of the account (Systems Manager user guide, permissions for Session Manager).
   */
  private beReached(stage: StageConfig): DataAwsIamPolicyDocument {
    return new DataAwsIamPolicyDocument(this, "be-reached", {
      statement: [
        { actions: ["ssm:UpdateInstanceInformation"], resources: [arn("ec2", stage, "instance/*")] },
        {
          // They know no resources (service authorization reference, Session Manager Message Gateway Service).
          actions: [
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
          ],
          resources: ["*"],
        },
      ],
    });
  }
}
