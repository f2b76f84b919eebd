// What the serving image shows nobody, what it can write, and whom it tells how it is.
import { type Container, describeContainers, runToEnd } from "./engine";
import { get, type ImageUnderTest, imageUnderTest, page } from "./setup";
import { standInZip } from "./stand-in/zip";

const FROM_OUTSIDE = { "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https" };

/** Files that are really there: without a rule, each would be sent. */
const NEVER_SERVED = Object.fromEntries(
  [
    ".git/config",
    ".env",
    "index.php~",
    "index.php.bak",
    "dump.sql",
    "redcap_v17.4.4/Resources/sql/install.sql",
    "redcap.log",
    "composer.json",
    "settings.ini",
    "hooks/hook.txt",
    "languages/English.txt",
  ].map((path) => [path, "not for visitors"]),
);

describeContainers("the serving image's guards", () => {
  let image: ImageUnderTest;
  let container: Container;

  beforeAll(async () => {
    image = await imageUnderTest({ zip: standInZip({ changes: { ...NEVER_SERVED, "welcome.txt": "for visitors" } }) });
    container = await image.serve();
  }, 600_000);
  afterAll(() => image?.stop());

  test("files beside them are served", async () => {
    expect(await get(container, "/welcome.txt")).toMatchObject({ status: 200, body: "for visitors" });
  });

  describe("what is closed", () => {
    test.each([
      "/install.php",
      "/install.php/x",
      "//install.php?auto=1",
      "/./install.php",
      "/%69nstall.php",
      "/upgrade.php?auto=1",
      "/redcap_v17.4.4/../upgrade.php",
      "/cron.php",
      "/cron.php?secret=mysecret",
      "/database.php",
      "/temp/",
      "/temp/index.html",
      "/temp/x.php",
      "/edocs/index.html",
      "/hooks/",
      "/languages/index.html",
      ...Object.keys(NEVER_SERVED).map((path) => `/${path}`),
    ])("%s", async (path) => {
      const { status, body } = await get(container, path, FROM_OUTSIDE);
      expect([status, body]).toEqual([403, expect.stringContaining("Forbidden")]);
    });

    test("what PHP writes into temp cannot be fetched, nor run", async () => {
      await page(container, "write&keep");
      expect((await get(container, "/temp/written-by-test.php")).status).toBe(403);
    });

    test("readiness is no outsider's business", async () => {
      expect((await get(container, "/health/ready", FROM_OUTSIDE)).status).toBe(403);
      expect((await get(container, "/health/live", FROM_OUTSIDE)).status).toBe(200);
    });

    test("maintenance addresses open installation and upgrade, to themselves", async () => {
      const open = await image.serve({ MAINTENANCE_ADDRESSES: "203.0.113.0/28 198.51.100.1" });
      expect((await get(open, "/install.php", FROM_OUTSIDE)).body).toContain("already installed");
      expect((await get(open, "/install.php", { "x-forwarded-for": "203.0.113.99" })).status).toBe(403);
      await open.stop();
    });
  });

  describe("what can be written", () => {
    test("temp alone", async () => {
      const could = await page<Record<string, boolean>>(container, "write");
      expect(Object.keys(could).filter((path) => could[path])).toEqual(["/var/www/redcap/temp", "/tmp"]);
    });

    test("nor by permission, where the file system is writable", async () => {
      const find = "find / -xdev -writable -not -type l -not -path '/proc/*' -not -path '/dev/*' 2>/dev/null; true";
      const { exitCode, stdout } = await runToEnd({
        image: image.image,
        readOnly: false,
        volumes: [],
        entrypoint: ["bash", "-c", find],
      });
      expect(exitCode).toBe(0);
      // Beside the three: what Debian leaves to everybody, or to its own Apache and PHP.
      const debians = [
        "/run/lock",
        "/run/php",
        "/var/cache/apache2/mod_cache_disk",
        "/var/lib/php/sessions",
        "/var/tmp",
      ];
      const found = stdout
        .trim()
        .split("\n")
        .filter((path) => !debians.includes(path));
      expect(found.sort()).toEqual(["/run/redcap", "/tmp", "/var/www/redcap/temp"]);
    });
  });

  describe("health", () => {
    test("ready asks database and S3, live only PHP", async () => {
      expect(await get(container, "/health/ready")).toMatchObject({ status: 200, body: "ok\n" });
      const lost = await image.serve({ FILES_BUCKET: "no-such-bucket-of-ours" });
      expect(await get(lost, "/health/ready")).toMatchObject({ status: 503, body: "unavailable\n" });
      expect((await get(lost, "/health/live")).status).toBe(200);
      await lost.waitForLine("the reason", ({ text }) => text.includes("S3 does not let"));
      await lost.stop();
    });

    test("a database that went away", async () => {
      const { connection } = image.database;
      await connection.query("ALTER USER `redcap`@`%` ACCOUNT LOCK");
      try {
        const { status } = await container.waitFor("readiness to be lost", async () => {
          const answer = await get(container, "/health/ready");
          return answer.status === 200 ? undefined : answer;
        });
        expect(status).toBe(503);
        expect((await get(container, "/health/live")).status).toBe(200);
      } finally {
        await connection.query("ALTER USER `redcap`@`%` ACCOUNT UNLOCK");
      }
    });
  });
});
