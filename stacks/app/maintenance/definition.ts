// What the state machine does: starts a server, waits until it answers and until its time is over, and removes it. Whatever
// fails on the way, the removal comes. Amazon States Language with JSONata (Step Functions developer guide).
import { EXECUTION_TAG, EXPIRES_TAG, MAINTENANCE_TAG, MAX_MAINTENANCE_HOURS } from "../../../config";
import { removal } from "./definition-removal";
import { type State, task, whatever, whatIsLeft } from "./states";

export interface DefinitionProps {
  /** Value of the instances' tag: the stage's prefix. */
  prefix: string;
  launchTemplateId: string;
  /** Tried one after the other: a zone may have no instance of the type left. */
  subnetIds: string[];
  securityGroupId: string;
  /** Tags of instance and disk beside those that the removal needs. */
  tags: Record<string, string>;
  /** Name of the document that waits for REDCap. */
  readyDocument: string;
  port: number;
}

/** Minutes past its time after which an instance ends itself. */
const SHUTDOWN_GRACE_MINUTES = 15;
/** Seconds from one look to the next. */
const LOOK_SECONDS = 10;
/** Looks until an instance must have reported to Systems Manager: 10 minutes. */
const ONLINE_LOOKS = 60;

/** Input: `{ "hours": 3 }` starts a server, `{ "action": "sweep" }` removes those whose time is over. */
export function definition(props: DefinitionProps): object {
  return {
    Comment: "Maintenance server: starts one for some hours, or removes those whose time is over",
    QueryLanguage: "JSONata",
    StartAt: "Begin",
    States: { ...start(props), ...untilItAnswers(props), ...removal(props.prefix) },
  };
}

const start = ({ prefix, launchTemplateId, subnetIds, securityGroupId, tags }: DefinitionProps) => ({
  Begin: {
    Type: "Choice",
    Choices: [
      { Condition: "{% $states.input.action = 'sweep' %}", Next: "FindExpired" },
      {
        Condition: `{% $type($states.input.hours) = 'number' and $states.input.hours > 0 and $states.input.hours <= ${MAX_MAINTENANCE_HOURS} %}`,
        Next: "FindRunning",
        Assign: {
          hours: "{% $states.input.hours %}",
          // From the start on: what a person was told is when it ends.
          expires: "{% $fromMillis($millis() + $states.input.hours * 3600000) %}",
          attempt: 0,
          looks: 0,
          failure: "",
        },
      },
    ],
    Default: "WrongInput",
  },
  WrongInput: {
    Type: "Fail",
    Error: "WrongInput",
    Cause: `The input has no "hours" above 0 and up to ${MAX_MAINTENANCE_HOURS}.`,
  },
  FindRunning: task("ec2:describeInstances", {
    Arguments: { Filters: whatIsLeft(prefix) },
    Assign: { running: "{% [$states.result.Reservations.Instances.InstanceId] %}" },
    Next: "IsRunning",
  }),
  IsRunning: {
    Type: "Choice",
    Choices: [{ Condition: "{% $count($running) > 0 %}", Next: "AlreadyRunning" }],
    Default: "Launch",
  },
  AlreadyRunning: {
    Type: "Fail",
    Error: "AlreadyRunning",
    Cause: "{% 'The stage has a maintenance server already: ' & $join($running, ', ') %}",
  },
  Launch: task("ec2:runInstances", {
    Arguments: {
      // A repeated call starts no second one.
      ClientToken: "{% $states.context.Execution.Name & '-' & $string($attempt) %}",
      LaunchTemplate: { LaunchTemplateId: launchTemplateId, Version: "$Latest" },
      MinCount: 1,
      MaxCount: 1,
      // Whole, as in the template: the two are not merged within an interface.
      NetworkInterfaces: [
        {
          DeviceIndex: 0,
          SubnetId: `{% ${JSON.stringify(subnetIds)}[$attempt] %}`,
          Groups: [securityGroupId],
          AssociatePublicIpAddress: false,
          DeleteOnTermination: true,
        },
      ],
      TagSpecifications: ["instance", "volume"].map((ResourceType) => ({
        ResourceType,
        Tags: Object.entries({
          ...tags,
          [MAINTENANCE_TAG]: prefix,
          [EXPIRES_TAG]: "{% $expires %}",
          [EXECUTION_TAG]: "{% $states.context.Execution.Name %}",
        }).map(([Key, Value]) => ({ Key, Value })),
      })),
    },
    Assign: { instance: "{% $states.result.Instances[0].InstanceId %}" },
    Next: "Online",
    Catch: whatever("OtherSubnet", { attempt: "{% $attempt + 1 %}" }),
  }),
  OtherSubnet: {
    Type: "Choice",
    Choices: [{ Condition: `{% $attempt < ${subnetIds.length} %}`, Next: "Launch" }],
    Default: "FindOwn",
  },
});

const untilItAnswers = ({ readyDocument, port }: DefinitionProps): Record<string, State> => ({
  Online: task("ssm:describeInstanceInformation", {
    Arguments: { Filters: [{ Key: "InstanceIds", Values: ["{% $instance %}"] }] },
    Assign: {
      online: "{% 'Online' in $states.result.InstanceInformationList.PingStatus %}",
      looks: "{% $looks + 1 %}",
    },
    Next: "IsOnline",
  }),
  IsOnline: {
    Type: "Choice",
    Choices: [
      { Condition: "{% $online %}", Next: "CheckReady", Assign: { failure: "" } },
      { Condition: `{% $looks < ${ONLINE_LOOKS} %}`, Next: "WaitOnline" },
    ],
    Default: "NotOnline",
  },
  WaitOnline: { Type: "Wait", Seconds: LOOK_SECONDS, Next: "Online" },
  NotOnline: {
    Type: "Pass",
    Assign: { failure: "{% $instance & ' does not reach Systems Manager: look at its way out of the VPC.' %}" },
    Next: "FindOwn",
  },
  CheckReady: task("ssm:sendCommand", {
    Arguments: {
      DocumentName: readyDocument,
      InstanceIds: ["{% $instance %}"],
      Parameters: {
        minutes: [`{% $string($ceil($hours * 60) + ${SHUTDOWN_GRACE_MINUTES}) %}`],
        port: [String(port)],
      },
      TimeoutSeconds: 120,
    },
    Assign: { command: "{% $states.result.Command.CommandId %}" },
    Next: "WaitReady",
  }),
  WaitReady: { Type: "Wait", Seconds: LOOK_SECONDS, Next: "Ready" },
  Ready: task("ssm:getCommandInvocation", {
    Arguments: { CommandId: "{% $command %}", InstanceId: "{% $instance %}" },
    Assign: {
      status: "{% $states.result.Status %}",
      said: "{% $states.result.StandardOutputContent & $states.result.StandardErrorContent %}",
    },
    Next: "IsReady",
  }),
  IsReady: {
    Type: "Choice",
    Choices: [
      { Condition: "{% $status = 'Success' %}", Next: "Serve" },
      { Condition: "{% $status in ['Pending', 'InProgress', 'Delayed'] %}", Next: "WaitReady" },
    ],
    Default: "NotReady",
  },
  NotReady: {
    Type: "Pass",
    Assign: { failure: "{% 'REDCap does not answer on ' & $instance & ' (' & $status & '): ' & $said %}" },
    Next: "FindOwn",
  },
  Serve: { Type: "Wait", Timestamp: "{% $expires %}", Next: "FindOwn" },
});
