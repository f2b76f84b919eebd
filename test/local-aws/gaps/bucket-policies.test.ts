import type { MotoClient } from "../host/moto-client";
import type { AwsRequest, AwsResponse } from "../service";
import { bucketPolicies } from "./bucket-policies";

const answered: AwsResponse = { status: 200, headers: {}, body: "" };
const everybody = { Effect: "Deny", Principal: "*", Resource: "arn:aws:s3:::files/*" };
const OTHER = "222222222222";
const encryption = "s3:x-amz-server-side-encryption";

const OWNER = "111111111111";

function request(
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body = "",
  account = OWNER,
): AwsRequest {
  const [path = "", rawQuery = ""] = url.split("?");
  return {
    account,
    region: "eu-west-2",
    service: "s3",
    method,
    path,
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers,
    body: Buffer.from(body),
    action: "",
    form: new URLSearchParams(),
    accessKeyId: "AKIA",
  };
}

/** The module with a policy on the bucket `files`, and what moto was sent. */
async function withPolicy(...statements: object[]) {
  const sent: AwsRequest[] = [];
  const forward = async (passedOn: AwsRequest) => {
    sent.push(passedOn);
    return answered;
  };
  const callerOf = async () => ({ account: OTHER, arn: `arn:aws:sts::${OTHER}:assumed-role/writer/session` });
  const service = bucketPolicies({ forward, callerOf } as unknown as MotoClient);
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  await service(request("PUT", "/files?policy", {}, policy));
  return { service, sent, policy };
}

const refused = { code: "AccessDenied", status: 403 };

test("a condition on the encryption of uploads is enforced", async () => {
  const Condition = { StringNotEquals: { [encryption]: "aws:kms" }, Null: { [encryption]: "false" } };
  const { service } = await withPolicy({ ...everybody, Action: "s3:PutObject", Condition });
  const upload = (value?: string) =>
    service(request("PUT", "/files/a/b", value ? { "x-amz-server-side-encryption": value } : {}));
  await expect(upload()).resolves.toBeUndefined();
  await expect(upload("aws:kms")).resolves.toBeUndefined();
  await expect(upload("AES256")).rejects.toMatchObject(refused);
  await expect(service(request("PUT", "/others/a"))).resolves.toBeUndefined();
});

test("a negated condition holds for uploads without the header, as on AWS", async () => {
  const Condition = { StringNotEqualsIfExists: { [encryption]: "aws:kms" } };
  const { service } = await withPolicy({ ...everybody, Action: "s3:PutObject", Condition });
  await expect(service(request("PUT", "/files/a"))).rejects.toMatchObject(refused);
  await expect(service(request("POST", "/files/a?uploads="))).rejects.toMatchObject(refused);
});

test.each([
  ["GET", "/files/a", "s3:GetObject"],
  ["HEAD", "/files/a?versionId=1", "s3:GetObjectVersion"],
  ["DELETE", "/files/a%20b", "s3:DeleteObject"],
  ["DELETE", "/files/a?versionId=1", "s3:DeleteObjectVersion"],
])("%s %s is %s", async (method, url, Action) => {
  const { service } = await withPolicy({ ...everybody, Action });
  await expect(service(request(method, url))).rejects.toMatchObject(refused);
  const { service: other } = await withPolicy({ ...everybody, Action: "s3:PutObject" });
  await expect(other(request(method, url))).resolves.toBeUndefined();
  await expect(service(request(method, "/files/a?tagging="))).resolves.toBeUndefined();
});

test("every request counts as one over TLS; the policy is shown whole, and gone once it is deleted", async () => {
  const Condition = { Bool: { "aws:SecureTransport": "false" } };
  const { service, sent, policy } = await withPolicy({ ...everybody, Action: "s3:*", Condition });
  await expect(service(request("GET", "/files/a"))).resolves.toBeUndefined();
  // moto would read it without the condition.
  expect(sent.map(({ method }) => method)).toEqual(["DELETE"]);
  await expect(service(request("GET", "/files?policy"))).resolves.toMatchObject({ body: policy });
  await service(request("DELETE", "/files?policy"));
  await expect(service(request("GET", "/files?policy"))).rejects.toMatchObject({ code: "NoSuchBucketPolicy" });
});

test("the model refuses a condition that it does not know instead of letting it pass", async () => {
  const Condition = { DateLessThan: { "aws:CurrentTime": "2030-01-01T00:00:00Z" } };
  const { service } = await withPolicy({ ...everybody, Action: "s3:GetObject", Condition });
  await expect(service(request("GET", "/files/a"))).rejects.toThrow(/DateLessThan/);
});

describe("another account", () => {
  const letIn = (role: string) => ({
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${OTHER}:root` },
    Action: "s3:PutObject",
    Resource: "arn:aws:s3:::files/theirs/*",
    Condition: { ArnEquals: { "aws:PrincipalArn": `arn:aws:iam::${OTHER}:role/${role}` } },
  });
  const theirs = (method: string, url: string, headers = {}) => request(method, url, headers, "", OTHER);

  test("may do what the policy allows its role, and nothing else", async () => {
    const { service } = await withPolicy(letIn("writer"));
    await expect(service(theirs("PUT", "/files/theirs/a"))).resolves.toBeUndefined();
    for (const [method, url] of [
      ["PUT", "/files/ours/a"],
      ["PUT", "/files/theirs/a?retention="],
      ["GET", "/files/theirs/a"],
      ["DELETE", "/files/theirs/a"],
      ["DELETE", "/files/theirs/a?versionId=1"],
      ["POST", "/files?delete="],
      ["GET", "/files?list-type=2&prefix=theirs/"],
      ["GET", "/files?versions="],
      ["GET", "/files?policy"],
      ["PUT", "/files?policy"],
      ["DELETE", "/files"],
    ] as const)
      await expect(service(theirs(method, url))).rejects.toMatchObject(refused);
  });

  test("is refused with another role, and where nobody speaks of it", async () => {
    const { service } = await withPolicy(letIn("reader"));
    await expect(service(theirs("PUT", "/files/theirs/a"))).rejects.toMatchObject(refused);
    await expect(service(request("PUT", "/files/ours/a"))).resolves.toBeUndefined();
  });

  test("is refused, like everybody, who takes the bucket for somebody else's", async () => {
    const { service } = await withPolicy(letIn("writer"));
    const expecting = (account: string) => theirs("PUT", "/files/theirs/a", { "x-amz-expected-bucket-owner": account });
    await expect(service(expecting(OWNER))).resolves.toBeUndefined();
    await expect(service(expecting("333333333333"))).rejects.toMatchObject(refused);
  });
});
