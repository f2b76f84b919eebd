// App Runner's services: each change is an operation that takes a moment, and while it does the service takes no other.
import { randomUUID } from "node:crypto";
import type { MotoClient } from "../host/moto-client";
import { AwsError } from "../service";
import * as rules from "./rules";
import {
  type Input,
  invalid,
  notFound,
  now,
  type OperationType,
  type Region,
  type Revision,
  SETTINGS,
  type Service,
  type Settings,
} from "./state";

export interface ServicesProps {
  moto: MotoClient;
  /** How long an operation takes. */
  seconds: number;
  /** Whether the next operation of this type fails; asked once for each. */
  fails: (type: OperationType) => boolean;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9-_]{3,39}$/;
type Handler = (input: Input, region: Region) => Promise<object> | object;

export function serviceHandlers({ moto, seconds, fails }: ServicesProps): Record<string, Handler> {
  /** @throws AwsError where there is none, and where its status does not allow what is asked */
  function find(input: Input, region: Region, allowed?: string[]): Service {
    const service = region.services.get(String(input.ServiceArn));
    if (!service) throw notFound(`Service ${String(input.ServiceArn)} was not found.`);
    settle(service);
    if (allowed && !allowed.includes(service.status)) {
      const message = `Service cannot be changed in the current state: ${service.status}.`;
      throw new AwsError("InvalidStateException", message);
    }
    return service;
  }

  /** Starts an operation; `result` is the status that it ends with, `undo` what a failure takes back. */
  function begin(service: Service, type: OperationType, result: string, undo?: () => void): string {
    const operation = {
      ...{ Id: randomUUID(), Type: type, Status: "IN_PROGRESS", TargetArn: service.arn, StartedAt: now() },
    } as Service["operations"][number];
    service.operations.unshift(operation);
    const before = service.status;
    service.status = "OPERATION_IN_PROGRESS";
    const failed = fails(type);
    service.pending = {
      at: now() + seconds,
      end: () => {
        operation.EndedAt = now();
        // What ran before goes on (developer guide, deploying; API reference, OperationSummary).
        if (failed && undo) undo();
        operation.Status = !failed ? "SUCCEEDED" : undo ? "ROLLBACK_SUCCEEDED" : "FAILED";
        service.status = !failed ? result : type === "CREATE_SERVICE" ? "CREATE_FAILED" : before;
      },
    };
    return operation.Id;
  }

  /** What the request sets, checked, with App Runner's defaults. */
  async function settingsOf(input: Input, region: Region): Promise<Settings> {
    const settings: Input = {};
    for (const name of SETTINGS) if (input[name] !== undefined) settings[name] = input[name];
    const { SourceConfiguration, InstanceConfiguration, NetworkConfiguration, HealthCheckConfiguration } = input;
    if (SourceConfiguration) await rules.source(moto, region.place, SourceConfiguration as Input);
    if (InstanceConfiguration) {
      settings.InstanceConfiguration = rules.instance(InstanceConfiguration as Input);
      const { InstanceRoleArn } = InstanceConfiguration as Input;
      if (InstanceRoleArn) {
        const principal = "tasks.apprunner.amazonaws.com";
        await rules.assumable(moto, region.place, String(InstanceRoleArn), principal, "instance");
      }
    }
    if (HealthCheckConfiguration)
      settings.HealthCheckConfiguration = rules.healthCheck(HealthCheckConfiguration as Input);
    if (NetworkConfiguration) {
      settings.NetworkConfiguration = rules.network(NetworkConfiguration as Input);
      const { VpcConnectorArn } = ((NetworkConfiguration as Input).EgressConfiguration ?? {}) as Input;
      if (VpcConnectorArn && !region.connectors.has(String(VpcConnectorArn)))
        throw invalid(`VPC connector ${String(VpcConnectorArn)} does not exist.`);
    }
    const { AutoScalingConfigurationArn: scaling } = input;
    if (scaling && !region.scalings.has(String(scaling)))
      throw invalid(`Auto scaling configuration ${String(scaling)} does not exist.`);
    return settings as Settings;
  }

  const change =
    (type: OperationType, from: string[], to: string): Handler =>
    (input, region) => {
      const service = find(input, region, from);
      const OperationId = begin(service, type, to, type === "START_DEPLOYMENT" ? () => undefined : undefined);
      return { OperationId, Service: show(service, region) };
    };

  return {
    CreateService: async (input, region) => {
      const name = String(input.ServiceName);
      if (!NAME.test(name)) throw invalid(`ServiceName ${name} is not of the form ${NAME.source}.`);
      for (const other of region.services.values()) {
        settle(other);
        // A failed one counts, too, until somebody deletes it (developer guide, creating a service).
        if (other.name === name && other.status !== "DELETED")
          throw invalid(`Service with the provided name already exists: ${name}.`);
      }
      const defaults = { InstanceConfiguration: {}, HealthCheckConfiguration: {}, NetworkConfiguration: {} };
      const settings = await settingsOf({ ...defaults, ...input }, region);
      const arn = region.arn("service", name);
      const service: Service = {
        ...{ arn, id: arn.replace(/^.*\//, ""), name, createdAt: now(), status: "", operations: [], domains: [] },
        settings: { ObservabilityConfiguration: { ObservabilityEnabled: false }, ...settings },
        encryption: input.EncryptionConfiguration as Input | undefined,
      };
      region.services.set(arn, service);
      region.keepTags(arn, input.Tags);
      return { OperationId: begin(service, "CREATE_SERVICE", "RUNNING"), Service: show(service, region) };
    },
    UpdateService: async (input, region) => {
      const service = find(input, region, ["RUNNING"]);
      const before = service.settings;
      service.settings = { ...before, ...(await settingsOf(input, region)) };
      const undo = () => {
        service.settings = before;
      };
      return { OperationId: begin(service, "UPDATE_SERVICE", "RUNNING", undo), Service: show(service, region) };
    },
    DescribeService: (input, region) => ({ Service: show(find(input, region), region) }),
    ListServices: (_, region) => ({
      ServiceSummaryList: [...region.services.values()].flatMap((service) => {
        settle(service);
        const { ServiceName, ServiceId, ServiceArn, ServiceUrl, CreatedAt, Status } = show(service, region);
        const summary = { ServiceName, ServiceId, ServiceArn, ServiceUrl, CreatedAt, UpdatedAt: CreatedAt, Status };
        return service.status === "DELETED" ? [] : [summary];
      }),
    }),
    ListOperations: (input, region) => ({ OperationSummaryList: find(input, region).operations }),
    DeleteService: change("DELETE_SERVICE", ["RUNNING", "PAUSED", "CREATE_FAILED", "DELETE_FAILED"], "DELETED"),
    PauseService: change("PAUSE_SERVICE", ["RUNNING"], "PAUSED"),
    ResumeService: change("RESUME_SERVICE", ["PAUSED"], "RUNNING"),
    StartDeployment: (input, region) => {
      const { OperationId } = change("START_DEPLOYMENT", ["RUNNING"], "RUNNING")(input, region) as Input;
      return { OperationId };
    },
  };
}

/** Ends an operation whose time has come. */
export function settle(service: Service): void {
  if (!service.pending || now() < service.pending.at) return;
  service.pending.end();
  delete service.pending;
}

function show(service: Service, region: Region) {
  const { AutoScalingConfigurationArn, ...settings } = service.settings;
  const scaling: Revision | undefined = region.scalings.get(String(AutoScalingConfigurationArn));
  return {
    ...settings,
    ...(scaling && {
      AutoScalingConfigurationSummary: {
        AutoScalingConfigurationArn: scaling.arn,
        AutoScalingConfigurationName: scaling.name,
        AutoScalingConfigurationRevision: scaling.number,
      },
    }),
    ...(service.encryption && { EncryptionConfiguration: service.encryption }),
    ServiceName: service.name,
    ServiceId: service.id,
    ServiceArn: service.arn,
    ServiceUrl: `${service.id.slice(0, 10)}.${region.place.region}.awsapprunner.com`,
    CreatedAt: service.createdAt,
    UpdatedAt: service.operations[0]?.EndedAt ?? service.createdAt,
    Status: service.status,
  };
}
