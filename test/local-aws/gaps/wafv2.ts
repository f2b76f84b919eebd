// AWS WAF: what moto takes and forgets (data protection), and rules of AWS's that it does not know. The rest is moto's.
import ipaddr from "ipaddr.js";
import type { MotoClient, Place } from "../host/moto-client";
import { AwsError, type AwsRequest, json, jsonBody, type Service } from "../service";
import { Kept } from "./kept";

const TARGET = "AWSWAF_20190729.";
const invalid = (message: string) => new AwsError("WAFInvalidParameterException", message);
const inUse = () =>
  new AwsError(
    "WAFAssociatedItemException",
    "AWS WAF couldn't perform the operation because your resource is being used by another resource.",
  );

/** IPv6 written out, as WAF answers it: the provider compares blocks, not texts. */
function blockAsStored(block: string): string {
  if (!ipaddr.isValidCIDR(block)) throw invalid(`${block} is not a CIDR block.`);
  const [address, prefix] = ipaddr.parseCIDR(block);
  // AWS WAF API reference, IPSet.
  if (prefix === 0) throw invalid(`${block}: all CIDR ranges are supported except for /0.`);
  if (address.kind() === "ipv4") return block;
  const groups = (address as ipaddr.IPv6).parts.map((part) => part.toString(16).padStart(4, "0"));
  return `${groups.join(":")}/${prefix}`;
}

/** AWS WAF API reference, PutLoggingConfiguration. */
function checkLogDestination(destinations: string[]): void {
  for (const arn of destinations)
    if (!/^arn:aws:(logs:.*:log-group:|s3:::|firehose:.*\/)aws-waf-logs-/.test(arn))
      throw invalid(`The ARN ${arn} isn't valid: its name must begin with aws-waf-logs-.`);
}

export function wafv2(moto: MotoClient): Service {
  const kept = new Kept(["DataProtectionConfig"]);
  const call = (place: Place, operation: string, input: object) => moto.json(place, "wafv2", TARGET + operation, input);

  /** AWS WAF API reference, DeleteIPSet: not while a web ACL names it. */
  const refuseUsedIpSet = async (place: Place, input: { Name: string; Id: string; Scope: string }) => {
    const { WebACLs } = await call(place, "ListWebACLs", { Scope: input.Scope });
    for (const { Name, Id } of WebACLs as { Name: string; Id: string }[]) {
      const acl = await call(place, "GetWebACL", { Name, Id, Scope: input.Scope });
      if (JSON.stringify(acl).includes(`/ipset/${input.Name}/${input.Id}`)) throw inUse();
    }
  };

  /** AWS WAF API reference, DeleteWebACL: not while a resource is associated. */
  const associated = new Map<string, string>();

  return async (request: AwsRequest) => {
    if (request.service !== "wafv2") return undefined;
    const place = { account: request.account, region: request.region };
    const input = jsonBody<Record<string, string> & { Addresses?: string[]; LoggingConfiguration?: object }>(request);
    const key = [request.account, request.region, input.Name].join();
    switch (request.action) {
      case "CreateWebACL":
      case "UpdateWebACL": {
        const answer = await moto.forward(request);
        kept.forget(key);
        if (answer.status < 400) kept.remember(key, input);
        return answer;
      }
      case "GetWebACL": {
        const answer = await moto.forward(request);
        if (answer.status >= 400) return answer;
        const { WebACL, ...rest } = JSON.parse(answer.body.toString()) as { WebACL: { Name: string } };
        const name = [request.account, request.region, WebACL.Name].join();
        return json({ ...rest, WebACL: { ...WebACL, ...kept.recall(name) } });
      }
      case "CreateIPSet":
      case "UpdateIPSet": {
        const stored = { ...input, Addresses: (input.Addresses ?? []).map(blockAsStored) };
        return moto.forward({ ...request, body: Buffer.from(JSON.stringify(stored)) });
      }
      case "DeleteIPSet":
        await refuseUsedIpSet(place, input as never);
        return undefined;
      case "AssociateWebACL":
        associated.set(String(input.ResourceArn), String(input.WebACLArn));
        return undefined;
      case "DisassociateWebACL":
        associated.delete(String(input.ResourceArn));
        return undefined;
      case "DeleteWebACL":
        if ([...associated.values()].some((arn) => arn.endsWith(`/${input.Name}/${input.Id}`))) throw inUse();
        return undefined;
      case "PutLoggingConfiguration": {
        checkLogDestination((input.LoggingConfiguration as { LogDestinationConfigs: string[] }).LogDestinationConfigs);
        return undefined;
      }
      default:
        return undefined;
    }
  };
}
