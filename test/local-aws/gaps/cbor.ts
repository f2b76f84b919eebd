// CloudWatch's clients speak Smithy RPC v2 CBOR, moto the JSON protocol: translated in both directions.
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
import { cbor, dateToTag } from "@smithy/core/cbor";
import type { AwsRequest, AwsResponse } from "../service";

const OPERATION = /^\/service\/([^/]+)\/operation\/([^/]+)$/;

/** The same call in the JSON protocol, or `undefined` when the request is not CBOR. */
export function cborRequest(request: AwsRequest): AwsRequest | undefined {
  const [, service, operation] = OPERATION.exec(request.path) ?? [];
  if (request.headers["smithy-protocol"] !== "rpc-v2-cbor" || !service || !operation) return undefined;
  const input: unknown = request.body.length ? cbor.deserialize(request.body) : {};
  const { "smithy-protocol": _, ...headers } = request.headers;
  return {
    ...request,
    path: "/",
    action: operation,
    headers: {
      ...headers,
      accept: "application/json",
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `${service}.${operation}`,
    },
    body: Buffer.from(
      JSON.stringify(input, (_name, value: unknown) => (typeof value === "bigint" ? Number(value) : untag(value))),
    ),
  };
}

/** CBOR writes a time as tag 1 around seconds since the epoch; the JSON protocol writes the number alone. */
function untag(value: unknown): unknown {
  const tagged = value as { tag?: unknown; value?: unknown } | null;
  return typeof value === "object" && Number(tagged?.tag) === 1 ? tagged?.value : value;
}

function tagTimes(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => tagTimes(item, name));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, tagTimes(child, key)]));
  }
  return typeof value === "number" && /Timestamps?$|Date$|Time$/.test(name) ? dateToTag(new Date(value * 1000)) : value;
}

export function cborResponse(response: AwsResponse): AwsResponse {
  const text = response.body.toString();
  const output: unknown = text.startsWith("{") ? JSON.parse(text) : {};
  return {
    status: response.status,
    headers: { ...response.headers, "smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor" },
    body: Buffer.from(cbor.serialize(tagTimes(output))),
  };
}
