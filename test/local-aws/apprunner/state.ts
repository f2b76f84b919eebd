// What App Runner keeps, per account and region, in the shapes of its API (App Runner API reference).
import { createHash, randomUUID } from "node:crypto";
import { AwsError, type AwsRequest } from "../service";

export type Input = { [name: string]: unknown };
export type Tags = Record<string, string>;
export type OperationType =
  | "CREATE_SERVICE"
  | "DELETE_SERVICE"
  | "PAUSE_SERVICE"
  | "RESUME_SERVICE"
  | "START_DEPLOYMENT"
  | "UPDATE_SERVICE";

/** Members of a service that a request sets. */
export const SETTINGS = [
  "AutoScalingConfigurationArn",
  "HealthCheckConfiguration",
  "InstanceConfiguration",
  "NetworkConfiguration",
  "ObservabilityConfiguration",
  "SourceConfiguration",
] as const;

export type Settings = { [name in (typeof SETTINGS)[number]]?: Input };

export interface Operation {
  Id: string;
  Type: OperationType;
  Status: string;
  TargetArn: string;
  StartedAt: number;
  EndedAt?: number;
}

export interface CustomDomain {
  DomainName: string;
  EnableWWWSubdomain: boolean;
  /** Lower-case, as the API answers. */
  Status: string;
  /** Seconds since the epoch. */
  changesAt: number;
  records: { Name: string; Type: string; Value: string }[];
}

export interface Service {
  arn: string;
  id: string;
  name: string;
  createdAt: number;
  status: string;
  settings: Settings;
  encryption: Input | undefined;
  operations: Operation[];
  domains: CustomDomain[];
  /** What the operation under way does when its time has come. */
  pending?: { at: number; end: () => void };
}

/** A revision of an auto scaling configuration or a VPC connector. */
export interface Revision {
  arn: string;
  name: string;
  number: number;
  createdAt: number;
  settings: Input;
}

export const now = (): number => Date.now() / 1000;
export const invalid = (message: string): AwsError => new AwsError("InvalidRequestException", message);
export const notFound = (message: string): AwsError => new AwsError("ResourceNotFoundException", message);
const hex = (text: string, length = 32) => createHash("sha256").update(text).digest("hex").slice(0, length);

/** One account in one region. */
export class Region {
  readonly services = new Map<string, Service>();
  readonly scalings = new Map<string, Revision>();
  readonly connectors = new Map<string, Revision>();
  readonly tags = new Map<string, Tags>();

  constructor(readonly place: Pick<AwsRequest, "account" | "region">) {}

  /** `arn("service", "redcap")`, with an id of App Runner's kind at the end. */
  arn(kind: string, path: string): string {
    return `arn:aws:apprunner:${this.place.region}:${this.place.account}:${kind}/${path}/${hex(randomUUID())}`;
  }

  keepTags(arn: string, list: unknown): void {
    const pairs = (list ?? []) as { Key: string; Value?: string }[];
    this.tags.set(arn, {
      ...this.tags.get(arn),
      ...Object.fromEntries(pairs.map((tag) => [tag.Key, tag.Value ?? ""])),
    });
  }

  /** The next revision of its name: they count from 1 (developer guide, sharable resources). */
  addRevision(into: Map<string, Revision>, kind: string, name: string, settings: Input): Revision {
    const number = Math.max(0, ...[...into.values()].filter((one) => one.name === name).map((one) => one.number)) + 1;
    const revision = { arn: this.arn(kind, `${name}/${number}`), name, number, createdAt: now(), settings };
    into.set(revision.arn, revision);
    return revision;
  }

  /** Whether a service that is not deleted names it. */
  isUsed(arn: string): boolean {
    return [...this.services.values()].some(
      ({ status, settings }) => status !== "DELETED" && JSON.stringify(settings).includes(JSON.stringify(arn)),
    );
  }
}

/**
 * What ACM asks for a name: one record for itself and one below a label of its own, as App Runner is seen to want, and one
 * for www.
 */
export function validationRecords(serviceId: string, domain: string, www: boolean) {
  const names = [domain, `${hex(`${serviceId} ${domain}`, 16)}.${domain}`, ...(www ? [`www.${domain}`] : [])];
  return names.map((name) => ({
    Name: `_${hex(`name ${serviceId} ${name}`)}.${name}.`,
    Type: "CNAME",
    Value: `_${hex(`value ${serviceId} ${name}`)}.jkddzztszm.acm-validations.aws.`,
  }));
}
