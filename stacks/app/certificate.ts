// Certificate of REDCap's name: the one that is configured, or one that ACM issues for a record in DNS and renews by itself
// as long as the record stays.
import { AcmCertificate } from "@cdktf/provider-aws/lib/acm-certificate";
import { AcmCertificateValidation } from "@cdktf/provider-aws/lib/acm-certificate-validation";
import { Construct } from "constructs";
import type { Domain } from "./domain";

export interface CertificateProps {
  domain: Domain;
}

export class Certificate extends Construct {
  /**
   * Of the issued certificate. None while the domain is not delegated: the first deployment would wait for the validation
   * for 75 minutes, and fail.
   */
  readonly issuedArn?: string;

  constructor(scope: Construct, id: string, { domain }: CertificateProps) {
    super(scope, id);
    // Not earlier: ACM gives up 72 hours after the request. A person needs the certificate's record before, though.
    if (domain.zone && !domain.delegated) return;
    const certificate = new AcmCertificate(this, "certificate", {
      domainName: domain.hostName,
      validationMethod: "DNS",
      // Every browser and every client of REDCap's API takes RSA.
      keyAlgorithm: "RSA_2048",
      // The listener moves to a new one before the old one goes: ACM deletes none that is in use.
      lifecycle: { createBeforeDestroy: true },
    });
    // One name, one option.
    const option = certificate.domainValidationOptions.get(0);
    const record = domain.addRecord("certificate-validation", {
      name: option.resourceRecordName,
      type: "CNAME",
      values: [option.resourceRecordValue],
    });
    if (!domain.delegated) return;
    this.issuedArn = new AcmCertificateValidation(this, "validation", {
      certificateArn: certificate.arn,
      ...(record ? { validationRecordFqdns: [record.fqdn] } : {}),
      ...(domain.delegation ? { dependsOn: [domain.delegation] } : {}),
    }).certificateArn;
  }
}
