// The master user's password where RDS manages it: a secret of Secrets Manager that belongs to the cluster.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
import { randomBytes, randomUUID } from "node:crypto";
import type { MotoClient } from "../host/moto-client";
import type { Parsed } from "../host/xml";
import type { Cluster } from "./state";

/** Makes the secret and gives the password; the server must be told. A new secret has a new name, so a new ARN. */
export async function createMasterSecret(moto: MotoClient, cluster: Cluster, kmsKeyId?: string): Promise<string> {
  const { place, shape } = cluster;
  const password = randomBytes(24).toString("base64url");
  const key = kmsKeyId && (await keyArn(moto, cluster, kmsKeyId));
  const secret = await moto.json(place, "secretsmanager", "secretsmanager.CreateSecret", {
    Name: `rds!cluster-${randomUUID()}`,
    Description: `The secret associated with the primary RDS DB cluster: ${shape.DBClusterArn}`,
    SecretString: JSON.stringify({ username: shape.MasterUsername, password }),
    ...(key ? { KmsKeyId: key } : {}),
    Tags: [
      { Key: "aws:rds:primaryDBClusterArn", Value: shape.DBClusterArn },
      { Key: "aws:secretsmanager:owningService", Value: "rds" },
    ],
  });
  const KmsKeyId = key ?? `arn:aws:kms:${place.region}:${place.account}:alias/aws/secretsmanager`;
  shape.MasterUserSecret = { SecretArn: String(secret.ARN), SecretStatus: "active", KmsKeyId };
  return password;
}

/** A new password in the same secret. */
export async function rotateMasterSecret(moto: MotoClient, { place, shape }: Cluster): Promise<string> {
  const password = randomBytes(24).toString("base64url");
  await moto.json(place, "secretsmanager", "secretsmanager.PutSecretValue", {
    SecretId: shape.MasterUserSecret?.SecretArn,
    SecretString: JSON.stringify({ username: shape.MasterUsername, password }),
    ClientRequestToken: randomUUID(),
  });
  return password;
}

/** RDS deletes its secret at once, with the cluster or when it no longer manages the password. */
export async function deleteMasterSecret(moto: MotoClient, { place, shape }: Cluster): Promise<void> {
  if (!shape.MasterUserSecret) return;
  await moto.json(place, "secretsmanager", "secretsmanager.DeleteSecret", {
    SecretId: shape.MasterUserSecret.SecretArn,
    ForceDeleteWithoutRecovery: true,
  });
  shape.MasterUserSecret = undefined;
}

async function keyArn(moto: MotoClient, { place }: Cluster, keyId: string): Promise<string> {
  const described = await moto.json(place, "kms", "TrentService.DescribeKey", { KeyId: keyId });
  return String((described.KeyMetadata as Parsed).Arn);
}
