// AWS Config's recorder and its delivery channel, which the frameworks of AWS Backup read.
import {
  ConfigServiceClient,
  type ConfigurationRecorder,
  DescribeConfigurationRecorderStatusCommand,
  DescribeConfigurationRecordersCommand,
  DescribeDeliveryChannelsCommand,
  PutConfigurationRecorderCommand,
  PutDeliveryChannelCommand,
  type ResourceType,
  StartConfigurationRecorderCommand,
} from "@aws-sdk/client-config-service";
import { CreateServiceLinkedRoleCommand, IAMClient, ListRolesCommand } from "@aws-sdk/client-iam";
import { accountNames } from "../../config";
import { type Account, clientConfig } from "../aws";
import { UserError } from "../command";
import { bucketArn, privateBucket } from "./bucket";
import { findingOf, type Item, onceReady } from "./item";
import { keyArn, kmsKey } from "./key";
import type { Statement } from "./policy";

/**
 * What the frameworks of AWS Backup evaluate (AWS Backup Audit Manager, turning on resource tracking), and the types
 * that the plans protect. Config charges for each recorded change, so that nothing else is recorded.
 */
const RECORDED: ResourceType[] = [
  "AWS::Backup::BackupPlan",
  "AWS::Backup::BackupSelection",
  "AWS::Backup::BackupVault",
  "AWS::Backup::RecoveryPoint",
  "AWS::Config::ResourceCompliance",
  "AWS::RDS::DBCluster",
  "AWS::S3::Bucket",
];

const SERVICE_ROLE_PATH = "/aws-service-role/config.amazonaws.com/";
/** Days that old versions of delivered configuration history are kept. */
const HISTORY_DAYS = 365;

/** The items of AWS Config: key, bucket and recorder, or only a check where the account has a recorder already. */
export async function awsConfig(account: Account): Promise<Item[]> {
  const names = accountNames(account);
  const { found } = await describe(new ConfigServiceClient(clientConfig(account)));
  const recorder = configRecorder(account);
  if (found && found.name !== names.configRecorder) return [recorder];
  const bucket = {
    purpose: "AWS Config bucket",
    bucket: names.configBucket,
    keyAlias: names.configKeyAlias,
    noncurrentDays: HISTORY_DAYS,
    statements: configDelivers(account, bucketArn(account.region, names.configBucket)),
  };
  const key = {
    alias: names.configKeyAlias,
    description: "Configuration history of AWS Config",
    statements: [configEncrypts(account)],
  };
  return [kmsKey(account, key), privateBucket(account, bucket), recorder];
}

export function configRecorder(account: Account): Item {
  const client = new ConfigServiceClient(clientConfig(account));
  const names = accountNames(account);
  const name = names.configRecorder;

  return {
    name: `AWS Config recorder in ${account.region}`,
    async inspect() {
      const { found, recording, channel } = await describe(client);
      if (!found) return { state: "missing" };
      const settings = {
        "resource types": records(found),
        recording,
        "delivery channel": channel !== undefined,
      };
      if (found.name === name) {
        return findingOf({
          ...settings,
          role: found.roleARN?.includes(SERVICE_ROLE_PATH) === true,
          "delivery channel": channel?.s3BucketName === names.configBucket,
        });
      }
      const finding = findingOf(settings);
      if (finding.state !== "wrong") return { state: "existing" };
      // A region has one recorder at most, and this one is not bootstrap's to change.
      throw new UserError(
        `AWS Config recorder "${found.name}" of account ${account.accountId} was made by somebody else and is not as AWS Backup's frameworks need it (${finding.what}). Let it record ${RECORDED.join(", ")}, and deliver.`,
      );
    },
    async apply() {
      const roleARN = await serviceRole(account);
      await onceReady(
        () =>
          client.send(
            new PutConfigurationRecorderCommand({
              ConfigurationRecorder: {
                name,
                roleARN,
                recordingGroup: {
                  allSupported: false,
                  includeGlobalResourceTypes: false,
                  resourceTypes: RECORDED,
                  recordingStrategy: { useOnly: "INCLUSION_BY_RESOURCE_TYPES" },
                },
              },
            }),
          ),
        "InvalidRoleException",
      );
      const s3KmsKeyArn = await keyArn(account, names.configKeyAlias);
      await onceReady(
        () =>
          client.send(
            new PutDeliveryChannelCommand({
              DeliveryChannel: { name, s3BucketName: names.configBucket, s3KmsKeyArn },
            }),
          ),
        "InsufficientDeliveryPolicyException",
      );
      await client.send(new StartConfigurationRecorderCommand({ ConfigurationRecorderName: name }));
    },
  };
}

async function describe(client: ConfigServiceClient) {
  const [recorders, status, channels] = await Promise.all([
    client.send(new DescribeConfigurationRecordersCommand({})),
    client.send(new DescribeConfigurationRecorderStatusCommand({})),
    client.send(new DescribeDeliveryChannelsCommand({})),
  ]);
  return {
    found: recorders.ConfigurationRecorders?.[0],
    recording: status.ConfigurationRecordersStatus?.[0]?.recording === true,
    channel: channels.DeliveryChannels?.[0],
  };
}

/** Whether a recorder records what is needed, by whichever of its three strategies. */
export function records({ recordingGroup: group }: ConfigurationRecorder): boolean {
  const excluded = group?.exclusionByResourceTypes?.resourceTypes ?? [];
  if (excluded.length > 0) return !RECORDED.some((type) => excluded.includes(type));
  return group?.allSupported === true || RECORDED.every((type) => group?.resourceTypes?.includes(type));
}

/** ARN of AWS Config's own role, which AWS creates on request, once per account. */
async function serviceRole(account: Account): Promise<string | undefined> {
  const iam = new IAMClient(clientConfig(account));
  const { Roles = [] } = await iam.send(new ListRolesCommand({ PathPrefix: SERVICE_ROLE_PATH }));
  if (Roles[0]) return Roles[0].Arn;
  return (await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: "config.amazonaws.com" }))).Role?.Arn;
}

/** AWS Config delivers as the service and for this account only. */
const forAccount = ({ accountId }: Account) => ({ "aws:SourceAccount": accountId });

function configDelivers(account: Account, arn: string): Statement[] {
  const common = { Effect: "Allow" as const, Principal: { Service: "config.amazonaws.com" } };
  return [
    {
      ...common,
      Sid: "ConfigChecksBucket",
      Action: ["s3:GetBucketAcl", "s3:ListBucket"],
      Resource: arn,
      Condition: { StringEquals: forAccount(account) },
    },
    {
      ...common,
      Sid: "ConfigDelivers",
      Action: "s3:PutObject",
      Resource: `${arn}/AWSLogs/${account.accountId}/Config/*`,
      Condition: { StringEquals: { "s3:x-amz-acl": "bucket-owner-full-control", ...forAccount(account) } },
    },
  ];
}

/** In a key policy, `*` means the key itself. */
function configEncrypts(account: Account): Statement {
  return {
    Sid: "ConfigEncrypts",
    Effect: "Allow",
    Principal: { Service: "config.amazonaws.com" },
    Action: ["kms:Decrypt", "kms:GenerateDataKey"],
    Resource: "*",
    Condition: { StringEquals: forAccount(account) },
  };
}
