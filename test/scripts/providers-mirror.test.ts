// Where Terraform's providers come from: the registry, a mirror built once, or what the user has configured.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { providerProgram } from "../../scripts/providers/build";
import { checkProviders, type Providers, resolveProviders } from "../../scripts/providers/index";
import { dropForeignLockFiles } from "../../scripts/providers/lock-files";
import { expectedMirror } from "../../scripts/providers/mirror";

let folder: string;
let cache: string;
let registry: Server;
let url: string;
let requests: string[];
let status: { description: number; package: number };
let builds: number;
const environment = { ...process.env };

async function build(into: string): Promise<void> {
  builds += 1;
  await new Promise((done) => setTimeout(done, 50));
  for (const name of ["aws", "random"] as const) {
    mkdirSync(dirname(providerProgram(into, name)), { recursive: true });
    writeFileSync(providerProgram(into, name), "");
  }
}

const lines: string[] = [];
const get = (options = {}) =>
  resolveProviders({ cache, registry: url, build, log: (line) => lines.push(line), ...options });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "redcap-providers-"));
  cache = join(folder, "cache");
  process.env.TF_CLI_CONFIG_FILE = join(folder, "none.tfrc");
  delete process.env.TF_PLUGIN_CACHE_DIR;
  [requests, lines.length, builds] = [[], 0, 0];
  status = { description: 200, package: 200 };
  registry = createServer(({ method, url: path }, response) => {
    requests.push(`${method} ${path}`);
    response.statusCode = method === "HEAD" ? status.package : status.description;
    response.end(JSON.stringify({ download_url: `${url}/package.zip` }));
  });
  await new Promise<void>((done) => registry.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
});

afterEach(async () => {
  process.env = { ...environment };
  registry.closeAllConnections();
  await new Promise((done) => registry.close(done));
  rmSync(folder, { recursive: true });
});

test("where the registry answers, Terraform is left to it", async () => {
  const { source, env } = await get();
  expect(source).toBe("registry");
  expect(env).toEqual({ CHECKPOINT_DISABLE: "1", TF_PLUGIN_CACHE_DIR: join(cache, "plugins") });
  expect(existsSync(join(cache, "plugins"))).toBe(true);
  expect(builds).toBe(0);
  expect(requests[0]).toMatch(/^GET \/v1\/providers\/hashicorp\/aws\/6\.34\.0\/download\/\w+\/\w+$/);
  expect(requests[1]).toBe("HEAD /package.zip");
});

test("the registry is asked once an hour", async () => {
  await get();
  await get();
  expect(requests).toHaveLength(2);
  const file = join(cache, "registry.json");
  const answer = JSON.parse(readFileSync(file, "utf8")) as { at: number };
  writeFileSync(file, JSON.stringify({ ...answer, at: answer.at - 3601_000 }));
  await get();
  expect(requests).toHaveLength(4);
});

test.each([
  ["lacks the version", { description: 404, package: 200 }, "answers 404"],
  ["has its packages on a host that is closed off", { description: 200, package: 403 }, "package.zip answers 403"],
])("where the registry %s, a mirror is built", async (_, answers, reason) => {
  status = answers;
  const { source, env } = await get();
  const mirror = expectedMirror(cache);
  expect(source).toBe("mirror");
  expect(env).toMatchObject({
    CHECKPOINT_DISABLE: "1",
    TF_CLI_CONFIG_FILE: mirror.cliConfig,
    TF_CLI_ARGS_providers_lock: `-fs-mirror="${mirror.folder}"`,
  });
  expect(readFileSync(mirror.cliConfig, "utf8")).toContain(`path    = "${mirror.folder}"`);
  expect(lines[0]).toContain(reason);
  expect(lines[0]).toMatch(/up to \d+ minutes/);
});

describe("without a registry", () => {
  beforeEach(() => {
    status.description = 503;
  });

  test("a mirror that is there is used without asking again", async () => {
    await get();
    requests = [];
    await get();
    expect(builds).toBe(1);
    expect(requests).toEqual([]);
  });

  test("an earlier failure is not believed where it would cost a build", async () => {
    await get({ build: () => Promise.reject(new Error("out of disk")) }).catch(() => undefined);
    status.description = 200;
    expect((await get()).source).toBe("registry");
  });

  test("of two at once, one builds and the other waits", async () => {
    const both = await Promise.all([get(), get()]);
    expect(both.map(({ source }) => source)).toEqual(["mirror", "mirror"]);
    expect(builds).toBe(1);
    expect(lines.filter((line) => line.startsWith("Another process"))).toHaveLength(1);
  });

  test("a dead process' lock is taken over, and its unfinished mirror removed", async () => {
    const root = join(cache, "providers");
    mkdirSync(join(root, "unfinished-1"), { recursive: true });
    mkdirSync(`${root}.lock`);
    const past = new Date(Date.now() - 60_000);
    utimesSync(`${root}.lock`, past, past);
    await get();
    expect(readdirSync(root)).toEqual([expectedMirror(cache).id]);
    expect(existsSync(`${root}.lock`)).toBe(false);
  });

  test("a failed build leaves nothing behind", async () => {
    const failing = async (into: string) => {
      await build(into);
      throw new Error("out of disk");
    };
    await expect(get({ build: failing })).rejects.toThrow("out of disk");
    expect(readdirSync(join(cache, "providers"))).toEqual([]);
  });

  test.each([
    ["made for other versions or services", (at: string) => writeFileSync(join(at, "recipe.json"), "{}")],
    ["without a provider's program", (at: string) => rmSync(providerProgram(at, "aws"))],
  ])("a mirror %s is built again", async (_, spoil) => {
    await get();
    spoil(expectedMirror(cache).folder);
    await get();
    expect(builds).toBe(2);
  });

  test("mirrors that nobody used for two weeks make room for a new one", async () => {
    const [old, recent] = [15, 13].map((days) => {
      const marker = join(cache, "providers", `used-${days}-days-ago`, "recipe.json");
      mkdirSync(dirname(marker), { recursive: true });
      writeFileSync(marker, "{}");
      const past = new Date(Date.now() - days * 24 * 3600_000);
      utimesSync(marker, past, past);
      return marker;
    });
    await get();
    expect([old, recent].map((marker) => existsSync(String(marker)))).toEqual([false, true]);
  });

  test("without Go, one sentence says what to install, before any work begins", async () => {
    process.env.PATH = folder;
    const message = /^Go is needed to build the providers\. Install Go 1\.21 or later \(https:\/\/go\.dev\/dl\)/;
    await expect(checkProviders({ cache, registry: url })).rejects.toThrow(message);
    await expect(get({ build: undefined })).rejects.toThrow(message);
    expect(existsSync(expectedMirror(cache).folder)).toBe(false);
  });
});

test("an installation that the user configured for Terraform is left alone", async () => {
  const file = join(folder, "user.tfrc");
  writeFileSync(file, 'provider_installation {\n  network_mirror { url = "https://mirror.example.org/" }\n}\n');
  process.env.TF_CLI_CONFIG_FILE = file;
  expect(await get()).toEqual({ source: "own", env: { CHECKPOINT_DISABLE: "1" } });
  expect(requests).toEqual([]);
  expect((await get({ forceBuild: true })).source).toBe("mirror");
});

test("the mirror's own configuration file is not taken for the user's", async () => {
  const { env } = await get({ forceBuild: true });
  Object.assign(process.env, env);
  expect((await get()).source).toBe("registry");
});

test("lock files of stacks are removed when the providers come from elsewhere, and only then", async () => {
  const output = join(folder, "cdktf.out");
  const lockFile = join(output, "stacks/app-dev/.terraform.lock.hcl");
  const useWith = (providers: Providers) => {
    mkdirSync(dirname(lockFile), { recursive: true });
    writeFileSync(lockFile, "");
    dropForeignLockFiles(output, providers);
    return existsSync(lockFile);
  };
  const mirror = await get({ forceBuild: true });
  const fromRegistry = await get();
  expect([mirror, mirror, fromRegistry, fromRegistry, mirror].map(useWith)).toEqual([false, true, false, true, false]);
});
