// npm run image as a person runs it; what S3 holds comes from the local AWS.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { PROJECT_ROOT } from "../../../config";
import { type LocalAws, startLocalAws } from "../../local-aws";
import { redcapZip, temporaryFolder } from "./zips";

const ACCOUNT = "111111111111";
const REGION = "eu-west-2";
const COMMAND = 60_000;

const { folder, write } = temporaryFolder();
const ca = write("ca.pem", String(rootCertificates[1]));
const pinned = ["--rds-ca", ca, "--rds-ca-sha256", createHash("sha256").update(readFileSync(ca)).digest("hex")];
const old = write("redcap15.4.0.zip", redcapZip("15.4.0"));
const next = write("redcap15.5.0.zip", redcapZip("15.5.0", { "v/a.php": "'https://new.io/'" }));
const scratch = join(folder, "tmp");
mkdirSync(scratch);
let aws: LocalAws;

/** Without any engine, since nothing is on PATH, and with credentials that bring no region. */
async function image(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { accessKeyId, secretAccessKey } = aws.credentials(ACCOUNT);
  const credentials = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  const child = spawn(process.execPath, ["--require", "tsx/cjs", "scripts/image.ts", ...args], {
    cwd: PROJECT_ROOT,
    env: { ...aws.environment(), ...credentials, PATH: folder, TMPDIR: scratch },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (chunk: Buffer) => {
      output[stream] += chunk;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  // Whatever happened, nothing of the licensed zip stays in the temporary folder.
  expect(readdirSync(scratch).filter((name) => name.startsWith("redcap-image-"))).toEqual([]);
  return { code, ...output };
}

beforeAll(async () => {
  aws = await startLocalAws({ accounts: [{ id: ACCOUNT, profile: "redcap" }], region: REGION });
  const s3 = new S3Client({
    region: REGION,
    endpoint: aws.endpoint,
    credentials: aws.credentials(ACCOUNT),
    forcePathStyle: true,
  });
  const Bucket = "redcap-zips";
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: REGION } }));
  const objects: Record<string, string | Buffer> = {
    "releases/redcap15.5.0.zip": readFileSync(next),
    "additions/modules/mine_v1.0.0/config.json": "{}",
    "additions/languages/Japanese.ini": "lang = Japanese",
    "additions-old/hooks/old.php": "<?php",
    "odd/modules/../../../out": "x",
  };
  for (const [Key, Body] of Object.entries(objects)) await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  s3.destroy();
}, 180_000);

afterAll(() => aws?.stop());

test(
  "a build context from S3, with what changed",
  async () => {
    const context = join(folder, "context");
    const report = join(folder, "comparison.md");
    const { code, stdout, stderr } = await image(
      ...[
        "build",
        "--redcap",
        "s3://redcap-zips/releases/redcap15.5.0.zip",
        "--additions",
        "s3://redcap-zips/additions/",
      ],
      ...[...pinned, "--previous", old, "--report", report, "--context-only", context],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Build context: ${context} (REDCap 15.5.0, PHP 8.2).`);
    expect(stdout).toMatch(
      /docker build --platform linux\/amd64 --build-arg DEBIAN_RELEASE=bookworm --build-arg RDS_CA_SHA256=[0-9a-f]{64} --tag redcap:15\.5\.0 /,
    );
    expect(stdout).toContain("`new.io`");
    expect(readFileSync(report, "utf8")).toContain("# REDCap 15.5.0, compared with 15.4.0");
    const input = join(context, "input");
    expect(readFileSync(join(input, "redcap.zip")).equals(readFileSync(next))).toBe(true);
    expect(readFileSync(join(input, "additions/modules/mine_v1.0.0/config.json"), "utf8")).toBe("{}");
    expect(readdirSync(join(input, "additions/languages"))).toEqual(["Japanese.ini"]);
    expect(readdirSync(join(input, "additions/hooks"))).toEqual([]);
  },
  COMMAND,
);

test.each([
  [
    "an object that is not there",
    ["--redcap", "s3://redcap-zips/none.zip"],
    /--redcap s3:\/\/redcap-zips\/none\.zip: S3 does not give it \(NoSuchKey/,
  ],
  ["a bucket that is not there", ["--redcap", "s3://no-such-bucket/x.zip"], /S3 does not give it \(NoSuchBucket/],
  ["a prefix instead of an object", ["--redcap", "s3://redcap-zips/releases/"], /this names no object/],
  ["another protocol", ["--redcap", "https://example.com/x.zip"], /give a path on this machine, or s3:\/\/bucket\/key/],
  ["a file that is not there", ["--redcap", "none.zip"], /--redcap none\.zip: there is no such file/],
  [
    "a prefix with nothing",
    ["--redcap", next, "--additions", "s3://redcap-zips/none"],
    /there is nothing in S3 below this prefix/,
  ],
  [
    "a key that leads out",
    ["--redcap", next, "--additions", "s3://redcap-zips/odd"],
    /the key "odd\/modules\/\.\.\/\.\.\/\.\.\/out" is no path/,
  ],
  ["a broken previous zip", ["--redcap", next, "--previous", ca], /--previous .*ca\.pem: not a whole zip file/],
])(
  "%s: one line, nothing written, exit code 1",
  async (_, args, message) => {
    const context = join(folder, "refused");
    const { code, stdout, stderr } = await image("build", ...args, ...pinned, "--context-only", context);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(existsSync(context)).toBe(false);
  },
  COMMAND,
);

// Nothing works here: no engine, and no way to Amazon's bundle. What comes first is told first.
test.each([
  ["a missing zip", ["--redcap", "none.zip"], /^Error: --redcap none\.zip: there is no such file/],
  ["what is no zip", ["--redcap", ca], /^Error: --redcap .*ca\.pem: not a whole zip file/],
  ["no zip to compare with", ["--redcap", next, "--previous", ca], /^Error: --previous .*ca\.pem: not a whole zip/],
  ["wrong additions", ["--redcap", next, "--additions", folder], /^Error: --additions .*: unknown at its top/],
  ["the wrong PHP", ["--redcap", "none.zip", "--php", "7.4"], /^Error: --php "7\.4" is no PHP version/],
  [
    "the engine, then",
    ["--redcap", next],
    /^Error: No container engine works here \(docker: not installed; podman: not installed; buildah: not/,
  ],
  ["the named engine, then", ["--redcap", next, "--engine", "podman"], /^Error: podman does not work here \(not inst/],
])(
  "%s is told before the network is asked",
  async (_, args, message) => {
    const { code, stdout, stderr } = await image("build", ...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
  },
  COMMAND,
);

test(
  "a bundle's file without its hash: the command to repeat, and nothing written",
  async () => {
    const context = join(folder, "unpinned");
    const args = ["build", "--redcap", next, "--rds-ca", ca, "--context-only", context];
    const { code, stderr } = await image(...args);
    expect(code).toBe(1);
    expect(stderr).toContain(`\n  npm run image -- ${[...args, ...pinned.slice(2)].join(" ")}\n`);
    expect(existsSync(context)).toBe(false);
  },
  COMMAND,
);

test(
  "a comparison on the terminal, as JSON in a file, and of what cannot be read",
  async () => {
    const terminal = await image("compare", "--previous", old, "--next", next);
    expect(terminal).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringContaining("**`new.io`** in `redcap_v*/a.php:1`"),
    });
    const out = join(folder, "comparison.json");
    const file = await image("compare", "--previous", old, "--next", next, "--format", "json", "--out", out);
    expect(file).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject({
      files: { added: ["redcap_v*/a.php"] },
      hosts: { first: [{ host: "new.io", places: [{ file: "redcap_v*/a.php", line: 1 }] }] },
    });
    const unreadable = await image("compare", "--previous", old, "--next", ca);
    expect(unreadable).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^Error: --next .*ca\.pem: not a/),
    });
  },
  COMMAND,
);
