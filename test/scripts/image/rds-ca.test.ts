// Where the image's certificate authorities come from, and which bundles are refused. The certificates are Node's own.
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { findPinnedRdsCa, findRdsCa } from "../../../scripts/image/rds-ca";
import { temporaryFolder } from "./zips";

const { folder, write } = temporaryFolder();
const cache = join(folder, "cache");
const end = (pem: string) => Date.parse(new X509Certificate(pem).validTo);
const byEnd = [...rootCertificates].sort((a, b) => end(a) - end(b));
const [first, last] = [byEnd[0], byEnd.at(-1)] as [string, string];
const bundle = `Amazon's comment\n${last}\n${rootCertificates[1]}\n`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hash = sha256(bundle);

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(cache, { recursive: true, force: true });
});

describe("a given file", () => {
  const ca = (text: string, pinned?: string) => findRdsCa({ file: write("ca.pem", text), sha256: pinned });

  test("is used with its own hash", async () => {
    expect(await ca(bundle)).toEqual({ file: join(folder, "ca.pem"), sha256: hash, certificates: 2, expired: [] });
    expect((await ca(bundle, hash.toUpperCase())).sha256).toBe(hash);
  });

  test("goes into a person's image by its hash alone, which is told", async () => {
    const command = "npm run image -- build --rds-ca ca.pem";
    const options = { file: write("ca.pem", bundle), command };
    const refusal = findPinnedRdsCa(options);
    await expect(refusal).rejects.toThrow(
      new RegExp(
        `^--rds-ca-sha256 is missing.* --rds-ca .*ca\\.pem has the SHA-256 ${hash} \\(certificate .* in it: 2\\)`,
      ),
    );
    await expect(refusal).rejects.toThrow(new RegExp(`\n {2}${command} --rds-ca-sha256 ${hash}$`));
    expect((await findPinnedRdsCa({ ...options, sha256: hash })).sha256).toBe(hash);
    await expect(findPinnedRdsCa({ ...options, sha256: "0".repeat(64) })).rejects.toThrow(/Which is right\?/);
  });

  test("with another hash than the pinned one is refused, both named", async () => {
    await expect(ca(bundle, "0".repeat(64))).rejects.toThrow(
      new RegExp(`--rds-ca .*ca\\.pem: its SHA-256 is ${hash}, --rds-ca-sha256 says 0{64}`),
    );
  });

  test.each([
    ["what is no PEM", "<html>", /no certificate in PEM form/],
    ["a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", /no certificate in PEM form/],
    [
      "a damaged certificate",
      `${last}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      /certificate 2 cannot be read/,
    ],
  ])("that is %s is refused", async (_, text, message) => {
    await expect(ca(text)).rejects.toThrow(message);
  });

  test("that is not there is named", async () => {
    await expect(findRdsCa({ file: join(folder, "none.pem") })).rejects.toThrow(
      /--rds-ca .*none\.pem: there is no such file/,
    );
  });

  test("with some certificates past their date is used, and they are named", async () => {
    jest.spyOn(Date, "now").mockReturnValue(end(first) + 1000);
    const { certificates, expired } = await ca(`${first}\n${last}\n`);
    expect(certificates).toBe(2);
    expect(expired).toEqual([expect.stringContaining(new X509Certificate(first).validTo)]);
  });

  test("of which all is past its date is refused", async () => {
    jest.spyOn(Date, "now").mockReturnValue(end(last) + 1000);
    await expect(ca(bundle)).rejects.toThrow(/every certificate in it has expired/);
  });
});

describe("without a file", () => {
  let server: Server;
  let url: string;
  let answer: { status: number; body: string };
  let requests: number;
  const get = (pinned?: string) =>
    findRdsCa({ sha256: pinned, cache, url, command: "npm run image -- build --redcap x.zip" });

  beforeEach(async () => {
    [answer, requests] = [{ status: 200, body: bundle }, 0];
    server = createServer((_, response) => {
      requests += 1;
      response.statusCode = answer.status;
      response.end(answer.body);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/global-bundle.pem`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  test("a download without a hash is refused with the command to repeat", async () => {
    await expect(get()).rejects.toThrow(`\n  npm run image -- build --redcap x.zip --rds-ca-sha256 ${hash}`);
  });

  test("a download with its hash is used, and kept", async () => {
    const { file } = await get(hash);
    expect(readFileSync(file, "utf8")).toBe(bundle);
    expect(readdirSync(join(cache, "rds-ca"))).toEqual([`${hash}.pem`]);
    answer.status = 503;
    expect((await get(hash)).file).toBe(file);
    expect(requests).toBe(1);
  });

  test("a spoilt file in the cache is replaced", async () => {
    const { file } = await get(hash);
    writeFileSync(file, "spoilt");
    expect(readFileSync((await get(hash)).file, "utf8")).toBe(bundle);
  });

  test("another bundle than the pinned one is refused, with the hash it has", async () => {
    await expect(get(sha256("last year's"))).rejects.toThrow(
      new RegExp(`has ${hash} now.*\n {2}--rds-ca-sha256 ${hash}`),
    );
  });

  test.each([
    [{ status: 200, body: "<html>" }, /no certificate in PEM form/],
    [{ status: 403, body: "" }, /cannot be downloaded \(it answers 403\).*--rds-ca <file>/],
  ])("an answer that is no bundle is refused and not kept", async (given, message) => {
    answer = given;
    await expect(get(hash)).rejects.toThrow(message);
    expect(existsSync(join(cache, "rds-ca"))).toBe(false);
  });
});
