// Talks to moto for the overlay: passes requests on, and makes calls of its own in any account.
import { Agent, request as httpRequest } from "node:http";
import { AwsError, type AwsRequest, type AwsResponse } from "../service";
import { type Parsed, parseXml } from "./xml";

/** moto takes the account from this header before it looks at the access key (moto/core/responses.py). */
const ACCOUNT_HEADER = "x-moto-account-id";
const HOP_BY_HOP = ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "content-length"];

export interface Place {
  account: string;
  region: string;
}

export class MotoClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(private readonly port: number) {}

  close(): void {
    this.agent.destroy();
  }

  /** Passes a request on, in the account that the overlay found. */
  readonly forward = (request: AwsRequest): Promise<AwsResponse> => {
    const headers: Record<string, string> = { ...request.headers, [ACCOUNT_HEADER]: request.account };
    for (const name of HOP_BY_HOP) delete headers[name];
    const path = request.rawQuery ? `${request.path}?${request.rawQuery}` : request.path;
    return this.send(request.method, path, headers, request.body);
  };

  /** A call of the JSON protocol, e.g. `json(place, "secretsmanager", "secretsmanager.GetSecretValue", {…})`. */
  async json(place: Place, service: string, target: string, input: object): Promise<Parsed> {
    const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": target };
    const answer = await this.call(place, service, "POST", "/", headers, JSON.stringify(input));
    const output = answer.body.length ? (JSON.parse(answer.body.toString()) as Parsed) : {};
    if (answer.status < 400) return output;
    const type = String(output.__type ?? answer.headers["x-amzn-errortype"] ?? "InternalFailure");
    throw new AwsError(type.replace(/.*#/, ""), String(output.message ?? output.Message ?? ""), answer.status);
  }

  /** A call of the query protocol; gives the parsed `<…Result>`, or EC2's whole answer, which has none. */
  async query(place: Place, service: string, parameters: Record<string, string>): Promise<Parsed> {
    const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
    const body = new URLSearchParams(parameters).toString();
    const answer = await this.call(place, service, "POST", "/", headers, body);
    // Before the root some answers have an XML declaration.
    const root = Object.values(parseXml(answer.body.toString())).at(-1) as Parsed | undefined;
    if (answer.status < 400) return ((service === "ec2" ? root : root?.[`${parameters.Action}Result`]) ?? {}) as Parsed;
    const error = (root?.Error ?? {}) as Parsed;
    throw new AwsError(String(error.Code ?? "InternalFailure"), String(error.Message ?? ""), answer.status);
  }

  /** A call of a REST protocol. */
  rest(place: Place, service: string, method: string, path: string, body = ""): Promise<AwsResponse> {
    return this.call(place, service, method, path, {}, body);
  }

  /** Whom moto knows an access key of, if anybody. */
  async callerOf(accessKeyId: string, region: string): Promise<{ account: string; arn: string } | undefined> {
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20000101/${region}/sts/aws4_request, Signature=none`,
    };
    const body = Buffer.from("Action=GetCallerIdentity&Version=2011-06-15");
    const answer = await this.send("POST", "/", headers, body);
    // moto's answer for a key that it does not know names a user called "moto".
    const [, arn = "", account = "", name] =
      /<Arn>(arn:aws:(?:iam|sts)::(\d+):([^<]+))<\/Arn>/.exec(answer.body.toString()) ?? [];
    return account === "" || name === "user/moto" ? undefined : { account, arn };
  }

  private call(
    place: Place,
    service: string,
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<AwsResponse> {
    const scope = `Credential=LOCALAWS/20000101/${place.region}/${service}/aws4_request`;
    const signed = {
      ...headers,
      [ACCOUNT_HEADER]: place.account,
      authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=none`,
    };
    return this.send(method, path, signed, Buffer.from(body));
  }

  private send(method: string, path: string, headers: Record<string, string>, body: Buffer): Promise<AwsResponse> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        {
          host: "127.0.0.1",
          port: this.port,
          agent: this.agent,
          method,
          path,
          headers: { ...headers, "content-length": String(body.length) },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("error", reject);
          answer.on("end", () => {
            const received: Record<string, string> = {};
            for (const [name, value] of Object.entries(answer.headers)) {
              // The length of a HEAD's answer is the object's, not that of a body.
              const kept = !HOP_BY_HOP.includes(name) || (method === "HEAD" && name === "content-length");
              if (value !== undefined && kept) received[name] = String(value);
            }
            resolve({ status: answer.statusCode ?? 502, headers: received, body: Buffer.concat(chunks) });
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}
