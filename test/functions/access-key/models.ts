// IAM's and Secrets Manager's rules for access keys and versions, in memory. Every call can be made to fail.
import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  type IAMClient,
  LimitExceededException,
  ListAccessKeysCommand,
} from "@aws-sdk/client-iam";
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  InvalidParameterException,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { files } from "../../../functions/access-key/files";
import type { Settings } from "../../../functions/access-key/keys";
import { type AccessKey, User } from "../../../functions/access-key/user";
import { RotatingSecret } from "../../../functions/shared/rotating-secret";

export const ARN = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:redcap-prod/files-key-AbCdEf";
const $metadata = {};
const purpose = files("redcap-prod-files");

interface Version {
  value?: string;
  stages: Set<string>;
}

export class Model {
  /** Keys that IAM knows, oldest first. */
  keys: string[] = [];
  readonly versions = new Map<string, Version>();
  readonly calls: string[] = [];
  /** Keys that S3 was tried with. */
  readonly tried: string[] = [];
  /** The call (from 1) that fails, and whether its effect is there all the same. */
  failing?: { call: number; afterEffect: boolean };
  /** Called after each call, to look at what others see at that moment. */
  watch: () => void = () => undefined;
  private made = 0;

  readonly settings: Settings<AccessKey> = {
    user: new User({ send: this.sender((command) => this.iam(command)) } as unknown as IAMClient, "redcap-prod-files"),
    secret: new RotatingSecret(
      { send: this.sender((command) => this.secrets(command)) } as unknown as SecretsManagerClient,
      ARN,
      purpose.schema,
    ),
    purpose: {
      ...purpose,
      waitUntilAccepted: async ({ accessKeyId }) => {
        this.tried.push(accessKeyId);
        if (!this.keys.includes(accessKeyId)) throw new Error(`S3 does not know ${accessKeyId}`);
      },
    },
  };

  /** What a container reads; undefined where there is nothing. */
  get current(): AccessKey | undefined {
    const version = [...this.versions.values()].find(({ stages }) => stages.has("AWSCURRENT"));
    return version?.value ? JSON.parse(version.value) : undefined;
  }

  /** As RotateSecret begins: an empty version that is pending. */
  begin(version: string): void {
    for (const { stages } of this.versions.values()) stages.delete("AWSPENDING");
    this.versions.set(version, { stages: new Set(["AWSPENDING"]) });
  }

  private sender(answer: (command: object) => object) {
    return async (command: object): Promise<object> => {
      this.calls.push(command.constructor.name);
      const failing = this.calls.length === this.failing?.call;
      if (failing && !this.failing?.afterEffect) throw new Error("interrupted");
      try {
        return answer(command);
      } finally {
        this.watch();
        // Whatever the answer was, it is lost.
        if (failing) await Promise.reject(new Error("interrupted"));
      }
    };
  }

  private iam(command: object): object {
    if (command instanceof ListAccessKeysCommand) {
      const listed = this.keys.map((AccessKeyId) => ({
        AccessKeyId,
        CreateDate: new Date(Number(AccessKeyId.slice(4))),
      }));
      return { AccessKeyMetadata: listed.reverse() };
    }
    if (command instanceof DeleteAccessKeyCommand) {
      this.keys = this.keys.filter((id) => id !== command.input.AccessKeyId);
      return {};
    }
    if (!(command instanceof CreateAccessKeyCommand)) throw new Error("This command is not known here.");
    if (this.keys.length === 2) throw new LimitExceededException({ message: "2 keys", $metadata });
    this.made += 1;
    const AccessKeyId = `AKIA${this.made}`;
    this.keys.push(AccessKeyId);
    return { AccessKey: { AccessKeyId, SecretAccessKey: `secret of ${AccessKeyId}` } };
  }

  private secrets(command: object): object {
    if (command instanceof DescribeSecretCommand) {
      const labelled = [...this.versions].map(([id, { stages }]) => [id, [...stages]]);
      return { VersionIdsToStages: Object.fromEntries(labelled) };
    }
    if (command instanceof GetSecretValueCommand) {
      const { VersionId, VersionStage = "AWSCURRENT" } = command.input;
      const found = VersionId
        ? this.versions.get(VersionId)
        : [...this.versions.values()].find(({ stages }) => stages.has(VersionStage));
      if (found?.value === undefined) throw new ResourceNotFoundException({ message: "no value", $metadata });
      return { SecretString: found.value };
    }
    if (command instanceof PutSecretValueCommand) {
      const { ClientRequestToken: id = `version-${this.versions.size}`, SecretString, VersionStages } = command.input;
      const known = this.versions.get(id);
      if (known?.value !== undefined && known.value !== SecretString)
        throw new ResourceExistsException({ message: "another value", $metadata });
      const stages = known?.stages ?? new Set();
      this.versions.set(id, { stages, ...(SecretString !== undefined && { value: SecretString }) });
      for (const label of VersionStages ?? ["AWSCURRENT"]) this.move(label, id);
      return {};
    }
    if (!(command instanceof UpdateSecretVersionStageCommand)) throw new Error("This command is not known here.");
    const { VersionStage = "", MoveToVersionId, RemoveFromVersionId } = command.input;
    const holder = [...this.versions].find(([, { stages }]) => stages.has(VersionStage))?.[0];
    if (holder !== RemoveFromVersionId) throw new InvalidParameterException({ message: "wrong version", $metadata });
    if (MoveToVersionId) this.move(VersionStage, MoveToVersionId);
    else this.versions.get(holder ?? "")?.stages.delete(VersionStage);
    return {};
  }

  private move(label: string, id: string): void {
    for (const { stages } of this.versions.values()) stages.delete(label);
    this.versions.get(id)?.stages.add(label);
  }
}
