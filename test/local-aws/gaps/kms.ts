// KMS: which keys are AWS's own. moto makes them when an alias such as alias/aws/rds is first used, and calls them the
// customer's; what may be shared or copied across accounts depends on it.
import type { MotoClient, Place } from "../host/moto-client";
import { json, type Service } from "../service";

export async function isAwsManaged(moto: MotoClient, place: Place, keyId: string): Promise<boolean> {
  const { Aliases } = await moto.json(place, "kms", "TrentService.ListAliases", { KeyId: keyId });
  return (Aliases as { AliasName: string; TargetKeyId?: string }[]).some(
    ({ AliasName, TargetKeyId }) => AliasName.startsWith("alias/aws/") && keyId.endsWith(String(TargetKeyId)),
  );
}

export function kms(moto: MotoClient): Service {
  return async (request) => {
    if (request.service !== "kms" || request.action !== "DescribeKey") return undefined;
    const answer = await moto.forward(request);
    if (answer.status >= 400) return answer;
    const { KeyMetadata } = JSON.parse(answer.body.toString()) as {
      KeyMetadata: { KeyId: string; Description: string };
    };
    const place = { account: request.account, region: request.region };
    const aws = KeyMetadata.Description === "Default key" && (await isAwsManaged(moto, place, KeyMetadata.KeyId));
    return json({ KeyMetadata: { ...KeyMetadata, ...(aws ? { KeyManager: "AWS" } : {}) } });
  };
}
