// The maintenance server's stack side: a template, a state machine that starts and removes servers, and a sweep behind it.
// No instance is Terraform's: `npm run maintenance` starts one, so that its end is no drift and no deployment brings it back.

import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { SchedulerSchedule } from "@cdktf/provider-aws/lib/scheduler-schedule";
import { SchedulerScheduleGroup } from "@cdktf/provider-aws/lib/scheduler-schedule-group";
import { SfnStateMachine } from "@cdktf/provider-aws/lib/sfn-state-machine";
import { SsmDocument } from "@cdktf/provider-aws/lib/ssm-document";
import { Construct } from "constructs";
import { type MaintenanceServerConfig, type StageConfig, stageNames } from "../../../config";
import { fromAccount, Role } from "../../role";
import type { EncryptionKeys } from "../encryption-keys";
import { logGroup } from "../log-group";
import { connectToRelay } from "../mail";
import type { Network } from "../network";
import { allowOut, connect, securityGroup } from "../security-group";
import type { Tasks } from "../tasks";
import { definition } from "./definition";
import { InstanceRole } from "./instance-role";
import { launchTemplate } from "./launch-template";
import { readyDocument } from "./ready-document";
import { rights } from "./rights";

export interface MaintenanceProps {
  stage: StageConfig;
  config: MaintenanceServerConfig;
  network: Network;
  keys: EncryptionKeys;
  tasks: Tasks;
}

export class Maintenance extends Construct {
  constructor(scope: Construct, id: string, props: MaintenanceProps) {
    super(scope, id);
    const { stage, config, network, keys, tasks } = props;
    const names = stageNames(stage);
    const group = this.reach(props);
    const logs = logGroup(this, "logs", { stage, name: `/aws/ec2/${names.maintenance}`, key: keys.logs });
    const instanceRole = new InstanceRole(this, "server", { stage, config, keys, tasks, logs });
    const template = launchTemplate(this, "template", {
      stage,
      config,
      keys,
      tasks,
      instanceRole,
      securityGroup: group,
      logGroup: logs.name,
    });
    const document = new SsmDocument(this, "ready", {
      name: names.maintenanceReady,
      documentType: "Command",
      documentFormat: "JSON",
      targetType: "/AWS::EC2::Instance",
      content: JSON.stringify(readyDocument(stage.name)),
    });
    const role = new Role(this, "role", {
      iam: stage.iam,
      name: names.maintenance,
      description: "Starts and removes REDCap's maintenance servers",
      assumedBy: "states.amazonaws.com",
      assumeConditions: [
        fromAccount(stage.accountId),
        { test: "ArnEquals", variable: "aws:SourceArn", values: [names.maintenanceStateMachineArn] },
      ],
      policies: rights(this, {
        stage,
        launchTemplateArn: template.arn,
        subnetIds: network.privateSubnetIds,
        securityGroupArn: group.arn,
        instanceRole: instanceRole.role,
        diskKey: keys.files,
        readyDocumentArn: document.arn,
      }),
    });
    // The prefix is AWS's for what it delivers itself (Step Functions developer guide, logging to CloudWatch Logs).
    const history = logGroup(this, "history", {
      stage,
      name: `/aws/vendedlogs/states/${names.maintenance}`,
      key: keys.logs,
    });
    const machine = new SfnStateMachine(this, "machine", {
      name: names.maintenance,
      type: "STANDARD",
      roleArn: role.arn,
      definition: JSON.stringify(
        definition({
          prefix: names.prefix,
          launchTemplateId: template.id,
          subnetIds: network.privateSubnetIds,
          securityGroupId: group.id,
          tags: { ...stage.tags, "redcap:stage": stage.name, "redcap:stack": names.appStack, Name: names.maintenance },
          readyDocument: document.name,
          port: config.port,
        }),
      ),
      loggingConfiguration: { level: "ALL", includeExecutionData: true, logDestination: `${history.arn}:*` },
      dependsOn: [...role.rights, ...instanceRole.role.rights, ...tasks.needs],
    });
    this.sweep(stage, machine);
  }

  /** Out to the database and to what REDCap may call; nothing in, not even from inside the VPC. */
  private reach({ stage, network, tasks }: MaintenanceProps) {
    const group = securityGroup(this, "security-group", {
      name: stageNames(stage).maintenance,
      vpcId: network.vpcId,
      description: "REDCap's maintenance server: reached by Systems Manager only",
    });
    const { database, config, mail } = tasks.containerProps;
    connect(this, "to-database", {
      from: group,
      to: database.securityGroup,
      port: database.cluster.port,
      description: "Maintenance server to Aurora",
    });
    allowOut(this, group, config.egress);
    if (mail) connectToRelay(this, group, mail, config.egress);
    return group;
  }

  /** The second line, should somebody stop an execution: removes servers whose time is over. */
  private sweep(stage: StageConfig, machine: SfnStateMachine): void {
    const names = stageNames(stage);
    const group = new SchedulerScheduleGroup(this, "group", { name: names.maintenance });
    const role = new Role(this, "sweep-role", {
      iam: stage.iam,
      name: names.maintenanceSweep,
      description: "Starts the removal of maintenance servers whose time is over",
      assumedBy: "scheduler.amazonaws.com",
      assumeConditions: [
        fromAccount(stage.accountId),
        { test: "ArnEquals", variable: "aws:SourceArn", values: [group.arn] },
      ],
      policies: {
        start: new DataAwsIamPolicyDocument(this, "start", {
          statement: [{ actions: ["states:StartExecution"], resources: [machine.arn] }],
        }),
      },
    });
    new SchedulerSchedule(this, "sweep", {
      name: names.maintenanceSweep,
      groupName: group.name,
      description: "Removes maintenance servers whose time is over",
      scheduleExpression: "rate(1 hour)",
      flexibleTimeWindow: { mode: "FLEXIBLE", maximumWindowInMinutes: 15 },
      target: {
        arn: machine.arn,
        roleArn: role.arn,
        input: JSON.stringify({ action: "sweep" }),
        // The next one comes in an hour.
        retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 3_600 },
      },
      dependsOn: role.rights,
    });
  }
}
