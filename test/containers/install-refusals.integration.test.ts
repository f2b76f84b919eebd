// A container that cannot do its work says why in one line and ends: wrong environment, wrong secrets, wrong server.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { describeContainers, runToEnd, stopContainers } from "./engine";
import { type ImageUnderTest, imageUnderTest } from "./setup";

jest.setTimeout(60_000);

const SECRET = { host: "127.0.0.1", port: 1, dbname: "redcap", username: "redcap", password: "not-to-be-logged" };
const WITHOUT_DDL = { DDL_SECRET_ARN: "" };
const WITHOUT_DATABASE = { DATABASE_SECRET_ARN: "" };

describeContainers("a container that cannot do its work", () => {
  let image: ImageUnderTest;

  beforeAll(async () => {
    image = await imageUnderTest();
  }, 600_000);
  afterEach(stopContainers);
  afterAll(() => image?.stop());

  const options = (command: string, changes?: Record<string, string>) => image.options(command, changes);

  describe("ends with one line about what is wrong in its environment", () => {
    const without = (key: string) => JSON.stringify({ ...SECRET, [key]: undefined });
    test.each<[string, string, Record<string, string>, number, RegExp]>([
      ["PORT", "serve", { PORT: "abc" }, 64, /variable PORT is ".+": write a whole number above 0\./],
      ["REFRESH_SECONDS", "serve", { REFRESH_SECONDS: "0" }, 64, /REFRESH_SECONDS is "0": write a whole number/],
      ["WORKERS", "serve", { WORKERS: "many" }, 64, /WORKERS is "many": write a whole number/],
      [
        "TRUSTED_PROXIES",
        "serve",
        { TRUSTED_PROXIES: "10.0.0.0/8, ::1" },
        64,
        /TRUSTED_PROXIES is ".+": write addresses/,
      ],
      ["MAINTENANCE_ADDRESSES", "serve", { MAINTENANCE_ADDRESSES: "all" }, 64, /MAINTENANCE_ADDRESSES is "all": write/],
      ["PHP_MEMORY_LIMIT", "serve", { PHP_MEMORY_LIMIT: "1 GB" }, 64, /PHP_MEMORY_LIMIT is "1 GB": write an amount/],
      ["PHP_TIMEZONE", "serve", { PHP_TIMEZONE: "Mars/Base" }, 64, /PHP_TIMEZONE is "Mars\/Base": write a time zone/],
      [
        "FRAME_ANCESTORS",
        "serve",
        { FRAME_ANCESTORS: "*; script-src *" },
        64,
        /FRAME_ANCESTORS is ".+": write sources/,
      ],
      ["an unknown command", "server", {}, 64, /Unknown command "server"\. Commands: serve, prepare, upgrade, cron\./],
      [
        "no database",
        "serve",
        { ...WITHOUT_DDL, ...WITHOUT_DATABASE },
        1,
        /Neither DATABASE_SECRET_ARN nor DATABASE_SECRET is set/,
      ],
      ["no DDL user", "prepare", WITHOUT_DDL, 1, /Neither DDL_SECRET_ARN nor DDL_SECRET is set/],
      ["no DDL user", "upgrade", WITHOUT_DDL, 1, /Neither DDL_SECRET_ARN nor DDL_SECRET is set/],
      ["no salt", "prepare", { SALT_SECRET_ARN: "" }, 1, /Neither SALT_SECRET_ARN nor SALT_SECRET is set/],
      [
        "a secret without password",
        "prepare",
        { ...WITHOUT_DDL, DDL_SECRET: without("password") },
        1,
        /DDL_SECRET lacks \\"password\\"/,
      ],
      [
        "a secret without host",
        "serve",
        { ...WITHOUT_DDL, ...WITHOUT_DATABASE, DATABASE_SECRET: without("host") },
        1,
        /DATABASE_SECRET lacks \\"host\\"/,
      ],
      [
        "a secret that is no JSON",
        "prepare",
        { ...WITHOUT_DDL, DDL_SECRET: SECRET.password },
        1,
        /DDL_SECRET is not a JSON object/,
      ],
      ["no region", "prepare", { AWS_REGION: "" }, 1, /AWS_REGION is not set/],
      [
        "a secret that is not there",
        "prepare",
        { DDL_SECRET_ARN: "none" },
        1,
        /Secrets Manager gives no value of none: HTTP 4\d\d .*NotFound/,
      ],
    ])("%s: %s", async (_what, command, changes, exitCode, line) => {
      const { lines, ...end } = await runToEnd(options(command, changes));
      expect(end.exitCode).toBe(exitCode);
      const wrong = lines.filter(({ json }) => json?.level !== "info");
      expect(wrong.map(({ text }) => text)).toEqual([expect.stringMatching(line)]);
      expect(end.stderr).not.toContain(SECRET.password);
    });
  });

  describe("does not talk to a server that is not its database", () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "redcap-hosts-"));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    const SHORT = { ...WITHOUT_DDL, START_TIMEOUT_SECONDS: "1" };

    test("a certificate of another authority is refused", async () => {
      const { exitCode, stderr } = await runToEnd({
        ...options("serve", SHORT),
        mounts: image.database.mounts.filter((m) => !m.target.includes("rds-ca")),
      });
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        /"level":"error","message":"Waited .*, in vain: The database at 127\.0\.0\.1: .*certificate verify failed/,
      );
    });

    test("a certificate of another host name is refused", async () => {
      const hosts = join(folder, "hosts");
      writeFileSync(hosts, "127.0.0.1 localhost database.example.org\n");
      const { client, secretArns, mounts } = image.database;
      const { SecretString = "" } = await new SecretsManagerClient(client).send(
        new GetSecretValueCommand({ SecretId: secretArns.application }),
      );
      const elsewhere = JSON.stringify({ ...JSON.parse(SecretString), host: "database.example.org" });
      const { exitCode, stderr } = await runToEnd({
        ...options("serve", { ...SHORT, ...WITHOUT_DATABASE, DATABASE_SECRET: elsewhere }),
        mounts: [...mounts, { source: hosts, target: "/etc/hosts" }],
      });
      expect(exitCode).toBe(1);
      expect(stderr).toContain("did not match expected name `database.example.org'");
    });

    test("a server that does not answer is named with the reason", async () => {
      const changes = { ...SHORT, ...WITHOUT_DATABASE, DATABASE_SECRET: JSON.stringify(SECRET) };
      const { exitCode, stderr } = await runToEnd(options("serve", changes));
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        /"level":"error","message":"Waited .*, in vain: The database at 127\.0\.0\.1: Connection refused/,
      );
      expect(stderr).not.toContain(SECRET.password);
    });
  });
});
