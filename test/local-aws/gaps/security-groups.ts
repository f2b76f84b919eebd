// EC2: descriptions of security-group rules that name another group, which moto does not show.
import type { MotoClient } from "../host/moto-client";
import { type AwsResponse, escapeXml, type Service } from "../service";

const RULE_ID = /<securityGroupRuleId>(.*?)<\/securityGroupRuleId>/;

export function securityGroupRules(moto: MotoClient): Service {
  const descriptions = new Map<string, string>();

  const shown = (answer: AwsResponse): AwsResponse => {
    const body = answer.body
      .toString()
      .replace(/<item>(?:(?!<item>).)*?<securityGroupRuleId>.*?<\/securityGroupRuleId>/gs, (item) => {
        const description = descriptions.get(RULE_ID.exec(item)?.[1] ?? "");
        return description
          ? item.replace("<item>", `<item><description>${escapeXml(description)}</description>`)
          : item;
      });
    return { ...answer, body };
  };

  return async (request) => {
    if (request.service !== "ec2") return undefined;
    if (request.action === "DescribeSecurityGroupRules") return shown(await moto.forward(request));
    if (!/^AuthorizeSecurityGroup(In|E)gress$/.test(request.action)) return undefined;
    const answer = await moto.forward(request);
    // Terraform makes one rule a call.
    const description = request.form.get("IpPermissions.1.Groups.1.Description");
    const rule = RULE_ID.exec(answer.body.toString())?.[1];
    if (description && rule) descriptions.set(rule, description);
    return shown(answer);
  };
}
