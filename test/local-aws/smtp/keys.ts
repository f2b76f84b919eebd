// Access keys that IAM gave out, with their secret parts: what SES needs to know a password. Seen as they are made, since IAM
// never shows them again.
import type { MotoClient } from "../host/moto-client";
import { type Parsed, parseXml } from "../host/xml";
import type { Service } from "../service";

export interface IssuedKey {
  account: string;
  user: string;
  secretAccessKey: string;
}

export class IssuedKeys {
  private readonly keys = new Map<string, IssuedKey>();

  find(accessKeyId: string): IssuedKey | undefined {
    return this.keys.get(accessKeyId);
  }

  /** Lets IAM answer, and remembers. */
  service(moto: MotoClient): Service {
    return async (request) => {
      if (request.service !== "iam" || !/^(Create|Delete)AccessKey$/.test(request.action)) return undefined;
      const answer = await moto.forward(request);
      if (answer.status >= 400) return answer;
      if (request.action === "DeleteAccessKey") {
        this.keys.delete(request.form.get("AccessKeyId") ?? "");
        return answer;
      }
      const response = parseXml(answer.body.toString()).CreateAccessKeyResponse as Parsed | undefined;
      const made = (response?.CreateAccessKeyResult as Parsed | undefined)?.AccessKey as Parsed | undefined;
      if (made)
        this.keys.set(String(made.AccessKeyId), {
          account: request.account,
          user: String(made.UserName),
          secretAccessKey: String(made.SecretAccessKey),
        });
      return answer;
    };
  }
}
