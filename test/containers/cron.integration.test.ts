// REDCap's cron: the image's command, and the same started over HTTP where nothing else can start it.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { RowDataPacket } from "mysql2";
import { type Container, describeContainers } from "./engine";
import { ask, get, type ImageUnderTest, imageUnderTest } from "./setup";

describeContainers("REDCap's cron", () => {
  let image: ImageUnderTest;
  beforeAll(async () => {
    image = await imageUnderTest();
  }, 600_000);
  afterAll(() => image?.stop());

  const runs = async () => {
    const [rows] = await image.database.connection.query<RowDataPacket[]>(
      "SELECT cron_info FROM redcap.redcap_crons_history ORDER BY ch_id",
    );
    return rows.map(({ cron_info }) => cron_info as string);
  };

  test("is a command of the image, with the application's user", async () => {
    const container = await image.serve();
    const before = (await runs()).length;
    const { exitCode, stdout } = await container.exec(["cron"], { DDL_SECRET_ARN: "" });
    expect([exitCode, stdout]).toEqual([0, "All jobs of this minute have run.\n"]);
    expect((await runs()).slice(before)).toEqual(["cli as redcap@%"]);
    await container.stop();
  });

  describe("over HTTP", () => {
    const PASSWORD = "a-long-secret-of-the-scheduler";
    /** As EventBridge does it (stacks/app/cron-over-http.ts; EventBridge user guide, headers of API destinations). */
    const call = async (container: Container, user: string, password: string) => {
      const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
      const headers = {
        ...{ authorization, "content-type": "application/json; charset=utf-8" },
        "user-agent": "Amazon/EventBridge/ApiDestinations",
      };
      const { status, body } = await ask(container, "/cron.php", { method: "POST", body: "{}", headers });
      return { status, body };
    };
    /** What the stand-in's cron does. */
    const behave = (field: string, value: number) =>
      image.database.connection.query(
        "INSERT INTO redcap.redcap_config VALUES (?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value)",
        [`stand_in_cron_${field}`, String(value)],
      );
    const hash = () => execFileSync("openssl", ["passwd", "-5", PASSWORD], { encoding: "utf8" }).trim();

    test("it opens to its secret alone, of which the container has the hash, and is the command's run", async () => {
      const container = await image.serve({ CRON_SECRET_HASH: hash() });
      const before = (await runs()).length;
      expect((await get(container, "/cron.php")).status).toBe(401);
      expect((await call(container, "cron", "wrong")).status).toBe(401);
      expect((await call(container, "other", PASSWORD)).status).toBe(401);
      expect((await get(container, "/cron.php/x")).status).toBe(401);
      expect(await runs()).toHaveLength(before);
      expect(await call(container, "cron", PASSWORD)).toEqual({ status: 200, body: "Cron has run.\n" });
      expect((await runs()).slice(before)).toEqual(["cli as redcap@%"]);
      await container.waitForLine("Its words", ({ json }) => json?.message === "All jobs of this minute have run.");
      await container.stop();
    });

    test("a long run is answered before EventBridge gives up, goes on, and is alone", async () => {
      const container = await image.serve({ CRON_SECRET_HASH: hash() });
      const before = (await runs()).length;
      await behave("seconds", 7);
      try {
        const start = Date.now();
        expect((await call(container, "cron", PASSWORD)).status).toBe(202);
        expect(Date.now() - start).toBeLessThan(5_000);
        expect(await runs()).toHaveLength(before);
        // A second call waits for the first run, and starts none.
        expect((await call(container, "cron", PASSWORD)).status).toBe(202);
        await container.waitFor("the run's end", async () => (await runs()).length === before + 1 || undefined, 10);
      } finally {
        await behave("seconds", 0);
      }
      expect(await call(container, "cron", PASSWORD)).toEqual({ status: 200, body: "Cron has run.\n" });
      expect(await runs()).toHaveLength(before + 2);
      await container.stop();
    });

    test("a run that fails is the caller's to know, and its words are in the log", async () => {
      const container = await image.serve({ CRON_SECRET_HASH: hash() });
      await behave("exit", 3);
      try {
        expect((await call(container, "cron", PASSWORD)).status).toBe(500);
      } finally {
        await behave("exit", 0);
      }
      await container.waitForLine("its words", ({ json }) => json?.message === "A job failed.");
      await container.stop();
    });

    test("a run that hangs is ended, which the log counts as an error, and the next one runs", async () => {
      const container = await image.serve({ CRON_SECRET_HASH: hash(), CRON_LIMIT_SECONDS: "6" });
      const before = (await runs()).length;
      await behave("seconds", 600);
      try {
        expect((await call(container, "cron", PASSWORD)).status).toBe(202);
        const ended = await container.waitForLine("its end", ({ json }) =>
          String(json?.message).startsWith("Cron was ended after 6 seconds"),
        );
        // As LOG_METRICS counts it.
        expect(ended.json).toMatchObject({ type: "container", level: "error" });
      } finally {
        await behave("seconds", 0);
      }
      expect(await call(container, "cron", PASSWORD)).toEqual({ status: 200, body: "Cron has run.\n" });
      expect(await runs()).toHaveLength(before + 1);
      await container.stop();
    });

    test("what outlives even that is said to every caller", async () => {
      const container = await image.serve({ CRON_SECRET_HASH: hash(), CRON_LIMIT_SECONDS: "3" });
      await behave("stays", 15);
      try {
        expect((await call(container, "cron", PASSWORD)).status).toBe(200);
      } finally {
        await behave("stays", 0);
      }
      const answers = async (status: number) => {
        const answer = await call(container, "cron", PASSWORD);
        return answer.status === status ? answer.body : undefined;
      };
      const refusal = await container.waitFor("the refusal", () => answers(503), 20);
      expect(refusal).toContain("has not ended for more than 3 seconds");
      await container.waitFor("the next run", () => answers(200), 30);
      await container.stop();
    });

    test("while its secret rotates, the old password and the new one are taken", async () => {
      const { client, createSecret } = image.database;
      const users = [1, 2, 3].map((number) => ({ username: `cron-${number}`, password: `${PASSWORD}-${number}` }));
      const arn = await createSecret("redcap/cron", users[0] as object);
      const container = await image.serve({ CRON_SECRET_ARN: arn, REFRESH_SECONDS: "1" });
      const taken = async () => {
        const answers = users.map(({ username, password }) => call(container, username, password));
        return (await Promise.all(answers)).map(({ status }) => status !== 401);
      };
      expect(await taken()).toEqual([true, false, false]);
      const secrets = new SecretsManagerClient(client);
      const ClientRequestToken = randomUUID();
      await secrets.send(
        new PutSecretValueCommand({
          ...{ SecretId: arn, ClientRequestToken, VersionStages: ["AWSPENDING"] },
          SecretString: JSON.stringify(users[1]),
        }),
      );
      await container.waitFor("both", async () => (await taken())[1] || undefined);
      expect(await taken()).toEqual([true, true, false]);
      await secrets.send(new PutSecretValueCommand({ SecretId: arn, SecretString: JSON.stringify(users[2]) }));
      await container.waitFor("the newest", async () => (await taken())[2] || undefined);
      expect((await taken())[0]).toBe(false);
      await container.stop();
    });
  });
});
