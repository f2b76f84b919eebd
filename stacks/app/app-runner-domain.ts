// REDCap's own name on App Runner, which gets the certificate itself once its validation records are in DNS.
import { ApprunnerCustomDomainAssociation } from "@cdktf/provider-aws/lib/apprunner-custom-domain-association";
import type { ApprunnerService } from "@cdktf/provider-aws/lib/apprunner-service";
import { DataAwsApprunnerHostedZoneId } from "@cdktf/provider-aws/lib/data-aws-apprunner-hosted-zone-id";
import { TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import type { Domain } from "./domain";

/**
 * AWS does not say how many validation records there are; two for a name without www, and three with it, are seen. The
 * number of resources must be known before the first one is: as many as there can be, and the first again for those that
 * are not there.
 */
const MOST_RECORDS = 3;

export interface AppRunnerDomainProps {
  domain: Domain;
  service: ApprunnerService;
}

export class AppRunnerDomain extends Construct {
  /** For a person to enter, where there is no zone: a list of name, type and values. */
  readonly recordsToEnter?: string;

  constructor(scope: Construct, id: string, { domain, service }: AppRunnerDomainProps) {
    super(scope, id);
    const zoneId = new DataAwsApprunnerHostedZoneId(this, "service-zone").id;
    domain.leadTo({ dnsName: service.serviceUrl, zoneId });
    // Not earlier: App Runner's certificate fails 72 hours after the request. A person needs its records before, though.
    if (domain.zone && !domain.delegated) return;
    const association = new ApprunnerCustomDomainAssociation(this, "association", {
      domainName: domain.hostName,
      serviceArn: service.arn,
      enableWwwSubdomain: false,
      lifecycle: {
        postcondition: [
          {
            condition: `\${length(self.certificate_validation_records) <= ${MOST_RECORDS}}`,
            errorMessage: `App Runner wants more than ${MOST_RECORDS} records for its certificate: enter the rest by hand.`,
          },
        ],
      },
    });
    const records = `${association.fqn}.certificate_validation_records`;
    if (!domain.zone) {
      // Without their status, which changes, and with it the order of the set.
      this.recordsToEnter = `\${[for name in sort(${records}[*].name) : { name = trimsuffix(name, "."), type = "CNAME", values = [one([for r in ${records} : r.value if r.name == name])] }]}`;
      return;
    }
    const values = new TerraformLocal(this, "records", `\${{ for r in ${records} : r.name => r.value }}`);
    // Sorted: in the set itself a record changes its place when its status does.
    const names = new TerraformLocal(this, "record-names", `\${sort(keys(${values.fqn}))}`);
    for (let index = 0; index < MOST_RECORDS; index++) {
      const name = `element(${names.fqn}, ${index})`;
      const record = domain.addRecord(`app-runner-certificate-${index + 1}`, {
        name: `\${${name}}`,
        type: "CNAME",
        values: [`\${${values.fqn}[${name}]}`],
      });
      // The first again is the same record, which Route 53 would refuse to create a second time.
      if (record) record.allowOverwrite = true;
    }
  }
}
