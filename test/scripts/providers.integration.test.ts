// Real Terraform accepts the providers with exact versions, and they hold what resource-types.txt says.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROVIDER_VERSIONS } from "../../config";
import { resolveProviders, type Source } from "../../scripts/providers/index";
import { registryProblem } from "../../scripts/providers/registry";
import { readResourceTypes } from "../../scripts/providers/resource-types";
import { KEPT_SERVICES } from "../../scripts/providers/versions";

interface Schema {
  provider_schemas: Record<string, Record<string, Record<string, unknown>>>;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redcap-providers-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Initializes a configuration that requires the providers and returns the types that they offer. */
function offeredTypes(env: NodeJS.ProcessEnv): string[] {
  const required = Object.entries(PROVIDER_VERSIONS).map(([name, version]) => [
    name,
    { source: `hashicorp/${name}`, version },
  ]);
  const configuration = { terraform: { required_providers: Object.fromEntries(required) } };
  writeFileSync(join(folder, "main.tf.json"), JSON.stringify(configuration));
  const terraform = (...args: string[]) =>
    execFileSync("terraform", args, {
      cwd: folder,
      env: { ...process.env, ...env },
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
  terraform("init", "-input=false");
  terraform("providers", "lock");
  const { provider_schemas: schemas } = JSON.parse(terraform("providers", "schema", "-json")) as Schema;
  const kinds = ["resource_schemas", "data_source_schemas", "ephemeral_resource_schemas"];
  return Object.values(schemas).flatMap((schema) => kinds.flatMap((kind) => Object.keys(schema[kind] ?? {})));
}

function listedTypes(source: Source): string[] {
  const kept = new Set<string>([...KEPT_SERVICES, "random"]);
  return [...readResourceTypes()].filter(([service]) => source !== "mirror" || kept.has(service)).flatMap(([, t]) => t);
}

test("terraform installs the providers at exactly the pinned versions, with the types that are listed", async () => {
  const { source, env } = await resolveProviders();
  expect([...new Set(offeredTypes(env))].sort()).toEqual([...new Set(listedTypes(source))].sort());
}, 600_000);

test("a registry that never answers is given up after seconds", async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  const start = Date.now();
  const problem = await registryProblem(folder, false, `http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
  expect(problem).toMatch(/timeout/i);
  expect(Date.now() - start).toBeLessThan(5_000);
  silent.closeAllConnections();
  silent.close();
}, 10_000);
