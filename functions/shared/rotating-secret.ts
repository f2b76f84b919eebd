// A secret that a function rotates: its versions, and which of them is current, pending or previous.
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import type * as z from "zod";

/** @typeParam T what a version holds, as JSON */
export class RotatingSecret<T> {
  constructor(
    private readonly manager: SecretsManagerClient,
    readonly arn: string,
    private readonly shape: z.ZodType<T>,
  ) {}

  /** What containers read; null where there is nothing yet. @throws where it cannot be read */
  current(): Promise<T | null> {
    return this.read({ VersionStage: "AWSCURRENT" });
  }

  /** What a version holds; null where it has no value yet. @throws where it cannot be read */
  version(id: string): Promise<T | null> {
    return this.read({ VersionId: id });
  }

  /** What the version with this label holds; null where none has it. @throws where it cannot be read */
  async labelled(label: "AWSPENDING" | "AWSPREVIOUS"): Promise<T | null> {
    const id = await this.versionWith(label);
    return id === undefined ? null : this.version(id);
  }

  /** Labels by version. */
  async stages(): Promise<Record<string, string[]>> {
    const { VersionIdsToStages = {} } = await this.manager.send(new DescribeSecretCommand({ SecretId: this.arn }));
    return VersionIdsToStages;
  }

  /**
   * Writes a version beside the current one, or, without a version, the current one. A rotation that is under way is given
   * up in the second case: what it made came from a value that is not current any more.
   */
  async write(value: T, pendingVersion?: string): Promise<void> {
    if (!pendingVersion) await this.dropPending();
    await this.manager.send(
      new PutSecretValueCommand({
        SecretId: this.arn,
        SecretString: JSON.stringify(value),
        ...(pendingVersion && { ClientRequestToken: pendingVersion, VersionStages: ["AWSPENDING"] }),
      }),
    );
  }

  /** Secrets Manager gives the label AWSPREVIOUS to the version that was current. */
  async makeCurrent(version: string): Promise<void> {
    await this.manager.send(
      new UpdateSecretVersionStageCommand({
        SecretId: this.arn,
        VersionStage: "AWSCURRENT",
        MoveToVersionId: version,
        RemoveFromVersionId: await this.versionWith("AWSCURRENT"),
      }),
    );
  }

  /**
   * Takes the label from whichever version has it. A pending version that is not the current one stands for a rotation that
   * goes on, and stops all others (API reference, RotateSecret).
   */
  async dropPending(): Promise<void> {
    const RemoveFromVersionId = await this.versionWith("AWSPENDING");
    if (RemoveFromVersionId === undefined) return;
    await this.manager.send(
      new UpdateSecretVersionStageCommand({ SecretId: this.arn, VersionStage: "AWSPENDING", RemoveFromVersionId }),
    );
  }

  private async versionWith(label: string): Promise<string | undefined> {
    return Object.entries(await this.stages()).find(([, labels]) => labels.includes(label))?.[0];
  }

  private async read(which: { VersionId: string } | { VersionStage: string }): Promise<T | null> {
    let text: string | undefined;
    try {
      text = (await this.manager.send(new GetSecretValueCommand({ SecretId: this.arn, ...which }))).SecretString;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return null;
      throw error;
    }
    // Taken for no value, what containers use could be deleted. A parse error would quote the secret.
    const value = this.shape.safeParse(parsed(text ?? ""));
    if (!value.success) throw new Error(`The value of secret ${this.arn} is not what this function writes.`);
    return value.data;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
