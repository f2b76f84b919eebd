// S3 bucket policies: moto does not read conditions, so that a statement such as "deny what comes without TLS" would
// deny everything. A policy is kept and shown whole. On reading, writing and deleting single objects its denials are
// enforced here, by the policy model; moto gets only what has no condition, and enforces that on everything else.
import type { MotoClient } from "../host/moto-client";
import { evaluatePolicy, parseStatements } from "../policy";
import { AwsError, type AwsRequest, type AwsResponse, type Service } from "../service";

/** What moto may judge: denials without a condition, and what lets a service in (moto's log delivery asks for that). */
function withoutConditions(policy: string): string | undefined {
  const kept = parseStatements(policy).filter(({ Effect, Principal, Condition }) =>
    Effect === "Allow" ? typeof Principal === "object" && Principal !== null && "Service" in Principal : !Condition,
  );
  return kept.length > 0 ? JSON.stringify({ ...JSON.parse(policy), Statement: kept }) : undefined;
}

/** An object's tags, rights and the like have actions of their own, which are not judged here. */
const SUBRESOURCES = ["acl", "attributes", "legal-hold", "restore", "retention", "select", "tagging", "torrent"];

/** The action by which S3 judges a request on one object (S3 user guide, required permissions for S3 API operations). */
function actionOf({ method, query }: AwsRequest): string | undefined {
  if (SUBRESOURCES.some((name) => query.has(name))) return undefined;
  const version = query.has("versionId") ? "Version" : "";
  switch (method) {
    case "PUT":
      return "s3:PutObject";
    case "POST":
      return query.has("uploads") || query.has("uploadId") ? "s3:PutObject" : undefined;
    case "GET":
    case "HEAD":
      return query.has("uploadId") ? undefined : `s3:GetObject${version}`;
    case "DELETE":
      return query.has("uploadId") ? undefined : `s3:DeleteObject${version}`;
    default:
      return undefined;
  }
}

/**
 * Judges a request on one object. Only denials count: what nobody speaks of, an identity policy may allow, and those
 * are not looked at. The caller stands for its account's root. Condition keys that this does not know are absent.
 * @throws AwsError AccessDenied
 */
export function judgeObjectRequest(policy: string, request: AwsRequest): void {
  const action = actionOf(request);
  if (!action) return;
  const headers = Object.entries(request.headers).filter(([name]) => name.startsWith("x-amz-server-side-encryption"));
  const decision = evaluatePolicy(policy, {
    principal: { kind: "aws", arn: `arn:aws:iam::${request.account}:root` },
    action,
    resource: `arn:aws:s3:::${decodeURIComponent(request.path.slice(1))}`,
    context: {
      // TLS is not modelled: the local AWS speaks HTTP on loopback, and every request counts as one over TLS.
      "aws:SecureTransport": "true",
      "aws:PrincipalAccount": request.account,
      ...Object.fromEntries(headers.map(([name, value]) => [`s3:${name}`, value])),
    },
  });
  if (decision === "deny") throw new AwsError("AccessDenied", `The bucket's policy denies ${action}.`, 403);
}

const noContent: AwsResponse = { status: 204, headers: {}, body: "" };

export function bucketPolicies(moto: MotoClient): Service {
  const policies = new Map<string, string>();
  return async (request) => {
    if (request.service !== "s3") return undefined;
    const [, bucket = "", key] = request.path.split("/");
    const kept = policies.get(bucket);
    if (key) {
      if (kept) judgeObjectRequest(kept, request);
      return undefined;
    }
    if (!request.query.has("policy")) {
      if (request.method === "DELETE" && !request.rawQuery) policies.delete(bucket);
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
      case "GET":
        if (!kept) throw new AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", 404);
        return { status: 200, headers: { "content-type": "application/json" }, body: kept };
      case "DELETE":
        policies.delete(bucket);
        return moto.forward(request);
      default:
        return undefined;
    }
  };
}
