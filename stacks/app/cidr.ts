// Cuts a VPC's address block into subnets, at synth, so that a plan shows the addresses.

/** Bits by which a subnet's prefix is longer than its VPC's: sixteen subnets. */
const SUBNET_BITS = 4;

/**
 * The n-th sixteenth of an IPv4 block: `subnetBlock("10.0.0.0/16", 1)` is `10.0.16.0/20`.
 * @param index 0 to 15
 */
export function subnetBlock(cidr: string, index: number): string {
  const [address = "", prefix] = cidr.split("/");
  const length = Number(prefix) + SUBNET_BITS;
  const start = address.split(".").reduce((value, octet) => value * 256 + Number(octet), 0);
  const block = start - (start % 2 ** (32 - Number(prefix))) + index * 2 ** (32 - length);
  return `${[24, 16, 8, 0].map((shift) => Math.floor(block / 2 ** shift) % 256).join(".")}/${length}`;
}
