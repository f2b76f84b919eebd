// Secrets Manager in memory: versions, their labels, and its rules for both (API reference, PutSecretValue and
// UpdateSecretVersionStage).
import {
  InvalidParameterException,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";

const $metadata = {};

interface Version {
  value?: string;
  stages: Set<string>;
}

interface Input {
  SecretId?: string;
  SecretString?: string;
  ClientRequestToken?: string;
  VersionId?: string;
  VersionStage?: string;
  VersionStages?: string[];
  MoveToVersionId?: string;
  RemoveFromVersionId?: string;
}

export class SecretsModel {
  private readonly secrets = new Map<string, Map<string, Version>>();
  private made = 0;

  /** Of a secret, which is there from the first question on. */
  versions(id: string): Map<string, Version> {
    const known = this.secrets.get(id) ?? new Map<string, Version>();
    this.secrets.set(id, known);
    return known;
  }

  labelled(id: string, label: string): [id: string, version: Version] | undefined {
    return [...this.versions(id)].find(([, { stages }]) => stages.has(label));
  }

  /** What a reader of the secret gets; undefined where it has no value. */
  value(id: string, label = "AWSCURRENT"): string | undefined {
    return this.labelled(id, label)?.[1].value;
  }

  put(id: string, value: string): void {
    this.answer("PutSecretValue", { SecretId: id, SecretString: value });
  }

  /** As RotateSecret begins: an empty version that is pending. */
  begin(id: string, version: string): void {
    this.labelled(id, "AWSPENDING")?.[1].stages.delete("AWSPENDING");
    this.versions(id).set(version, { stages: new Set(["AWSPENDING"]) });
  }

  /** @param operation such as `GetSecretValue` @throws what AWS's SDK throws */
  answer(operation: string, input: Input): object {
    const id = input.SecretId ?? "";
    const versions = this.versions(id);
    switch (operation) {
      case "DescribeSecret": {
        const labels = [...versions].map(([version, { stages }]) => [version, [...stages]]);
        return { ARN: id, VersionIdsToStages: Object.fromEntries(labels) };
      }
      case "GetSecretValue": {
        const { VersionId, VersionStage = "AWSCURRENT" } = input;
        const found = VersionId ? versions.get(VersionId) : this.labelled(id, VersionStage)?.[1];
        if (found?.value === undefined) throw new ResourceNotFoundException({ message: "no value", $metadata });
        return { SecretString: found.value };
      }
      case "PutSecretValue": {
        this.made += 1;
        const { ClientRequestToken: version = `version-${this.made}`, SecretString = "" } = input;
        const known = versions.get(version);
        if (known?.value !== undefined && known.value !== SecretString)
          throw new ResourceExistsException({ message: "another value", $metadata });
        versions.set(version, { stages: known?.stages ?? new Set(), value: SecretString });
        for (const label of input.VersionStages ?? ["AWSCURRENT"]) this.move(id, label, version);
        return {};
      }
      case "UpdateSecretVersionStage": {
        const { VersionStage = "", MoveToVersionId, RemoveFromVersionId } = input;
        const holder = this.labelled(id, VersionStage)?.[0];
        if (holder !== RemoveFromVersionId)
          throw new InvalidParameterException({ message: "wrong version", $metadata });
        if (MoveToVersionId) this.move(id, VersionStage, MoveToVersionId);
        else versions.get(holder ?? "")?.stages.delete(VersionStage);
        return {};
      }
      default:
        throw new Error(`${operation} is not known here.`);
    }
  }

  private move(id: string, label: string, version: string): void {
    const before = this.labelled(id, label);
    before?.[1].stages.delete(label);
    if (label === "AWSCURRENT" && before && before[0] !== version) this.move(id, "AWSPREVIOUS", before[0]);
    this.versions(id).get(version)?.stages.add(label);
  }
}

/** A client whose every command goes to `answer`, with the operation's name. */
export const clientOf = (answer: (operation: string, input: Input) => object | Promise<object>): SecretsManagerClient =>
  ({
    send: async (command: { constructor: { name: string }; input: Input }) =>
      answer(command.constructor.name.replace(/Command$/, ""), command.input),
  }) as unknown as SecretsManagerClient;
