// EC2 instances: moto starts a second one for a repeated client token, and shows a launch template's own tags among those that
// the template gives to what it starts.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
import type { MotoClient } from "../host/moto-client";
import type { AwsResponse, Service } from "../service";

const OWN_TAGS = /<item>\s*<resourceType>launch-template<\/resourceType>\s*<tagSet>.*?<\/tagSet>\s*<\/item>/gs;

export function instances(moto: MotoClient): Service {
  const started = new Map<string, AwsResponse>();
  return async (request) => {
    if (request.service === "ec2" && request.action === "DescribeLaunchTemplateVersions") {
      const answer = await moto.forward(request);
      return { ...answer, body: answer.body.toString().replaceAll(OWN_TAGS, "") };
    }
    const token = request.form.get("ClientToken");
    if (request.service !== "ec2" || request.action !== "RunInstances" || !token) return undefined;
    const key = `${request.account} ${request.region} ${token}`;
    const known = started.get(key);
    if (known) return known;
    const answer = await moto.forward(request);
    if (answer.status < 400) started.set(key, answer);
    return answer;
  };
}
