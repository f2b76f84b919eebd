// EC2 instances: moto starts a second one for a repeated client token.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
import type { MotoClient } from "../host/moto-client";
import type { AwsResponse, Service } from "../service";

export function instances(moto: MotoClient): Service {
  const started = new Map<string, AwsResponse>();
  return async (request) => {
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
