// The access keys of one IAM user.
import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  type IAMClient,
  ListAccessKeysCommand,
} from "@aws-sdk/client-iam";

export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

/** IAM's own limit (IAM user guide, quotas). */
const KEYS_PER_USER = 2;

export class User {
  constructor(
    private readonly iam: IAMClient,
    private readonly name: string,
  ) {}

  /** Ids of the keys, oldest first. */
  async keyIds(): Promise<string[]> {
    const { AccessKeyMetadata = [] } = await this.iam.send(new ListAccessKeysCommand({ UserName: this.name }));
    return AccessKeyMetadata.sort((a, b) => Number(a.CreateDate) - Number(b.CreateDate)).flatMap(
      ({ AccessKeyId }) => AccessKeyId ?? [],
    );
  }

  /**
   * Makes a key. Where the user has two already, the oldest goes first: the one that was replaced last time, or one
   * whose secret part was lost when a run was interrupted.
   * @param inUse id of the key that stays whatever its age
   */
  async newKey(inUse: string | undefined): Promise<AccessKey> {
    const ids = await this.keyIds();
    const [oldest] = ids.filter((id) => id !== inUse);
    if (ids.length >= KEYS_PER_USER && oldest) {
      await this.iam.send(new DeleteAccessKeyCommand({ UserName: this.name, AccessKeyId: oldest }));
      console.log(JSON.stringify({ deleted: oldest }));
    }
    const { AccessKey: made } = await this.iam.send(new CreateAccessKeyCommand({ UserName: this.name }));
    if (!made?.AccessKeyId || !made.SecretAccessKey) throw new Error("IAM returned no key.");
    console.log(JSON.stringify({ created: made.AccessKeyId }));
    return { accessKeyId: made.AccessKeyId, secretAccessKey: made.SecretAccessKey };
  }
}
