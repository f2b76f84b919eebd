// A message as SMTP brings it: its headers, unfolded, and its body.

export interface Message {
  /** By lower-case name. */
  headers: Record<string, string>;
  body: string;
}

export function parseMessage(message: string): Message {
  const [head = "", body = ""] = message.split(/\r?\n\r?\n(.*)/s);
  const lines = head.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/);
  const headers = lines.map((line) => line.split(/:\s*(.*)/s).slice(0, 2) as [string, string]);
  return { headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])), body };
}

/** `a@b.org` of `Name <a@b.org>`. */
export const addressOf = (header: string): string => /<([^<>]+)>\s*$/.exec(header)?.[1] ?? header.trim();
