// Certificates that "exist already": imported into moto, which makes up their ARNs, and shown under the ARNs wanted.
import { readFileSync } from "node:fs";
import type { Certificates } from "../host/certificates";
import type { MotoClient } from "../host/moto-client";
import type { AwsRequest, AwsResponse, Service } from "../service";

export interface Alias {
  wanted: string;
  moto: string;
}

/** Imports one certificate per ARN, in the account and region that the ARN names. */
export async function importCertificates(moto: MotoClient, pem: Certificates, arns: string[]): Promise<Alias[]> {
  const base64 = (file: string) => readFileSync(file).toString("base64");
  const aliases: Alias[] = [];
  for (const wanted of new Set(arns)) {
    const [, region, account] = /^arn:aws:acm:([^:]+):(\d{12}):certificate\/.+$/.exec(wanted) ?? [];
    if (!region || !account) throw new Error(`Not the ARN of an ACM certificate: ${wanted}`);
    const made = await moto.json({ account, region }, "acm", "CertificateManager.ImportCertificate", {
      Certificate: base64(pem.certificateFile),
      PrivateKey: base64(pem.keyFile),
      CertificateChain: base64(pem.caFile),
    });
    aliases.push({ wanted, moto: String(made.CertificateArn) });
  }
  return aliases;
}

/** Translates the ARNs in calls of the two services that know certificates. */
export function certificateAliases(aliases: Alias[], moto: MotoClient): Service {
  const replace = (text: string, from: keyof Alias, to: keyof Alias) =>
    aliases.reduce(
      (result, alias) =>
        result
          .replaceAll(alias[from], alias[to])
          .replaceAll(encodeURIComponent(alias[from]), encodeURIComponent(alias[to])),
      text,
    );

  return async (request: AwsRequest): Promise<AwsResponse | undefined> => {
    if (!aliases.length || !["acm", "elasticloadbalancing"].includes(request.service)) return undefined;
    if (request.action === "DescribeTargetHealth") return undefined;
    const body = Buffer.from(replace(request.body.toString(), "wanted", "moto"));
    const answer = await moto.forward({ ...request, body });
    return { ...answer, body: replace(answer.body.toString(), "moto", "wanted") };
  };
}
