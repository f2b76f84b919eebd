// IAM's and Secrets Manager's rules for access keys and versions, in memory. Every call can be made to fail.
import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  type IAMClient,
  LimitExceededException,
  ListAccessKeysCommand,
} from "@aws-sdk/client-iam";
import { files } from "../../../functions/access-key/files";
import type { Settings } from "../../../functions/access-key/keys";
import { type AccessKey, User } from "../../../functions/access-key/user";
import { RotatingSecret } from "../../../functions/shared/rotating-secret";
import { clientOf, SecretsModel } from "../secrets-model";

export const ARN = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:redcap-prod/files-key-AbCdEf";
const $metadata = {};
const purpose = files("redcap-prod-files");

export class Model {
  /** Keys that IAM knows, oldest first. */
  keys: string[] = [];
  private readonly manager = new SecretsModel();
  readonly versions = this.manager.versions(ARN);
  readonly calls: string[] = [];
  /** Keys that S3 was tried with. */
  readonly tried: string[] = [];
  /** The call (from 1) that fails, and whether its effect is there all the same. */
  failing?: { call: number; afterEffect: boolean };
  /** Called after each call, to look at what others see at that moment. */
  watch: () => void = () => undefined;
  private made = 0;

  readonly settings: Settings<AccessKey> = {
    user: new User(
      {
        send: (command: object) => this.call(command.constructor.name, () => this.iam(command)),
      } as unknown as IAMClient,
      "redcap-prod-files",
    ),
    secret: new RotatingSecret(
      clientOf((operation, input) => this.call(operation, () => this.manager.answer(operation, input))),
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
    const value = this.manager.value(ARN);
    return value === undefined ? undefined : JSON.parse(value);
  }

  /** As RotateSecret begins: an empty version that is pending. */
  begin(version: string): void {
    this.manager.begin(ARN, version);
  }

  private async call(name: string, answer: () => object): Promise<object> {
    this.calls.push(name);
    const failing = this.calls.length === this.failing?.call;
    if (failing && !this.failing?.afterEffect) throw new Error("interrupted");
    try {
      return answer();
    } finally {
      this.watch();
      // Whatever the answer was, it is lost.
      if (failing) await Promise.reject(new Error("interrupted"));
    }
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
}
