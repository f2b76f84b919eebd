// Who signed a request: the account of each access key, for the accounts' own keys and for keys made later.
import type { Credentials } from "../index";
import { AwsError } from "../service";
import type { MotoClient, Place } from "./moto-client";
import type { Parsed } from "./xml";

export interface Signature {
  accessKeyId: string;
  region: string;
  /** Signing name, e.g. `s3`. */
  service: string;
}

/** Reads the SigV4 scope from the header, or from a presigned URL. `undefined` for an anonymous request. */
export function signatureOf(authorization: string, query: URLSearchParams): Signature | undefined {
  const scope = /Credential=([^,\s]+)/.exec(authorization)?.[1] ?? query.get("X-Amz-Credential") ?? undefined;
  const [accessKeyId, , region, service] = scope?.split("/") ?? [];
  return accessKeyId && region && service ? { accessKeyId, region, service: service.toLowerCase() } : undefined;
}

export class Identities {
  private readonly accountOfKey = new Map<string, string>();
  private readonly credentials = new Map<string, Credentials>();

  constructor(private readonly moto: MotoClient) {}

  /** Makes an administrator with an access key in the account; the key then belongs to that account in moto, too. */
  async createAccount(place: Place): Promise<void> {
    const user = "local-administrator";
    const Version = "2010-05-08";
    await this.moto.query(place, "iam", { Action: "CreateUser", Version, UserName: user });
    const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
    await this.moto.query(place, "iam", { Action: "AttachUserPolicy", Version, UserName: user, PolicyArn });
    const made = await this.moto.query(place, "iam", { Action: "CreateAccessKey", Version, UserName: user });
    const key = made.AccessKey as Parsed;
    this.accountOfKey.set(String(key.AccessKeyId), place.account);
    this.credentials.set(place.account, {
      accessKeyId: String(key.AccessKeyId),
      secretAccessKey: String(key.SecretAccessKey),
    });
  }

  credentialsOf(account: string): Credentials {
    const credentials = this.credentials.get(account);
    if (!credentials) throw new Error(`The local AWS has no account ${account}.`);
    return credentials;
  }

  /**
   * The account of an access key, also of a user's key and of temporary credentials made since the start.
   * @throws AwsError as AWS answers a key that it does not know
   */
  async accountOf({ accessKeyId, region }: Signature): Promise<string> {
    const known = this.accountOfKey.get(accessKeyId);
    if (known) return known;
    const caller = await this.moto.callerOf(accessKeyId, region);
    if (!caller)
      throw new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
    this.accountOfKey.set(accessKeyId, caller.account);
    return caller.account;
  }
}
