// Which hosts a source file names. Finds what is written out; a host put together at run time from pieces, or encoded,
// cannot be found this way: the list of changed files is there for that.
import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { parse } from "ipaddr.js";

export interface Mention {
  /** Lower case, in ASCII; `*` stands for a part that is only known at run time, as in `*.s3.amazonaws.com`. */
  host: string;
  /** First line that names it, from 1. */
  line: number;
}

const SOURCES = /\.(?:php|phtml|inc|m?js|cjs|html?|json|css|sql|txt)$/i;

/** Whether a file is one whose hosts count: code, markup and data, by its name. */
export const isSource = (path: string): boolean => SOURCES.test(path);

/** `//`, also as `\/\/` in JSON and JavaScript, percent-encoded in a query, or by character code. */
const SLASHES = /(?:\\{0,3}\/|\\x2f|\\u002f){2}|%2f%2f/gi;
const SCHEME = /([a-z][a-z0-9+.-]*)(?::|%3a|\\x3a|\\u003a)$/i;
/** A URL without a scheme is told from a comment by what stands before it. */
const PROTOCOL_RELATIVE = /(?:["'`]|\burl\(\s?|\b(?:src|href|action)=)$/i;
/** Up to the path, with placeholders such as `{$region}` and `${region}` whole. All lengths are bounded: linear time. */
const AUTHORITY = /(?:\$?\{[^{}\s"']{1,60}\}|[^\s"'`<>\\/?#(){}|^;,]){1,2000}/y;
/** Variables of PHP and JavaScript inside a string, and printf's. */
const PLACEHOLDER = /\$?\{[^{}]*\}|\$\w+|%(?:\d+\$)?[sd]/g;
/** PHP's functions that take a host without a scheme. */
const CALL =
  /\b(?:p?fsockopen|stream_socket_client|gethostbynamel?|dns_get_record|checkdnsrr|curl_init|CURLOPT_URL|CURLOPT_PROXY)\b\s*[(,]\s*["']([^"'\s/:]{4,253})/gi;
/** Longest text before `//` that is looked at. */
const BEFORE = 24;
/** PHP's stream wrappers that stay on the machine: https://www.php.net/manual/en/wrappers.php */
const LOCAL_SCHEMES = new Set(
  "php file data phar glob zlib compress.zlib compress.bzip2 zip rar ogg expect".split(" "),
);

/** Every host that the text names, with the first line where it does. Takes time linear in the text's length. */
export function hostsIn(text: string): Mention[] {
  const first = new Map<string, number>();
  const seen = new Set<string>();
  const note = (host: string | undefined, at: number) => {
    if (host && at < (first.get(host) ?? Number.POSITIVE_INFINITY)) first.set(host, at);
  };
  for (const match of text.matchAll(SLASHES)) {
    const before = text.slice(Math.max(0, match.index - BEFORE), match.index);
    const scheme = SCHEME.exec(before)?.[1]?.toLowerCase();
    if (scheme === undefined ? !PROTOCOL_RELATIVE.test(before) : LOCAL_SCHEMES.has(scheme)) continue;
    AUTHORITY.lastIndex = match.index + match[0].length;
    const authority = AUTHORITY.exec(text)?.[0] ?? "";
    const key = `${scheme === undefined} ${authority}`;
    if (seen.has(key)) continue;
    seen.add(key);
    note(hostOf(authority, scheme !== undefined), match.index);
  }
  for (const match of text.matchAll(CALL)) note(hostOf(match[1] ?? "", false), match.index);
  return withLines(text, first);
}

/** @param certain whether a scheme says that it is a host: then a single word and an odd spelling of an address count */
function hostOf(authority: string, certain: boolean): string | undefined {
  const plain = authority.replace(PLACEHOLDER, "*");
  // What stands before the last @ is a user's name, however much it looks like a host.
  const written = plain.slice(plain.lastIndexOf("@") + 1);
  const literal = /^\[([0-9a-f:.]+)\]/i.exec(written)?.[1];
  if (literal) return isIPv6(literal) ? literal.toLowerCase() : undefined;
  const name = /^[\p{L}\p{N}*._\u3002-]+/u.exec(written)?.[0];
  if (!name) return undefined;
  const host = domainToASCII(name).replace(/\.+$/, "");
  if (isIPv4(host)) return certain || host === name ? host : undefined;
  if (/^(?:[\w*-]+\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]+)$/.test(host)) return host;
  return certain && /^[a-z][\w-]*$/.test(host) ? host : undefined;
}

function withLines(text: string, first: Map<string, number>): Mention[] {
  let line = 1;
  let newline = text.indexOf("\n");
  return [...first]
    .sort(([, a], [, b]) => a - b)
    .map(([host, at]) => {
      for (; newline >= 0 && newline < at; newline = text.indexOf("\n", newline + 1)) line++;
      return { host, line };
    });
}

/** Hosts in the names of XML namespaces and document types, which software compares and does not fetch. */
const NAMESPACES =
  /^(?:www\.w3\.org|schemas\.(?:openxmlformats|xmlsoap)\.org|schemas\.microsoft\.com|purl\.o(?:rg|clc\.org)|ns\.adobe\.com|xmlns\.com|java\.sun\.com|docs\.oasis-open\.org|www\.cdisc\.org|json-schema\.org)$/;
const RESERVED = /(?:^|\.)(?:example|test|invalid|localhost|local|example\.(?:com|net|org))$/;

/**
 * Why a host needs no review, or undefined where it does. Link-local addresses do: 169.254.169.254 hands out credentials.
 * Names: RFC 2606, RFC 6761, RFC 6762.
 */
export function harmlessBecause(host: string): string | undefined {
  if (NAMESPACES.test(host)) return "XML namespace";
  if (RESERVED.test(host)) return "reserved name";
  if (isIPv4(host) || isIPv6(host)) {
    const range = parse(host).range();
    return ["loopback", "unspecified", "private", "uniqueLocal"].includes(range) ? `${range} address` : undefined;
  }
  return host.includes(".") ? undefined : "no public name";
}
