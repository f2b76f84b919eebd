// Where passwords may be sent.

/**
 * The master's password goes to hosts of the stage's account and region only: whoever may invoke the function could
 * otherwise have it sent to a host of their own. The clusters' endpoints of an account and region differ in their first
 * label alone.
 * @throws Error for any other host
 */
export function requireDomain(host: string, domain: string): void {
  if (host.replace(/^[^.]*\./, "").toLowerCase() !== domain.toLowerCase())
    throw new Error(`${host} is not a cluster's endpoint in ${domain}: no password is sent there.`);
}
