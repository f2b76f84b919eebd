// S3 bucket policies: moto does not read conditions, so that a statement such as "deny what comes without TLS" would
// deny everything. What has a condition is kept here and shown, but not enforced; the rest is moto's.
import type { MotoClient } from "../host/moto-client";
import { AwsError, type AwsResponse, type Service } from "../service";

interface Statement {
  Effect: string;
  Principal?: unknown;
  Condition?: unknown;
}

/** What moto may judge: denials without a condition, and what lets a service in (moto's log delivery asks for that). */
function withoutConditions(policy: string): string | undefined {
  const document = JSON.parse(policy) as { Statement: Statement | Statement[] };
  const statements = [document.Statement].flat();
  const kept = statements.filter(({ Effect, Principal, Condition }) =>
    Effect === "Allow" ? typeof Principal === "object" && Principal !== null && "Service" in Principal : !Condition,
  );
  return kept.length > 0 ? JSON.stringify({ ...document, Statement: kept }) : undefined;
}

const noContent: AwsResponse = { status: 204, headers: {}, body: "" };

export function bucketPolicies(moto: MotoClient): Service {
  const policies = new Map<string, string>();
  return async (request) => {
    if (request.service !== "s3") return undefined;
    const [, bucket = "", key] = request.path.split("/");
    if (!request.query.has("policy")) {
      if (request.method === "DELETE" && !key && !request.rawQuery) policies.delete(bucket);
      return undefined;
    }
    switch (request.method) {
      case "PUT": {
        const enforced = withoutConditions(request.body.toString());
        const passedOn = enforced
          ? { ...request, body: Buffer.from(enforced) }
          : { ...request, method: "DELETE", body: Buffer.alloc(0) };
        const answer = await moto.forward(passedOn);
        if (answer.status >= 400) return answer;
        policies.set(bucket, request.body.toString());
        return noContent;
      }
      case "GET": {
        const policy = policies.get(bucket);
        if (!policy) throw new AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", 404);
        return { status: 200, headers: { "content-type": "application/json" }, body: policy };
      }
      case "DELETE":
        policies.delete(bucket);
        return moto.forward(request);
      default:
        return undefined;
    }
  };
}
