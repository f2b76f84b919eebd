// S3 bucket policies: moto does not read conditions, so that a statement such as "deny what comes without TLS" would
// deny everything. A policy is kept and shown whole. On reading, writing and deleting single objects its denials are
// enforced here, by the policy model; moto gets only what has no condition, and enforces that on everything else.
// Other accounts than the bucket's may do what the policy allows, and nothing else.
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

/** On the bucket itself, as far as other accounts can be let do it here. */
function bucketActionOf({ method, query, rawQuery }: AwsRequest): string | undefined {
  if (method === "GET" && query.has("versions")) return "s3:ListBucketVersions";
  const lists = method === "HEAD" || (method === "GET" && (rawQuery === "" || query.has("list-type")));
  return lists ? "s3:ListBucket" : undefined;
}

/**
 * aws:PrincipalArn of a session is its role's ARN (IAM user guide, global condition keys). The path of the role is not in
 * the session's, and is left out here.
 */
const principalArn = (callerArn: string): string =>
  callerArn.replace(/^arn:aws:sts::(\d+):assumed-role\/([^/]+)\/.*$/, "arn:aws:iam::$1:role/$2");

interface Judged {
  policy: string;
  /** Account of the bucket. */
  owner: string;
  /** ARN of who asks; it is needed of other accounts only. */
  caller?: string | undefined;
}

/**
 * Judges a request on one object, or of another account on the bucket. Within the bucket's account only denials count:
 * what nobody speaks of, an identity policy may allow, and those are not looked at. Another account needs the policy's
 * permission (IAM user guide, cross-account policy evaluation logic). The caller stands for its account's root.
 * Condition keys that this does not know are absent.
 * @throws AwsError AccessDenied
 */
function judge({ policy, owner, caller }: Judged, request: AwsRequest): void {
  const isForeign = request.account !== owner;
  const [, bucket = "", key] = request.path.split("/");
  const expected = request.headers["x-amz-expected-bucket-owner"];
  if (expected && expected !== owner) throw new AwsError("AccessDenied", `${bucket} belongs to another account.`, 403);
  const action = key ? actionOf(request) : bucketActionOf(request);
  if (!action) {
    if (isForeign) throw new AwsError("AccessDenied", "No other account may do this.", 403);
    return;
  }
  const headers = Object.entries(request.headers).filter(([name]) => name.startsWith("x-amz-server-side-encryption"));
  const decision = evaluatePolicy(policy, {
    principal: { kind: "aws", arn: `arn:aws:iam::${request.account}:root` },
    action,
    resource: `arn:aws:s3:::${decodeURIComponent(request.path.slice(1))}`,
    context: {
      // TLS is not modelled: the local AWS speaks HTTP on loopback, and every request counts as one over TLS.
      "aws:SecureTransport": "true",
      "aws:PrincipalAccount": request.account,
      ...(caller && { "aws:PrincipalArn": principalArn(caller) }),
      ...Object.fromEntries(headers.map(([name, value]) => [`s3:${name}`, value])),
    },
  });
  if (decision === "deny" || (isForeign && decision !== "allow"))
    throw new AwsError("AccessDenied", `The bucket's policy denies ${action}.`, 403);
}

const noContent: AwsResponse = { status: 204, headers: {}, body: "" };

export function bucketPolicies(moto: MotoClient): Service {
  const policies = new Map<string, { policy: string; owner: string }>();
  const judgedWith = async (kept: { policy: string; owner: string }, request: AwsRequest): Promise<Judged> => ({
    ...kept,
    caller:
      request.account === kept.owner ? undefined : (await moto.callerOf(request.accessKeyId, request.region))?.arn,
  });
  return async (request) => {
    if (request.service !== "s3") return undefined;
    const [, bucket = "", key] = request.path.split("/");
    const kept = policies.get(bucket);
    const creates = request.method === "PUT" && !request.rawQuery;
    if (kept && (key || (request.account !== kept.owner && !creates))) judge(await judgedWith(kept, request), request);
    if (key) return undefined;
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
        policies.set(bucket, { policy: request.body.toString(), owner: kept?.owner ?? request.account });
        return noContent;
      }
      case "GET":
        if (!kept) throw new AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", 404);
        return { status: 200, headers: { "content-type": "application/json" }, body: kept.policy };
      case "DELETE":
        policies.delete(bucket);
        return moto.forward(request);
      default:
        return undefined;
    }
  };
}
