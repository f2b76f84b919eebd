// What a maintenance server is: the newest Amazon Linux, an encrypted disk, no way in, gone when it shuts down.
import { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import type { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { Fn, TerraformLocal } from "cdktf";
import type { Construct } from "constructs";
import {
  MAX_MAINTENANCE_HOURS,
  type MaintenanceServerConfig,
  type StageConfig,
  stageImage,
  stageNames,
} from "../../../config";
import { maintenanceUpgradeVariables, maintenanceVariables } from "../container";
import type { EncryptionKeys } from "../encryption-keys";
import type { Tasks } from "../tasks";
import type { InstanceRole } from "./instance-role";
import { userData } from "./user-data";

/** Resolved when an instance starts: a deployment need not follow Amazon Linux (Systems Manager user guide, public parameters). */
const IMAGE_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
const ROOT_DEVICE = "/dev/xvda";
/** Beyond the longest time and the minutes that an instance has to remove itself. */
const LIFETIME_MINUTES = (MAX_MAINTENANCE_HOURS + 1) * 60;

export interface LaunchTemplateProps {
  stage: StageConfig;
  config: MaintenanceServerConfig;
  keys: EncryptionKeys;
  tasks: Tasks;
  instanceRole: InstanceRole;
  securityGroup: SecurityGroup;
  /** Name of the log group. */
  logGroup: string;
}

export function launchTemplate(scope: Construct, id: string, props: LaunchTemplateProps): LaunchTemplate {
  const { stage, config, keys, tasks, instanceRole, securityGroup, logGroup } = props;
  // A local of its own: Terraform's functions take its text as it is, with all its quotes and line breaks.
  const script = new TerraformLocal(
    scope,
    "user-data",
    userData({
      image: stageImage(stage),
      region: stage.region,
      logGroup,
      lifetimeMinutes: LIFETIME_MINUTES,
      server: maintenanceVariables(tasks.containerProps, config, MAX_MAINTENANCE_HOURS),
      upgrade: config.upgrades ? maintenanceUpgradeVariables(tasks.containerProps) : undefined,
    }),
  );
  return new LaunchTemplate(scope, id, {
    name: stageNames(stage).maintenance,
    description: `Maintenance server of REDCap ${stage.name}`,
    updateDefaultVersion: true,
    imageId: `resolve:ssm:${IMAGE_PARAMETER}`,
    instanceType: config.instanceType,
    iamInstanceProfile: { arn: instanceRole.profile.arn },
    instanceInitiatedShutdownBehavior: "terminate",
    // The container has the host's network, so that one hop is enough.
    metadataOptions: {
      httpEndpoint: "enabled",
      httpTokens: "required",
      httpPutResponseHopLimit: 1,
      instanceMetadataTags: "disabled",
    },
    networkInterfaces: [
      {
        deviceIndex: 0,
        associatePublicIpAddress: "false",
        securityGroups: [securityGroup.id],
        deleteOnTermination: "true",
      },
    ],
    blockDeviceMappings: [
      {
        deviceName: ROOT_DEVICE,
        // REDCap's temporary files are its users' files for a while: so is their key.
        ebs: {
          encrypted: "true",
          kmsKeyId: keys.files.arn,
          volumeType: "gp3",
          volumeSize: config.diskGb,
          deleteOnTermination: "true",
        },
      },
    ],
    monitoring: { enabled: true },
    userData: Fn.base64encode(script.asString),
  });
}
