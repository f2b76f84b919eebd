// The serving image over HTTP: pages, headers, limits, addresses, and what it writes down.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { FormData } from "undici";
import { type Container, describeContainers } from "./engine";
import { ask, get, type ImageUnderTest, imageUnderTest, page, REDCAP_EXTENSIONS, shown } from "./setup";
import { STAND_IN_VERSION } from "./stand-in/zip";

const FROM_OUTSIDE = { "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https" };
const UPLOAD_LIMIT_MB = 4;
const MEBIBYTE = 1024 * 1024;

describeContainers("the serving image", () => {
  let image: ImageUnderTest;
  let container: Container;

  beforeAll(async () => {
    image = await imageUnderTest();
    container = await image.serve({ UPLOAD_LIMIT_MB: String(UPLOAD_LIMIT_MB), PHP_TIMEZONE: "Asia/Tokyo" });
  }, 600_000);
  afterAll(() => image?.stop());

  describe("pages", () => {
    test("the first page comes from the database", async () => {
      const { status, body } = await get(container, "/");
      expect(status).toBe(200);
      expect(shown(body, "version")).toBe("17.4.4");
      expect(shown(body, "projects")).toBe("1");
    });

    test.each([
      ["/surveys/", 200],
      ["/api/", 403],
      ["/index.php", 200],
      ["/redcap_v17.4.4/index.php", 302],
    ])("%s is REDCap's to answer, with %i", async (path, expected) => {
      const { status, body } = await get(container, path);
      expect(status).toBe(expected);
      expect(body).not.toContain("<title>403 Forbidden</title>");
    });

    test("a page that is not there is 404, PHP or not", async () => {
      expect((await get(container, "/none.php")).status).toBe(404);
      expect((await get(container, "/none/none.png")).status).toBe(404);
    });

    test("the read replica has its own host, and TLS as well", async () => {
      const { cipher, host } = await page(container, "database&replica");
      expect(cipher).toMatch(/\w/);
      expect(host).toBe(image.database.environment.READER_HOST);
    });
  });

  describe("headers", () => {
    test("an answer over HTTPS", async () => {
      const { headers } = await get(container, "/", FROM_OUTSIDE);
      expect(headers).toMatchObject({
        "strict-transport-security": "max-age=31536000",
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "content-security-policy": "frame-ancestors 'self'; object-src 'self'; base-uri 'self'",
        server: "Apache",
      });
      expect(headers).not.toHaveProperty("x-powered-by");
    });

    test("no HSTS over HTTP, which browsers would ignore", async () => {
      expect((await get(container, "/")).headers).not.toHaveProperty("strict-transport-security");
    });

    test.each(["/", "/none", "/install.php", "/%"])("no version in the answer to %s", async (path) => {
      const { headers, body } = await get(container, path);
      expect(`${JSON.stringify(headers)}${body}`).not.toMatch(/Apache\/|PHP\/|Debian|\b2\.4\.\d|\b8\.[234]\.\d/);
    });

    test("no TRACE, which repeats cookies", async () => {
      expect((await ask(container, "/", { method: "TRACE" })).status).toBe(405);
    });

    test("PHP's errors stay in the log", async () => {
      const { status, body } = await get(container, "/?page=fail");
      expect(status).toBe(500);
      expect(body).not.toContain("failure on purpose");
      const line = await container.waitForLine("PHP's error", ({ text }) => text.includes("A failure on purpose"));
      expect(line.json).toMatchObject({ type: "server" });
    });
  });

  describe("who asks", () => {
    test("scheme and address are the client's, not the load balancer's", async () => {
      const { body } = await get(container, "/", FROM_OUTSIDE);
      expect(shown(body, "scheme")).toBe("https");
      expect(shown(body, "client")).toBe("203.0.113.7");
    });

    test("a client cannot forge its address: only what the last proxy adds counts", async () => {
      const { body } = await get(container, "/", { "x-forwarded-for": "127.0.0.1, 10.0.0.1, 203.0.113.7, 10.1.2.3" });
      expect(shown(body, "client")).toBe("203.0.113.7");
    });
  });

  describe("limits", () => {
    const upload = async (bytes: number) => {
      const form = new FormData();
      form.set("file", new Blob([Buffer.alloc(bytes, "x")]), "file.bin");
      return ask(container, "/?page=upload", { method: "POST", body: form });
    };

    test("a file of exactly the limit arrives", async () => {
      const { body } = await upload(UPLOAD_LIMIT_MB * MEBIBYTE);
      expect(JSON.parse(body)).toMatchObject({ files: 1, size: UPLOAD_LIMIT_MB * MEBIBYTE, error: 0 });
    });

    test("one byte more is refused, and REDCap is told why", async () => {
      const { body } = await upload(UPLOAD_LIMIT_MB * MEBIBYTE + 1);
      // 1: UPLOAD_ERR_INI_SIZE.
      expect(JSON.parse(body)).toMatchObject({ files: 1, size: null, error: 1 });
    });

    test("a body beyond that is refused before PHP takes it", async () => {
      expect((await upload((UPLOAD_LIMIT_MB + 2) * MEBIBYTE)).status).toBe(413);
    });

    test("a body without a length is refused, not lost", async () => {
      const body = Readable.from(["content=version"], { objectMode: false });
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      expect((await ask(container, "/api/", { method: "POST", headers, body })).status).toBe(411);
      expect(await ask(container, "/api/", { method: "POST", headers, body: "content=version" })).toMatchObject({
        status: 200,
        body: STAND_IN_VERSION,
      });
    });

    test("100,000 variables arrive, and not many more", async () => {
      const post = (count: number) =>
        ask(container, "/?page=variables", {
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body: Array.from({ length: count }, (_, n) => `v${n}=${n}`).join("&"),
        });
      expect((await post(100_000)).body).toBe("100000");
      // PHP stops one after its limit.
      expect((await post(100_500)).body).toBe("100001");
    });
  });

  test("the database's certificate is checked with its region's authorities alone: reading all 120 costs each page 20 ms", async () => {
    const folder = mkdtempSync(join(tmpdir(), "redcap-bundle-"));
    const authority = (name: string) => {
      const file = join(folder, "authority.pem");
      const options = ["-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-out", file, "-days", "2"];
      execFileSync("openssl", ["req", "-x509", ...options, "-subj", `/O=Amazon/CN=${name}`], { stdio: "pipe" });
      return readFileSync(file, "utf8");
    };
    const own = readFileSync(image.database.aws.caFile, "utf8");
    const here = authority("Amazon RDS eu-west-2 Root CA RSA2048 G1");
    const source = join(folder, "bundle.pem");
    writeFileSync(
      source,
      own + here + authority("Amazon RDS us-gov-east-1 Root CA RSA2048 G1") + authority("Amazon RDS eu-west-1 Root CA"),
    );
    const serving = await image.serve({}, [{ source, target: "/etc/redcap/rds-ca.pem" }]);
    expect(readFileSync(`/proc/${serving.pid}/root/run/redcap/rds-ca.pem`, "utf8").trim()).toBe((own + here).trim());
    expect((await get(serving, "/health/ready")).status).toBe(200);
    await serving.stop();
    rmSync(folder, { recursive: true });
  });

  describe("PHP", () => {
    test("runs with what REDCap needs, and as nobody special", async () => {
      const settings = await page<{
        extensions: string[];
        ini: Record<string, string>;
        user: string;
        opcache: boolean;
        environment: Record<string, string>;
      }>(
        container,
        "settings&ini=max_input_vars,upload_max_filesize,max_execution_time,date.timezone,display_errors,memory_limit",
      );
      expect(settings.extensions).toEqual(expect.arrayContaining(REDCAP_EXTENSIONS));
      expect(settings.opcache).toBe(true);
      expect(settings.user).toBe("www-data");
      expect(settings.ini).toEqual({
        max_input_vars: "100000",
        upload_max_filesize: "4M",
        max_execution_time: "4000",
        "date.timezone": "Asia/Tokyo",
        display_errors: "",
        memory_limit: "1G",
      });
      expect(Object.keys(settings.environment).filter((name) => /SECRET|KEY|PASSWORD/.test(name))).toEqual([]);
    });
  });

  describe("logs", () => {
    test("every access is a JSON line with the client's address and no query", async () => {
      await get(container, "/surveys/?s=SURVEYCODE", { ...FROM_OUTSIDE, "user-agent": 'agent "quoted" \\ \u00e9' });
      const line = await container.waitForLine(
        "an access line",
        ({ json }) => json?.path === "/surveys/" && json.client === "203.0.113.7",
      );
      expect(line).toMatchObject({ stream: "stdout", json: { type: "access", method: "GET", status: 200 } });
      expect(container.text()).not.toContain("SURVEYCODE");
    });

    test("a path that would break JSON leaves the line whole", async () => {
      await get(container, "/%22%5C%0Aend", FROM_OUTSIDE);
      await get(container, "/%C3%A9%FF", FROM_OUTSIDE);
      await get(container, "/after", FROM_OUTSIDE);
      await container.waitForLine("the last access", ({ json }) => json?.path === "/after");
      const broken = container.lines().filter(({ text, json }) => text.startsWith("{") && !json);
      expect(broken).toEqual([]);
    });

    test("the load balancer's own checks are not logged", async () => {
      await get(container, "/health/live");
      await get(container, "/after-live");
      await container.waitForLine("the next access", ({ json }) => json?.path === "/after-live");
      expect(container.lines().filter(({ json }) => json?.path === "/health/live")).toEqual([]);
    });
  });
});
