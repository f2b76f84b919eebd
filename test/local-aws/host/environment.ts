// What a process needs to see the local AWS and nothing else: endpoints, profiles, no setting of the caller.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Credentials, LocalAwsAccount } from "../index";

/** Writes the AWS configuration files, one profile per account. */
export function writeProfiles(
  folder: string,
  accounts: LocalAwsAccount[],
  region: string,
  credentialsOf: (account: string) => Credentials,
): void {
  const config = accounts.map(({ profile }) => `[profile ${profile}]\nregion = ${region}\n`);
  const credentials = accounts.map(({ id, profile }) => {
    const { accessKeyId, secretAccessKey } = credentialsOf(id);
    return `[${profile}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  });
  writeFileSync(join(folder, "aws-config"), config.join("\n"));
  writeFileSync(join(folder, "aws-credentials"), credentials.join("\n"));
  chmodSync(join(folder, "aws-credentials"), 0o600);
}

/** HTTPS_PROXY stays: Terraform may need it to reach the registry, and nothing of the local AWS is HTTPS. */
const DROPPED = /^(AWS_|NODE_EXTRA_CA_CERTS$|(http|all|no)_proxy$)/i;

/** The caller's environment without any AWS setting, and with those of the local AWS. */
export function environment(endpoint: string, folder: string, caFile: string): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !DROPPED.test(name)));
  return {
    ...kept,
    AWS_ENDPOINT_URL: endpoint,
    AWS_CONFIG_FILE: join(folder, "aws-config"),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, "aws-credentials"),
    AWS_EC2_METADATA_DISABLED: "true",
    // S3 Control's clients put the account id before the host name, which an address cannot have: the overlay is the
    // proxy of a name that needs no DNS. Go and Node clients never send 127.0.0.1 through a proxy.
    AWS_ENDPOINT_URL_S3_CONTROL: "http://s3-control.local.aws",
    HTTP_PROXY: endpoint,
    NO_PROXY: "127.0.0.1,localhost",
    // The certificates of the local databases.
    NODE_EXTRA_CA_CERTS: caFile,
  };
}
