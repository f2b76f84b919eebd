// Which service package of the AWS provider each resource type belongs to: resource-types.txt, generated from the source.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROVIDER_VERSIONS } from "../../config/provider-versions";
import { KEPT_SERVICES } from "./versions";

/** One line per service package: `rds: aws_db_cluster_snapshot aws_db_event_subscription …`. */
export const RESOURCE_TYPES_FILE = join(__dirname, "resource-types.txt");

/** Resource, data source and ephemeral types per service package. */
export function readResourceTypes(): Map<string, string[]> {
  const lines = readFileSync(RESOURCE_TYPES_FILE, "utf8").trim().split("\n");
  return new Map(
    lines.map((line) => {
      const [service = "", types = ""] = line.split(": ");
      return [service, types.split(" ")];
    }),
  );
}

/**
 * What a locally built mirror lacks.
 * @param types such as `aws_rds_cluster`, as found in synthesized stacks
 * @returns one sentence per type that is missing, naming what to add; empty when all are there
 */
export function missingFromMirror(types: Iterable<string>): string[] {
  const kept = new Set<string>([...KEPT_SERVICES, "random"]);
  const services = new Map<string, string[]>();
  for (const [service, members] of readResourceTypes()) {
    for (const type of members) services.set(type, [...(services.get(type) ?? []), service]);
  }
  return [...new Set(types)].sort().flatMap((type) => {
    const homes = services.get(type);
    if (type.startsWith("terraform_") || homes?.some((service) => kept.has(service))) return [];
    if (!homes) return [`${type} is in neither aws ${PROVIDER_VERSIONS.aws} nor random ${PROVIDER_VERSIONS.random}.`];
    return [
      `${type} is missing from a local mirror: add "${homes[0]}" to KEPT_SERVICES in scripts/providers/versions.ts.`,
    ];
  });
}

/**
 * The content of resource-types.txt for other versions of the providers.
 * @param aws folder of the AWS provider's source
 * @param random folder of the random provider's source
 */
export function describeResourceTypes(aws: string, random: string): string {
  const services = join(aws, "internal/service");
  const lines = readdirSync(services)
    .map((service) => [service, join(services, service, "service_package_gen.go")] as const)
    .filter(([, file]) => existsSync(file))
    .map(([service, file]) => line(service, registeredTypes(readFileSync(file, "utf8"))));
  const source = join(random, "internal/provider");
  const own = readdirSync(source)
    .filter((name) => !name.endsWith("_test.go"))
    .flatMap((name) => [...readFileSync(join(source, name), "utf8").matchAll(/ProviderTypeName \+ "(_\w+)"/g)]);
  lines.push(
    line(
      "random",
      own.map((match) => `random${match[1]}`),
    ),
  );
  return lines.filter((text) => !text.endsWith(": \n")).join("");
}

const line = (service: string, types: string[]) => `${service}: ${[...new Set(types)].sort().join(" ")}\n`;

/** Types that a service package registers; actions and list resources, which this project has no use for, left out. */
function registeredTypes(text: string): string[] {
  return text
    .split(/^func \(p \*servicePackage\) /m)
    .filter((method) => /^(SDK|Framework)?(Resources|DataSources|EphemeralResources)\(/.test(method))
    .flatMap((method) => [...method.matchAll(/TypeName:\s+"(\w+)"/g)])
    .map((match) => match[1] ?? "");
}
