// REDCap's access key for the files at S3.
import type { Construct } from "constructs";
import { type StageConfig, stageNames } from "../../config";
import { AccessKey } from "./access-key";
import type { EncryptionKeys } from "./encryption-keys";
import { type Files, useFiles } from "./files";

export interface FilesKeyProps {
  stage: StageConfig;
  keys: EncryptionKeys;
  files: Files;
}

/** Its secret is JSON with accessKeyId, secretAccessKey. */
export class FilesKey extends AccessKey {
  constructor(scope: Construct, id: string, { stage, keys, files }: FilesKeyProps) {
    const { filesUser, filesKeySecret, filesKeyFunction } = stageNames(stage);
    super(scope, id, {
      stage,
      keys,
      purpose: "files",
      names: { user: filesUser, secret: filesKeySecret, function: filesKeyFunction },
      secretId: "files-key",
      secretDescription: "Access key for the files",
      functionDescription: "Makes and rotates REDCap's access key for S3",
      rights: { name: "use-files", document: (user) => useFiles(user, stage, files) },
      variables: { FILES_BUCKET: files.bucket.bucket },
    });
  }
}
