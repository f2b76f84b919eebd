// Pages of a list: AWS's MaxResults and NextToken.

import { invalidParameter } from "./errors";

/** @throws AwsError InvalidParameterValueException for a token that this service has not given. */
export function page<T>(
  all: T[],
  { MaxResults, NextToken }: { MaxResults?: number | undefined; NextToken?: string | undefined },
): { items: T[]; nextToken: string | undefined } {
  const start = NextToken === undefined ? 0 : Number(NextToken);
  if (!Number.isInteger(start) || start < 0) throw invalidParameter("Invalid next token.");
  const end = start + (MaxResults ?? 1000);
  return { items: all.slice(start, end), nextToken: end < all.length ? String(end) : undefined };
}
