// AWS SDK clients for what AWS Backup does in other services, one set per account, all against the local endpoint and
// signed with that account's own credentials.

import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { OrganizationsClient } from "@aws-sdk/client-organizations";
import { RDSClient } from "@aws-sdk/client-rds";
import { S3Client } from "@aws-sdk/client-s3";
import { SNSClient } from "@aws-sdk/client-sns";

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface AccountClients {
  iam: IAMClient;
  kms: KMSClient;
  organizations: OrganizationsClient;
  rds: RDSClient;
  s3: S3Client;
  sns: SNSClient;
}

/** Gives the clients of an account; made once each. */
export type ClientsOf = (account: string) => AccountClients;

/** Says that a call to RDS comes from AWS Backup, which alone may delete the snapshots that it made. */
const INTERNAL_HEADER = "x-local-aws-internal";

export function createClients(
  endpoint: string,
  region: string,
  credentialsOf: (account: string) => Credentials,
): ClientsOf {
  const known = new Map<string, AccountClients>();
  return (account) => {
    const clients = known.get(account) ?? connect({ endpoint, region, credentials: credentialsOf(account) });
    known.set(account, clients);
    return clients;
  };
}

function connect(config: { endpoint: string; region: string; credentials: Credentials }): AccountClients {
  const rds = new RDSClient(config);
  rds.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> };
      request.headers[INTERNAL_HEADER] = "1";
      return next(args);
    },
    { step: "build", name: "awsBackupOrigin" },
  );
  return {
    rds,
    iam: new IAMClient(config),
    kms: new KMSClient(config),
    organizations: new OrganizationsClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
    sns: new SNSClient(config),
  };
}
