// Reviewed plans, kept beside the state that they were made of until they are applied: they hold the same secrets.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { stateNames, type Target } from "../../config";
import { clientConfig } from "../aws";
import { UserError } from "../command";
import { execute } from "../terraform/process";

/** Of a plan's object, once the plan was applied. */
const APPLIED = { applied: "true" };

export interface SavedPlan {
  stack: string;
  /** SHA-256 of the archive. */
  digest: string;
  isApplied?: boolean;
}

export class SavedPlans {
  private readonly s3: S3Client;
  private readonly names: ReturnType<typeof stateNames>;

  /** @param id of the code that was planned */
  constructor(
    private readonly target: Target,
    private readonly id: string,
  ) {
    this.s3 = new S3Client(clientConfig(target));
    this.names = stateNames(target);
  }

  /**
   * Keeps the folder of a stack that was planned in it: plan, configuration, what it uploads, versions of providers.
   * The bucket encrypts with the state's key.
   */
  async keep(stack: string, folder: string): Promise<SavedPlan> {
    const archive = `${folder}.tar.gz`;
    try {
      // Providers are installed anew; what Terraform printed is not needed.
      const without = ["--exclude=./.terraform", "--exclude=./.output-*"];
      await tar(folder, "-czf", archive, ...without, ".");
      const Body = readFileSync(archive);
      await this.s3.send(new PutObjectCommand({ ...this.place(stack), Body }));
      return { stack, digest: digestOf(Body) };
    } finally {
      rmSync(archive, { force: true });
    }
  }

  /**
   * Puts the folder back as it was when it was planned.
   * @throws UserError where there is none for this code
   */
  async fetch(stack: string, folder: string): Promise<SavedPlan> {
    const { body, isApplied } = await this.read(stack);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const archive = `${folder}.tar.gz`;
    try {
      writeFileSync(archive, body, { mode: 0o600 });
      await tar(folder, "-xzf", archive);
    } finally {
      rmSync(archive, { force: true });
    }
    return { stack, digest: digestOf(body), isApplied };
  }

  /** So that the same deployment, given again, goes on with the next stack. */
  async markApplied(stack: string): Promise<void> {
    const { body } = await this.read(stack);
    await this.s3.send(new PutObjectCommand({ ...this.place(stack), Body: body, Metadata: APPLIED }));
  }

  private place(stack: string) {
    return {
      Bucket: this.names.bucket,
      Key: this.names.planKey(this.id, stack),
      ExpectedBucketOwner: this.target.accountId,
    };
  }

  private async read(stack: string): Promise<{ body: Buffer; isApplied: boolean }> {
    try {
      const { Body, Metadata } = await this.s3.send(new GetObjectCommand(this.place(stack)));
      const body = Buffer.from((await Body?.transformToByteArray()) ?? []);
      return { body, isApplied: Metadata?.applied === APPLIED.applied };
    } catch (error) {
      if (!(error instanceof NoSuchKey)) throw error;
      throw new UserError(
        `${stack} has no plan under ${this.id}, the id of this code: the branch has moved since it was planned, or it never was. ` +
          `Plan it as it is now, and review that: npm run plan -- ${this.target.flag} --save`,
      );
    }
  }
}

/** One digest over the plans of a target, for who approves them. */
export const digestOfAll = (plans: SavedPlan[]): string =>
  digestOf(Buffer.from(plans.map(({ stack, digest }) => `${stack} ${digest}\n`).join("")));

const digestOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

async function tar(folder: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await execute("tar", ["-C", folder, ...args], { cwd: folder, env: process.env });
  if (code !== 0) throw new UserError(`tar failed for ${folder}: ${stderr.trim()}`);
}
