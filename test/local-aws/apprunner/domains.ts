// Custom domains: App Runner makes up validation records, and a domain is active once the world's DNS has all of them
// (App Runner developer guide, custom domain names).
import type { Dns } from "../gaps/dns";
import { AwsError } from "../service";
import { settle } from "./services";
import {
  type CustomDomain,
  type Input,
  invalid,
  notFound,
  now,
  type Region,
  type Service,
  validationRecords,
} from "./state";

/** Domains of a service (App Runner endpoints and quotas). */
const MOST_DOMAINS = 5;

export interface DomainsProps {
  dns: Dns;
  /** How long an association takes to begin and to end. */
  seconds: number;
}

type Handler = (input: Input, region: Region) => Promise<object>;

export function domainHandlers({ dns, seconds }: DomainsProps): Record<string, Handler> {
  function find({ ServiceArn }: Input, region: Region): Service {
    const service = region.services.get(String(ServiceArn));
    if (!service) throw notFound(`Service ${String(ServiceArn)} was not found.`);
    settle(service);
    service.domains = service.domains.filter(({ Status, changesAt }) => Status !== "deleting" || now() < changesAt);
    return service;
  }

  const target = (service: Service, region: Region) =>
    `${service.id.slice(0, 10)}.${region.place.region}.awsapprunner.com`;

  async function show(domain: CustomDomain): Promise<object> {
    const isThere = async ({ Name, Type, Value }: CustomDomain["records"][number]) =>
      (await dns.resolve(Name, Type)).includes(Value.replace(/\.$/, ""));
    if (domain.Status === "creating" && now() >= domain.changesAt) domain.Status = "pending_certificate_dns_validation";
    const there = await Promise.all(domain.records.map(isThere));
    if (domain.Status === "pending_certificate_dns_validation" && there.every(Boolean)) domain.Status = "active";
    const { DomainName, EnableWWWSubdomain, Status } = domain;
    const records = domain.records.map((record, index) => ({
      ...record,
      Status: there[index] ? "SUCCESS" : "PENDING_VALIDATION",
    }));
    return {
      DomainName,
      EnableWWWSubdomain,
      Status,
      // The provider's set sorts them anyway; AWS promises no order.
      CertificateValidationRecords: Status === "creating" ? [] : records,
    };
  }

  return {
    AssociateCustomDomain: async (input, region) => {
      const service = find(input, region);
      if (service.status !== "RUNNING")
        throw new AwsError("InvalidStateException", `Service is in the state ${service.status}.`);
      const DomainName = String(input.DomainName);
      if (service.domains.some((one) => one.DomainName === DomainName))
        throw invalid(`Domain ${DomainName} is already associated.`);
      if (service.domains.length >= MOST_DOMAINS)
        throw new AwsError("ServiceQuotaExceededException", "Too many domains.");
      const EnableWWWSubdomain = input.EnableWWWSubdomain !== false;
      const domain = {
        ...{ DomainName, EnableWWWSubdomain, Status: "creating", changesAt: now() + seconds },
        records: validationRecords(service.id, DomainName, EnableWWWSubdomain),
      };
      service.domains.push(domain);
      const answer = { DNSTarget: target(service, region), ServiceArn: service.arn, VpcDNSTargets: [] };
      return { ...answer, CustomDomain: await show(domain) };
    },
    DescribeCustomDomains: async (input, region) => {
      const service = find(input, region);
      const CustomDomains = await Promise.all(service.domains.map(show));
      return { DNSTarget: target(service, region), ServiceArn: service.arn, CustomDomains, VpcDNSTargets: [] };
    },
    DisassociateCustomDomain: async (input, region) => {
      const service = find(input, region);
      const domain = service.domains.find(({ DomainName }) => DomainName === input.DomainName);
      if (!domain) throw notFound(`Domain ${String(input.DomainName)} is not associated.`);
      Object.assign(domain, { Status: "deleting", changesAt: now() + seconds });
      const answer = { DNSTarget: target(service, region), ServiceArn: service.arn, VpcDNSTargets: [] };
      return { ...answer, CustomDomain: await show(domain) };
    },
  };
}
