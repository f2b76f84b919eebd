// Reduces a copy of the AWS provider's source to the services that are kept, by editing two generated files:
// the list of service packages, and the client accessors, each of which pulls in one AWS SDK package.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MODULE = "github.com/hashicorp/terraform-provider-aws";
const SERVICE_PACKAGES = "internal/provider/sdkv2/service_packages_gen.go";
const CLIENTS = "internal/conns/awsclient_gen.go";

/**
 * @param folder writable copy of the provider's module
 * @throws Error when a kept service does not exist in the provider, or a generated file no longer looks as expected
 */
export function slim(folder: string, keptServices: readonly string[]): void {
  edit(join(folder, SERVICE_PACKAGES), (text) => keepServices(text, keptServices));
  const called = calledClients(folder);
  edit(join(folder, CLIENTS), (text) => keepClients(text, called));
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

/** Drops the import and the registration of every service that is not kept. */
function keepServices(text: string, kept: readonly string[]): string {
  const import_ = /^\t"[^"]+\/internal\/service\/(\w+)"\n/gm;
  const available = new Set([...text.matchAll(import_)].map((match) => match[1]));
  const missing = kept.filter((service) => !available.has(service));
  if (missing.length) throw new Error(`The AWS provider has no service package named ${missing.join(", ")}.`);
  const wanted = new Set(kept);
  const keep = (line: string, service: string) => (wanted.has(service) ? line : "");
  return text.replace(import_, keep).replace(/^\t\t(\w+)\.ServicePackage\(ctx\),\n/gm, keep);
}

/** Names such as `RDSClient` that are called in what main.go still reaches. */
function calledClients(folder: string): Set<string> {
  const called = new Set<string>();
  const packages = new Set([""]);
  // A Set iterates over what is added during the iteration, too: this walks all imports within the module.
  for (const path of packages) {
    for (const name of readdirSync(join(folder, path))) {
      if (!name.endsWith(".go") || name.endsWith("_test.go")) continue;
      const text = readFileSync(join(folder, path, name), "utf8");
      if (/^\/\/go:build [^!]/m.test(text)) continue; // generators, which a build leaves out
      for (const [, imported] of text.matchAll(new RegExp(`"${MODULE}/([^"]+)"`, "g"))) {
        if (imported && existsSync(join(folder, imported))) packages.add(imported);
      }
      if (join(path, name) === CLIENTS) continue;
      for (const [, client] of text.matchAll(/\.(\w+Client)\(/g)) if (client) called.add(client);
    }
  }
  return called;
}

/** Drops accessors that nothing calls, then the SDK imports that only they used. */
function keepClients(text: string, called: Set<string>): string {
  const accessor = /^func \(c \*AWSClient\) (\w+)\(ctx context\.Context[\s\S]*?^}\n\n?/gm;
  if (!accessor.test(text)) throw new Error(`${CLIENTS} holds no client accessors: the provider's layout has changed.`);
  const kept = text.replace(accessor, (block, name: string) => (called.has(name) ? block : ""));
  const body = kept.slice(kept.indexOf("\n)\n"));
  return kept.replace(
    /^\t(?:(\w+) )?"github\.com\/aws\/aws-sdk-go-v2\/service\/(\w+)"\n/gm,
    (line, alias: string | undefined, name: string) => (new RegExp(`\\b${alias ?? name}\\.`).test(body) ? line : ""),
  );
}
