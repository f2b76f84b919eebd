// Certificates that ACM issues: moto issues each one after a minute; here it is issued once the world's DNS has its record,
// and no listener takes it before.
import { createHash } from "node:crypto";
import type { MotoClient, Place } from "../host/moto-client";
import type { Parsed } from "../host/xml";
import { AwsError, json, jsonBody, type Service } from "../service";
import type { Dns } from "./dns";

const token = (...parts: string[]) => createHash("sha256").update(parts.join(" ")).digest("hex").slice(0, 32);

/** One for each name and account, whatever the region (ACM user guide, DNS validation). */
export const validationRecord = (account: string, name: string) => ({
  Name: `_${token("name", account, name)}.${name}.`,
  Type: "CNAME",
  Value: `_${token("value", account, name)}.jkddzztszm.acm-validations.aws.`,
});

export function certificateIssuing(moto: MotoClient, dns: Dns): Service {
  const issued = new Set<string>();

  /** Undefined where ACM did not issue it, or does not have it. */
  async function describe(place: Place, arn: string): Promise<Parsed | undefined> {
    const answer = await moto
      .json(place, "acm", "CertificateManager.DescribeCertificate", { CertificateArn: arn })
      .catch((error: unknown) => {
        if (error instanceof AwsError) return { Certificate: {} };
        throw error;
      });
    const certificate = answer.Certificate as Parsed;
    if (certificate.Type !== "AMAZON_ISSUED") return undefined;
    const options = (certificate.DomainValidationOptions as Parsed[]).map((option) => ({
      ...option,
      ResourceRecord: validationRecord(place.account, String(option.DomainName)),
    }));
    const isValidated = async ({ ResourceRecord: { Name, Type, Value } }: (typeof options)[number]) =>
      (await dns.resolve(Name, Type)).includes(Value.replace(/\.$/, ""));
    // An issued one stays issued when its record goes: only its renewal would fail.
    if (!issued.has(arn) && (await Promise.all(options.map(isValidated))).every(Boolean)) issued.add(arn);
    const isIssued = issued.has(arn);
    return {
      ...certificate,
      Status: isIssued ? "ISSUED" : "PENDING_VALIDATION",
      IssuedAt: isIssued ? certificate.IssuedAt : undefined,
      DomainValidationOptions: options.map((option) => ({
        ...option,
        ValidationStatus: isIssued ? "SUCCESS" : "PENDING_VALIDATION",
      })),
    };
  }

  return async (request) => {
    if (request.service === "acm" && request.action === "DescribeCertificate") {
      const certificate = await describe(request, jsonBody<{ CertificateArn: string }>(request).CertificateArn);
      return certificate && json({ Certificate: certificate });
    }
    if (request.service === "elasticloadbalancing" && /^(Create|Modify)Listener$/.test(request.action)) {
      const arn = request.form.get("Certificates.member.1.CertificateArn");
      const certificate = arn ? await describe(request, arn) : undefined;
      if (certificate && certificate.Status !== "ISSUED")
        throw new AwsError(
          "UnsupportedCertificate",
          `The certificate '${arn}' must have a fully-qualified domain name, a supported signature, and a supported key size.`,
        );
    }
    return undefined;
  };
}
