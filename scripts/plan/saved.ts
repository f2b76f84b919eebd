// Reviewed plans, kept beside the state that they were made of until they are applied: they hold the same secrets.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { stateNames, type Target } from "../../config";
import { clientConfig } from "../aws";
import { UserError } from "../command";

export interface SavedPlan {
  stack: string;
  /** SHA-256 of Terraform's plan file. */
  digest: string;
}

export class SavedPlans {
  private readonly s3: S3Client;

  /** @param id of the code that was planned */
  constructor(
    private readonly target: Target,
    private readonly id: string,
  ) {
    this.s3 = new S3Client(clientConfig(target));
  }

  /** Keeps Terraform's plan file and nothing else: who applies it brings the configuration and the providers. */
  async keep(stack: string, planFile: string): Promise<SavedPlan> {
    const Body = readFileSync(planFile);
    // The bucket encrypts with the state's key.
    await this.s3.send(new PutObjectCommand({ ...this.place(stack), Body }));
    return { stack, digest: digestOf(Body) };
  }

  /** @throws UserError where there is none for this code */
  async fetch(stack: string, planFile: string): Promise<SavedPlan> {
    const body = await this.read(stack);
    writeFileSync(planFile, body, { mode: 0o600 });
    return { stack, digest: digestOf(body) };
  }

  private place(stack: string) {
    const { bucket, planKey } = stateNames(this.target);
    return { Bucket: bucket, Key: planKey(this.id, stack), ExpectedBucketOwner: this.target.accountId };
  }

  private async read(stack: string): Promise<Uint8Array> {
    try {
      const { Body } = await this.s3.send(new GetObjectCommand(this.place(stack)));
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    } catch (error) {
      if (!(error instanceof NoSuchKey)) throw error;
      throw new UserError(
        `${stack} has no plan under the id ${this.id}: none was kept, or longer ago than plans are. ` +
          `Plan it as it is now, and review that: npm run plan -- ${this.target.flag} --save ${this.id}`,
      );
    }
  }
}

/** One digest over the plans of a target, for who approves them. */
export const digestOfAll = (plans: SavedPlan[]): string =>
  digestOf(plans.map(({ stack, digest }) => `${stack} ${digest}\n`).join(""));

const digestOf = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
