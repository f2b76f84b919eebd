// The overlay's HTTP server: reads who asks for what, lets the service modules answer, and moto where none does.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { cborRequest, cborResponse } from "./gaps/cbor";
import { type Identities, signatureOf } from "./host/identity";
import { AwsError, type AwsRequest, type AwsResponse, escapeXml, json, type Moto, type Service, xml } from "./service";

/** Answers an unsigned call below /local-aws/, the tests' own controls. */
export type Admin = (method: string, path: string, body: Buffer) => Promise<AwsResponse | undefined>;

export interface Overlay {
  identities: Identities;
  services: Service[];
  admins: Admin[];
  moto: Moto;
  /** Account of requests that are not signed, such as reading a public object. */
  anonymousAccount: string;
  log(line: string): void;
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function readRequest(message: IncomingMessage, overlay: Overlay): Promise<AwsRequest> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(",") : value;
  }
  // A client that was told to use a proxy sends the whole URL.
  let target = message.url ?? "/";
  const absolute = /^https?:\/\/([^/]+)(.*)$/.exec(target);
  if (absolute) {
    headers.host = absolute[1] as string;
    target = absolute[2] || "/";
  }
  const [path = "/", rawQuery = ""] = target.split(/\?(.*)/s);
  const query = new URLSearchParams(rawQuery);
  const body = await bodyOf(message);
  const isForm = (headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
  const form = new URLSearchParams(isForm ? body.toString() : query.has("Action") ? rawQuery : "");
  const jsonAction = headers["x-amz-target"]?.replace(/^.*\./, "");
  const signature = signatureOf(headers.authorization ?? "", query);
  return {
    account: signature ? await overlay.identities.accountOf(signature) : overlay.anonymousAccount,
    region: signature?.region ?? "us-east-1",
    service: signature?.service ?? "",
    method: message.method ?? "GET",
    path,
    query,
    rawQuery,
    headers,
    body,
    action: jsonAction ?? form.get("Action") ?? "",
    form,
    accessKeyId: signature?.accessKeyId ?? "",
  };
}

/** Writes an error in the protocol that the client speaks. */
function errorAnswer(error: AwsError, headers: IncomingMessage["headers"], service: string): AwsResponse {
  const type = headers["content-type"] ?? "";
  if (service === "s3")
    return xml(`<Error><Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message></Error>`, error.status);
  if (service === "ec2") {
    const inner = `<Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message>`;
    return xml(
      `<Response><Errors><Error>${inner}</Error></Errors><RequestID>local</RequestID></Response>`,
      error.status,
    );
  }
  if (type.startsWith("application/x-www-form-urlencoded")) {
    const inner = `<Type>Sender</Type><Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message>`;
    return xml(`<ErrorResponse><Error>${inner}</Error><RequestId>local</RequestId></ErrorResponse>`, error.status);
  }
  const answer = json(
    { __type: error.code, Message: error.message, message: error.message, ...error.details },
    error.status,
  );
  return { ...answer, headers: { ...answer.headers, "x-amzn-errortype": error.code } };
}

/**
 * moto answers what it lacks with a web page, and status 500, on which clients would try again for many minutes; 501 ends
 * the call at once.
 */
function isMissing({ status, headers, body }: AwsResponse): boolean {
  return (
    (status === 500 || status === 404) &&
    /html/.test(headers["content-type"] ?? "") &&
    /<!doctype html/i.test(body.toString())
  );
}

async function answer(message: IncomingMessage, overlay: Overlay): Promise<AwsResponse> {
  const path = (message.url ?? "/").replace(/\?.*$/s, "");
  if (path.startsWith("/local-aws/")) {
    const body = await bodyOf(message);
    for (const admin of overlay.admins) {
      const handled = await admin(message.method ?? "GET", path, body);
      if (handled) return handled;
    }
    return json({ message: `Nothing answers ${path}` }, 404);
  }

  let request: AwsRequest | undefined;
  try {
    request = await readRequest(message, overlay);
    const cbor = cborRequest(request);
    const understood = cbor ?? request;
    for (const service of overlay.services) {
      const handled = await service(understood);
      if (handled) return cbor ? cborResponse(handled) : handled;
    }
    const passedOn = await overlay.moto(understood);
    if (isMissing(passedOn)) {
      const what = understood.action || `${request.method} ${request.path}`;
      throw new AwsError("NotImplemented", `The local AWS does not have ${request.service} ${what}.`, 501);
    }
    return cbor ? cborResponse(passedOn) : passedOn;
  } catch (error) {
    const known =
      error instanceof AwsError
        ? error
        : new AwsError("InternalFailure", `Local AWS: ${(error as Error).message}`, 500);
    if (known !== error || known.status === 501) overlay.log(String((error as Error).stack));
    const service =
      request?.service ?? signatureOf(message.headers.authorization ?? "", new URLSearchParams())?.service;
    const written = errorAnswer(known, message.headers, service ?? "");
    return message.headers["smithy-protocol"] ? cborResponse(written) : written;
  } finally {
    if (request)
      overlay.log(`${request.account} ${request.service} ${request.method} ${request.path} ${request.action}`);
  }
}

function send(response: ServerResponse, { status, headers, body }: AwsResponse, head: boolean): void {
  const length = head && headers["content-length"] ? headers["content-length"] : String(Buffer.byteLength(body));
  response.writeHead(status, {
    "x-amzn-requestid": "00000000-0000-4000-8000-000000000000",
    ...headers,
    "content-length": length,
  });
  response.end(head ? undefined : body);
}

/** Listens on a free port of 127.0.0.1. */
export async function listen(overlay: Overlay): Promise<{ server: Server; port: number }> {
  const server = createServer((message, response) => {
    answer(message, overlay).then(
      (result) => send(response, result, message.method === "HEAD"),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  // Clients keep connections; none may be closed under a request that is just being sent.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}
