// Rules of security groups in all of Terraform's spellings, and when one lets more through than those before it.
import { parseCIDR } from "ipaddr.js";
import { type Change, quote } from "../change";
import { type Detected, type Detector, danger, notice } from "../finding";

export interface Rule {
  direction: "ingress" | "egress";
  cidr: string;
  /** Ports; all of them where the protocol is "-1" or has none. */
  from: number;
  to: number;
  protocol: string;
}

const ALL_PORTS = { from: 0, to: 65_535 };
/** Ports that a web server may offer to everybody where it is new; nothing else of REDCap is for the Internet. */
const WEB_PORTS: ReadonlySet<number> = new Set([80, 443]);

/** No more hosts than a large network has: 10.0.0.0/8 is private, 0.0.0.0/1 is half of the Internet. */
const WIDEST_PREFIX = { ipv4: 8, ipv6: 16 } as const;

function range(cidr: string) {
  try {
    const [address, prefix] = parseCIDR(cidr);
    return { address, prefix };
  } catch {
    return undefined; // Not known yet, or not one: Terraform says so itself.
  }
}

const isPrivate = (found: NonNullable<ReturnType<typeof range>>): boolean =>
  ["private", "uniqueLocal", "carrierGradeNat", "loopback", "linkLocal"].includes(found.address.range());

export function isOpenToAll(cidr: string): boolean {
  const found = range(cidr);
  if (!found) return false;
  const ten = found.address.kind() === "ipv4" && found.prefix === 8 && isPrivate(found);
  return !ten && found.prefix <= WIDEST_PREFIX[found.address.kind()];
}

function contains(outer: string, inner: string): boolean {
  if (outer === inner) return true;
  const [wide, narrow] = [range(outer), range(inner)];
  if (!wide || !narrow || wide.address.kind() !== narrow.address.kind() || wide.prefix > narrow.prefix) return false;
  const bits = (address: { toByteArray: () => number[] }) =>
    address
      .toByteArray()
      .map((byte) => byte.toString(2).padStart(8, "0"))
      .join("");
  return bits(narrow.address).startsWith(bits(wide.address).slice(0, wide.prefix));
}

const covers = (old: Rule, rule: Rule): boolean =>
  old.direction === rule.direction &&
  (old.protocol === "-1" || old.protocol === rule.protocol) &&
  old.from <= rule.from &&
  old.to >= rule.to &&
  contains(old.cidr, rule.cidr);

const strings = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter(
    (entry): entry is string => typeof entry === "string" && entry !== "",
  );

/** One rule per address range of a block; those that name a security group or a prefix list are not looked at. */
function rulesOf(block: Record<string, unknown>, direction: Rule["direction"]): Rule[] {
  const protocol = String(block.ip_protocol ?? block.protocol ?? "-1");
  const ports =
    protocol === "-1" || typeof block.from_port !== "number" || block.from_port < 0
      ? ALL_PORTS
      : { from: block.from_port, to: typeof block.to_port === "number" ? block.to_port : ALL_PORTS.to };
  const cidrs = [block.cidr_ipv4, block.cidr_ipv6, block.cidr_blocks, block.ipv6_cidr_blocks].flatMap(strings);
  return cidrs.map((cidr) => ({ direction, cidr, protocol, ...ports }));
}

/** Rules that a resource holds on one side of its change. */
export function rules(change: Change, side: "before" | "after"): Rule[] {
  const whole = change.entry.change[side];
  if (typeof whole !== "object" || whole === null) return [];
  const block = whole as Record<string, unknown>;
  switch (change.type) {
    case "aws_vpc_security_group_ingress_rule":
      return rulesOf(block, "ingress");
    case "aws_vpc_security_group_egress_rule":
      return rulesOf(block, "egress");
    case "aws_security_group_rule":
      return rulesOf(block, block.type === "egress" ? "egress" : "ingress");
    case "aws_security_group":
    case "aws_default_security_group":
      return (["ingress", "egress"] as const).flatMap((direction) =>
        change.blocks(side, direction).flatMap((entry) => rulesOf(entry, direction)),
      );
    default:
      return [];
  }
}

const portsText = ({ from, to, protocol }: Rule): string => {
  if (from === ALL_PORTS.from && to === ALL_PORTS.to)
    return protocol === "-1" ? "everything" : `all ${quote(protocol)} ports`;
  return `${protocol === "-1" ? "" : `${protocol} `}${from === to ? `port ${from}` : `ports ${from} to ${to}`}`;
};

/** The group is made by the same plan: what is opened was not there before. */
const isNewGroup = (change: Change): boolean =>
  change.isCreate && (change.type === "aws_security_group" || change.isUnknown("security_group_id"));

export const openedRules: Detector = (change) => {
  if (change.isDelete || change.facts.isTakenAway(change.entry)) return undefined;
  const before = rules(change, "before");
  return rules(change, "after")
    .filter((rule) => !before.some((old) => covers(old, rule)))
    .flatMap((rule): Detected[] => opened(change, rule, before));
};

function opened(change: Change, rule: Rule, before: Rule[]): Detected[] {
  const { direction, cidr } = rule;
  const hidden = change.isSensitive("before") || change.isSensitive("after");
  const what = hidden ? "(sensitive)" : `${portsText(rule)} ${direction === "ingress" ? "from" : "to"} ${quote(cidr)}`;
  const action = direction === "ingress" ? "open-ingress" : "open-egress";
  if (isOpenToAll(cidr)) {
    const isWeb = rule.from === rule.to && WEB_PORTS.has(rule.from);
    const isOrdinary = isNewGroup(change) && (isWeb || direction === "egress");
    return [(isOrdinary ? notice : danger)(action, `opens ${what}`)];
  }
  if (before.some((old) => old.direction === direction)) return [danger(action, `lets more through: ${what}`)];
  const found = range(cidr);
  return found && !isPrivate(found) && !isNewGroup(change) ? [notice(action, `opens ${what}`)] : [];
}
