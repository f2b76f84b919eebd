// What a service module of the local AWS is: a function that answers a request, or leaves it to moto.

/** One call of an AWS API, after its signature's scope was read. */
export interface AwsRequest {
  /** Account that the access key belongs to. */
  account: string;
  region: string;
  /** Signing name of the service, e.g. `rds`, `backup`, `s3`, `monitoring`. */
  service: string;
  method: string;
  /** Path as sent (still percent-encoded), without the query. */
  path: string;
  query: URLSearchParams;
  /** The query as sent, without `?`. */
  rawQuery: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
  /** `X-Amz-Target` of the JSON protocols without its prefix, or `Action` of the query protocol; empty for REST. */
  action: string;
  /** Parameters of the query protocol (RDS, SNS, EC2, IAM, …): from the form body, or from the URL. Empty otherwise. */
  form: URLSearchParams;
  /** Access key that signed the request. */
  accessKeyId: string;
}

export interface AwsResponse {
  status: number;
  headers: Record<string, string>;
  body: Buffer | string;
}

/** Answers a request, or gives `undefined`: the next module, in the end moto, answers. May throw AwsError. */
export type Service = (request: AwsRequest) => Promise<AwsResponse | undefined>;

/** Passes a request on to moto, after a module changed it or to change the answer. */
export type Moto = (request: AwsRequest) => Promise<AwsResponse>;

/** An error as AWS answers it; the server writes it in the protocol of the request. */
export class AwsError extends Error {
  constructor(
    /** AWS's error code, e.g. `InvalidParameterValueException`. */
    readonly code: string,
    message: string,
    readonly status = 400,
    /** Further members of the error's body (JSON protocols). */
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export function json(body: unknown, status = 200): AwsResponse {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

export function xml(body: string, status = 200): AwsResponse {
  return { status, headers: { "content-type": "text/xml" }, body };
}

/** Body of a JSON request; `{}` when it is empty. */
export function jsonBody<T = Record<string, unknown>>(request: AwsRequest): T {
  return (request.body.length ? JSON.parse(request.body.toString("utf8")) : {}) as T;
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** The request with other query-protocol parameters (RDS, SNS, …), to be passed on. `undefined` removes one. */
export function withForm(request: AwsRequest, changes: Record<string, string | undefined>): AwsRequest {
  const form = new URLSearchParams(request.form);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) form.delete(name);
    else form.set(name, value);
  }
  return { ...request, form, body: Buffer.from(form.toString()) };
}
