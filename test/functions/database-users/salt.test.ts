// The salt is written once and never again, whatever the function is asked and whoever else writes.
import { ensure } from "../../../functions/database-users/ensure";
import { ensureSalt } from "../../../functions/database-users/salt";
import { secretsManager, userSecret } from "../../../functions/database-users/secrets";
import { APPLICATION_USER, DDL_USER, takingTurns } from "../../../functions/database-users/users";
import { clientOf, SecretsModel } from "../secrets-model";

let mockInstalled = false;
afterEach(() => {
  mockInstalled = false;
});

/** A database that takes every statement; the real one is asked in the integration test. */
jest.mock("../../../functions/database-users/connection", () => ({
  connect: async () => ({ end: async () => undefined }),
  run: async (_: unknown, purpose: string) => {
    if (purpose === "wait for another run") return [{ locked: 1 }];
    return purpose === "look for redcap_config" && mockInstalled ? [{ 1: 1 }] : [];
  },
}));

const MASTER = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!cluster-1";

/** Secrets Manager, which notes who reads and writes what. */
class Secrets {
  readonly model = new SecretsModel();
  readonly calls: [action: "read" | "write", id: string][] = [];
  readonly unreadable = new Set<string>();
  private passwords = 0;

  readonly client = clientOf((operation, input) => {
    const id = input.SecretId ?? "";
    if (operation === "GetRandomPassword") {
      this.passwords += 1;
      return { RandomPassword: `password-${this.passwords}` };
    }
    if (operation === "GetSecretValue") {
      this.calls.push(["read", id]);
      if (this.unreadable.has(id)) throw new Error("AccessDeniedException");
    }
    const { ClientRequestToken } = input;
    if (ClientRequestToken !== undefined) {
      expect(ClientRequestToken.length).toBeGreaterThanOrEqual(32);
      expect(ClientRequestToken.length).toBeLessThanOrEqual(64);
    }
    const answer = this.model.answer(operation, input);
    if (operation === "PutSecretValue") this.calls.push(["write", id]);
    return answer;
  });
  readonly store = secretsManager(this.client);
}

const notInstalled = async () => false;

let secrets: Secrets;
const value = (id: string) => JSON.parse(secrets.model.value(id) ?? "null");
const touching = (id: string) => secrets.calls.filter(([, touched]) => touched === id).map(([action]) => action);

beforeEach(() => {
  secrets = new Secrets();
  secrets.model.put(MASTER, JSON.stringify({ username: "admin", password: "x" }));
});

const run = (how: { writeSecrets?: boolean } = {}) =>
  ensure(
    {
      action: "ensure",
      cluster: { identifier: "redcap-prod", host: "localhost", port: 3_306, masterSecretArn: MASTER },
      writeSecrets: true,
      ...how,
    },
    {
      secrets: secrets.store,
      database: "redcap",
      application: { secret: userSecret("application", secrets.client), users: takingTurns(APPLICATION_USER) },
      ddl: { secret: userSecret("ddl", secrets.client), users: takingTurns(DDL_USER) },
      saltSecret: "salt",
    },
  );

describe("ensure", () => {
  test("writes a random salt where there is none, and once", async () => {
    expect((await run()).secretsWritten).toEqual(["application", "ddl", "salt"]);
    const first = value("salt");
    expect(first).toEqual({ salt: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect((await run()).secretsWritten).toEqual([]);
    expect(value("salt")).toEqual(first);

    secrets = new Secrets();
    secrets.model.put(MASTER, JSON.stringify({ username: "admin", password: "x" }));
    await run();
    expect(value("salt").salt).not.toBe(first.salt);
  });

  test("never overwrites it, not even where the users' secrets are gone", async () => {
    await run();
    const salt = value("salt");
    const { password } = value("application");
    for (let time = 0; time < 3; time += 1) {
      for (const id of ["application", "ddl"]) secrets.model.versions(id).clear();
      expect((await run()).secretsWritten).toEqual(["application", "ddl"]);
    }
    expect(value("application").password).not.toBe(password);
    expect(value("salt")).toEqual(salt);
    expect(touching("salt").filter((action) => action === "write")).toHaveLength(1);
  });

  test("keeps one that somebody brought along", async () => {
    secrets.model.put("salt", '{"salt":"of the hospital"}');
    expect((await run()).secretsWritten).toEqual(["application", "ddl"]);
    expect(value("salt")).toEqual({ salt: "of the hospital" });
    expect(touching("salt")).not.toContain("write");
  });

  test("makes none for an installed REDCap, whose salt it cannot know", async () => {
    mockInstalled = true;
    await expect(run()).rejects.toThrow("put $salt of the database.php");
    expect(secrets.model.value("salt")).toBeUndefined();
    secrets.model.put("salt", '{"salt":"of the hospital"}');
    await expect(run()).resolves.toBeDefined();
  });

  test("leaves it alone where secrets are not to be written", async () => {
    await run();
    secrets.model.versions("salt").clear();
    secrets.calls.length = 0;
    expect((await run({ writeSecrets: false })).secretsWritten).toEqual([]);
    expect(touching("salt")).toEqual([]);
    expect(secrets.model.value("salt")).toBeUndefined();
  });
});

describe("the salt", () => {
  test("of two writers at once is the first one's", async () => {
    const written = await Promise.all([
      ensureSalt(secrets.store, "salt", notInstalled),
      ensureSalt(secrets.store, "salt", notInstalled),
    ]);
    expect(touching("salt")).toEqual(["read", "read", "write"]);
    expect(written).toEqual([true, false]);
  });

  // Binary values come without a text.
  test.each([
    ["no text", ""],
    ["no JSON", "of the hospital"],
    ["null", "null"],
    ["a word", '""'],
  ])("that is %s stops the function and stays", async (_, held) => {
    secrets.model.put("salt", held);
    secrets.calls.length = 0;
    await expect(ensureSalt(secrets.store, "salt", notInstalled)).rejects.toThrow(
      /^The value of secret salt is not a JSON object\.$/,
    );
    expect(secrets.model.value("salt")).toBe(held);
  });

  test("that cannot be read is not taken for none", async () => {
    secrets.model.put("salt", '{"salt":"x"}');
    secrets.unreadable.add("salt");
    await expect(ensureSalt(secrets.store, "salt", notInstalled)).rejects.toThrow("AccessDenied");
    expect(value("salt")).toEqual({ salt: "x" });
  });
});
