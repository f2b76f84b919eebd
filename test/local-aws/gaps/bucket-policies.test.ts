import type { MotoClient } from "../host/moto-client";
import type { AwsRequest, AwsResponse } from "../service";
import { bucketPolicies } from "./bucket-policies";

const answered: AwsResponse = { status: 200, headers: {}, body: "" };
const everybody = { Effect: "Deny", Principal: "*", Resource: "arn:aws:s3:::files/*" };
const encryption = "s3:x-amz-server-side-encryption";

function request(method: string, url: string, headers: Record<string, string> = {}, body = ""): AwsRequest {
  const [path = "", rawQuery = ""] = url.split("?");
  return {
    account: "111111111111",
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
  const service = bucketPolicies({ forward } as unknown as MotoClient);
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
