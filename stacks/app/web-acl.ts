// AWS WAF in front of REDCap: the web ACL with its IP sets and its log, or one that is brought along, or none. The rules are in
// web-acl-rules.ts.
import { CloudwatchLogResourcePolicy } from "@cdktf/provider-aws/lib/cloudwatch-log-resource-policy";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { Wafv2IpSet } from "@cdktf/provider-aws/lib/wafv2-ip-set";
import { Wafv2WebAcl } from "@cdktf/provider-aws/lib/wafv2-web-acl";
import { Wafv2WebAclAssociation } from "@cdktf/provider-aws/lib/wafv2-web-acl-association";
import { Wafv2WebAclLoggingConfiguration } from "@cdktf/provider-aws/lib/wafv2-web-acl-logging-configuration";
import { Construct } from "constructs";
import { arn, type CreatedWaf, type StageConfig, stageNames, trafficLogRetention } from "../../config";
import { fromAccount } from "../role";
import type { EncryptionKeys } from "./encryption-keys";
import { logGroup } from "./log-group";
import { visibility, webAclRules } from "./web-acl-rules";

export interface WebAclProps {
  stage: StageConfig;
  keys: EncryptionKeys;
  /** IPv4 addresses from which REDCap calls itself for its own checks: of the stage's NAT gateways. */
  ownAddresses: string[];
  /** Whether something calls cron.php over HTTP. Default: no, cron is a task. */
  cronOverHttp?: boolean;
}

/** Headers that hold sessions, tokens, or with the referring page's query what patients were asked. */
const SECRET_HEADERS = ["authorization", "cookie", "referer"];

export class WebAcl extends Construct {
  /** None where the stage goes without AWS WAF. */
  readonly arn: string | undefined;

  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id);
    const { stage, keys } = props;
    const { waf } = stage;
    // Here whatever `waf` says: of a protected stage the group outlasts the web ACL, and a second one of its name could not be made.
    const logs = logGroup(this, "logs", {
      stage,
      retentionInDays: (waf.type === "create" && waf.logRetention) || trafficLogRetention(stage),
      name: stageNames(stage).webAclLogs,
      key: keys.logs,
    });
    if (waf.type === "create") this.arn = this.create(waf, props, logs.arn);
    if (waf.type === "existing") this.arn = waf.webAclArn;
  }

  /**
   * Lets the web ACL, if there is one, see every request to a load balancer or an App Runner service first.
   * @param scope a resource's own construct: each has one web ACL at most
   */
  associate(scope: Construct, resourceArn: string): Wafv2WebAclAssociation | undefined {
    return this.arn ? new Wafv2WebAclAssociation(scope, "web-acl", { webAclArn: this.arn, resourceArn }) : undefined;
  }

  private create(
    waf: CreatedWaf,
    { stage, ownAddresses, cronOverHttp = false }: WebAclProps,
    logGroupArn: string,
  ): string {
    const { webAcl, webAclLogs } = stageNames(stage);
    const ofFamily = (blocks: string[], version: 4 | 6) =>
      blocks.filter((block) => block.includes(":") === (version === 6));
    const ipSets = (name: string, blocks: { v4: string[]; v6: string[] }) =>
      (["v4", "v6"] as const).map((family) => this.ipSet(`${name}-${family}`, stage, blocks[family]));
    const configured = (name: string, blocks: string[]) =>
      ipSets(name, { v4: ofFamily(blocks, 4).flatMap(halves), v6: ofFamily(blocks, 6).flatMap(halves) });
    const acl = new Wafv2WebAcl(this, "acl", {
      name: webAcl,
      description: `REDCap, stage ${stage.name}`,
      scope: "REGIONAL",
      defaultAction: { allow: {} },
      rule: webAclRules({
        waf,
        allowedCountries: stage.allowedCountries,
        ipSets: {
          allowed: configured("allowed", stage.allowedIps),
          maintenance: configured("maintenance", stage.maintenanceAddresses),
          itself: ipSets("itself", { v4: ownAddresses.map((address) => `${address}/32`), v6: [] }),
        },
        cronOverHttp,
      }),
      visibilityConfig: visibility(webAcl),
      // For everything that WAF writes anywhere, also what of a body or query a rule matched. REDCap's queries hold survey codes
      // and record names, its bodies what patients answered.
      dataProtectionConfig: {
        dataProtection: [
          { action: "SUBSTITUTION", field: { fieldType: "QUERY_STRING" } },
          { action: "SUBSTITUTION", field: { fieldType: "BODY" } },
          { action: "SUBSTITUTION", field: { fieldType: "SINGLE_HEADER", fieldKeys: SECRET_HEADERS } },
        ],
      },
    });
    new Wafv2WebAclLoggingConfiguration(this, "logging", {
      resourceArn: acl.arn,
      logDestinationConfigs: [logGroupArn],
      redactedFields: [{ queryString: {} }, ...SECRET_HEADERS.map((name) => ({ singleHeader: { name } }))],
      // What was let in without a remark is in the load balancer's log.
      loggingFilter: {
        defaultBehavior: "DROP",
        filter: [
          {
            behavior: "KEEP",
            requirement: "MEETS_ANY",
            condition: ["BLOCK", "COUNT", "EXCLUDED_AS_COUNT", "CAPTCHA", "CHALLENGE"].map((action) => ({
              actionCondition: { action },
            })),
          },
        ],
      },
      // Without it, WAF writes a policy itself, which nobody would take away again.
      dependsOn: [
        new CloudwatchLogResourcePolicy(this, "logs-policy", {
          policyName: webAclLogs,
          policyDocument: this.deliverLogs(stage, logGroupArn).json,
        }),
      ],
    });
    return acl.arn;
  }

  /** One per family and purpose, also where it is empty: so every change of addresses is made in place. */
  private ipSet(name: string, stage: StageConfig, addresses: string[]): string {
    return new Wafv2IpSet(this, name, {
      name: `${stageNames(stage).webAcl}-${name}`,
      scope: "REGIONAL",
      ipAddressVersion: name.endsWith("v6") ? "IPV6" : "IPV4",
      addresses,
    }).arn;
  }

  /** AWS's log delivery writes into this group, for this account (CloudWatch Logs user guide, logging from AWS services). */
  private deliverLogs(stage: StageConfig, logGroupArn: string): DataAwsIamPolicyDocument {
    return new DataAwsIamPolicyDocument(this, "deliver-logs", {
      statement: [
        {
          principals: [{ type: "Service", identifiers: ["delivery.logs.amazonaws.com"] }],
          actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
          resources: [`${logGroupArn}:*`],
          condition: [
            fromAccount(stage.accountId),
            { test: "ArnLike", variable: "aws:SourceArn", values: [arn("logs", stage, "*")] },
          ],
        },
      ],
    });
  }
}

/** AWS WAF takes every block but /0 (AWS WAF API reference, IPSet): both halves of it are the same. */
function halves(block: string): string[] {
  if (block === "0.0.0.0/0") return ["0.0.0.0/1", "128.0.0.0/1"];
  return block === "::/0" ? ["::/1", "8000::/1"] : [block];
}
