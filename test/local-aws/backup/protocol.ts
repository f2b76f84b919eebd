// AWS Backup's wire protocol (restJson1), read from the operation schemas that the AWS SDK itself exports: routes, path
// labels, query parameters and required members are never written down twice.
// Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html

import * as sdk from "@aws-sdk/client-backup";
import type { AwsError, AwsRequest, AwsResponse } from "../service";
import { invalidParameter, missingParameter } from "./errors";

type Sdk = typeof sdk;
type OperationOf<Name> = Name extends `${infer Operation}Command` ? Operation : never;
type CommandOf<O extends Operation> = InstanceType<Sdk[`${O}Command`]>;

/** Name of an operation, e.g. `StartBackupJob`. */
export type Operation = OperationOf<keyof Sdk>;
export type InputOf<O extends Operation> = CommandOf<O>["input"];
export type OutputOf<O extends Operation> =
  CommandOf<O> extends {
    resolveMiddleware: (...options: never[]) => (...input: never[]) => Promise<{ output: infer Output }>;
  }
    ? Omit<Output, "$metadata">
    : never;

/** Who calls. */
export interface Caller {
  account: string;
  accessKeyId: string;
}

/** A module's answers to operations of AWS Backup. */
export type Handlers = { [O in Operation]?: (input: InputOf<O>, caller: Caller) => Promise<OutputOf<O>> | OutputOf<O> };

/** A request after routing: the operation and the members of its input. */
export interface ParsedRequest {
  operation: Operation;
  input: Record<string, unknown>;
}

interface Member {
  name: string;
  /** Name in the query string, if the member travels there. */
  query?: string;
  /** Smithy's numeric code of simple types: 0 string, 1 number, 2 boolean, 4 timestamp. */
  type: unknown;
}

interface Route {
  operation: Operation;
  method: string;
  segments: string[];
  members: Member[];
  required: string[];
}

/** Schemas may be wrapped in a function, so that they can refer to each other. */
function unwrap(schema: unknown): unknown {
  return typeof schema === "function" ? unwrap(schema()) : schema;
}

function readRoute(schema: unknown): Route | undefined {
  if (!Array.isArray(schema) || schema[0] !== 9) return undefined;
  const [, , operation, traits, input] = schema as [9, string, Operation, { http: [string, string] }, unknown];
  const structure = unwrap(input);
  const [names, types, requiredCount] = Array.isArray(structure)
    ? [structure[4] as string[], structure[5] as unknown[], (structure[6] as number | undefined) ?? 0]
    : [[], [], 0];
  const members = names.map((name, index) => {
    const member = types[index];
    const [type, memberTraits] = Array.isArray(member) ? member : [member, undefined];
    const query = (memberTraits as { httpQuery?: string } | undefined)?.httpQuery;
    return { name, type, ...(query !== undefined && { query }) };
  });
  return {
    operation,
    method: traits.http[0],
    segments: splitPath(traits.http[1].split("?")[0] ?? ""),
    members,
    required: names.slice(0, requiredCount),
  };
}

const ROUTES = Object.values(sdk)
  .map(readRoute)
  .filter((route) => route !== undefined);

function splitPath(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}

/**
 * Finds the operation that a request means and reads its input.
 *
 * @returns undefined when no operation has this method and path.
 * @throws AwsError MissingParameterValueException when a required member is absent, as AWS does.
 */
export function parseRequest(request: AwsRequest): ParsedRequest | undefined {
  const path = splitPath(request.path).map(decodeURIComponent);
  const route = ROUTES.find(
    ({ method, segments }) =>
      method === request.method &&
      segments.length === path.length &&
      segments.every((segment, index) => segment.startsWith("{") || segment === path[index]),
  );
  if (!route) return undefined;

  const input: Record<string, unknown> = readBody(request);
  for (const [index, segment] of route.segments.entries()) {
    if (segment.startsWith("{")) input[segment.slice(1, -1)] = path[index];
  }
  for (const { name, query, type } of route.members) {
    const value = query === undefined ? null : request.query.get(query);
    if (value !== null) input[name] = convert(value, type);
  }
  const missing = route.required.find((name) => input[name] === undefined || input[name] === null);
  if (missing) throw missingParameter(`${missing} is required.`);
  return { operation: route.operation, input };
}

function readBody(request: AwsRequest): Record<string, unknown> {
  if (request.body.length === 0) return {};
  try {
    return JSON.parse(request.body.toString("utf8")) as Record<string, unknown>;
  } catch {
    throw invalidParameter("The request's body is not JSON.");
  }
}

function convert(value: string, type: unknown): unknown {
  if (type === 1) return Number(value);
  if (type === 2) return value === "true";
  if (type === 4) return /^\d+(\.\d+)?$/.test(value) ? new Date(Number(value) * 1000) : new Date(value);
  return value;
}

/** Timestamps go out as seconds since 1970; absent members are left out. */
export function answer(output: unknown): AwsResponse {
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(toWire(output) ?? {}),
  };
}

export function answerError(error: AwsError): AwsResponse {
  const body = { Code: error.code, Message: error.message, message: error.message, Type: "User", ...error.details };
  return {
    status: error.status,
    headers: { "content-type": "application/json", "x-amzn-errortype": error.code },
    body: JSON.stringify(body),
  };
}

function toWire(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(toWire);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toWire(member)]));
  }
  return value;
}
