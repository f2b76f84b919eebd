// The salt is written once and never again, whatever the function is asked and whoever else writes.
import {
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { ensure } from "../../../functions/database-users/ensure";
import { ensureSalt } from "../../../functions/database-users/salt";
import { secretsManager } from "../../../functions/database-users/secrets";
import { APPLICATION_USER, DDL_USER } from "../../../functions/database-users/users";

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

/** Secrets Manager's rules for versions: one with a known token takes no other value (API reference, PutSecretValue). */
class Secrets {
  readonly current = new Map<string, { SecretString?: string; SecretBinary?: Uint8Array }>();
  readonly calls: [action: string, id: string][] = [];
  readonly unreadable = new Set<string>();
  private readonly versions = new Map<string, string>();
  private passwords = 0;

  readonly store = secretsManager({ send: (command: object) => this.send(command) } as SecretsManagerClient);

  private async send(command: object): Promise<object> {
    if (command instanceof GetRandomPasswordCommand) {
      this.passwords += 1;
      return { RandomPassword: `password-${this.passwords}` };
    }
    if (command instanceof GetSecretValueCommand) {
      const id = String(command.input.SecretId);
      this.calls.push(["read", id]);
      if (this.unreadable.has(id)) throw new Error("AccessDeniedException");
      const value = this.current.get(id);
      if (!value) throw new ResourceNotFoundException({ message: "no value", $metadata: {} });
      return value;
    }
    if (!(command instanceof PutSecretValueCommand)) throw new Error("This command is not known here.");
    const { SecretId: id = "", SecretString = "", ClientRequestToken } = command.input;
    if (ClientRequestToken !== undefined) {
      expect(ClientRequestToken.length).toBeGreaterThanOrEqual(32);
      expect(ClientRequestToken.length).toBeLessThanOrEqual(64);
      const known = this.versions.get(`${id} ${ClientRequestToken}`) ?? SecretString;
      if (known !== SecretString) throw new ResourceExistsException({ message: "other value", $metadata: {} });
      this.versions.set(`${id} ${ClientRequestToken}`, SecretString);
    }
    this.calls.push(["write", id]);
    this.current.set(id, { SecretString });
    return {};
  }
}

const notInstalled = async () => false;

let secrets: Secrets;
const value = (id: string) => JSON.parse(secrets.current.get(id)?.SecretString ?? "null");
const touching = (id: string) => secrets.calls.filter(([, touched]) => touched === id).map(([action]) => action);

beforeEach(() => {
  secrets = new Secrets();
  secrets.current.set(MASTER, { SecretString: JSON.stringify({ username: "admin", password: "x" }) });
});

const run = (how: { writeSecrets?: boolean; newPasswords?: boolean } = {}) =>
  ensure(
    {
      action: "ensure",
      cluster: { identifier: "redcap-prod", host: "localhost", port: 3_306, masterSecretArn: MASTER },
      writeSecrets: true,
      newPasswords: false,
      ...how,
    },
    [
      { user: APPLICATION_USER, secret: "application" },
      { user: DDL_USER, secret: "ddl" },
    ],
    {
      secrets: secrets.store,
      database: "redcap",
      applicationSecret: "application",
      ddlSecret: "ddl",
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
    secrets.current.set(MASTER, { SecretString: JSON.stringify({ username: "admin", password: "x" }) });
    await run();
    expect(value("salt").salt).not.toBe(first.salt);
  });

  test("never overwrites it, not even with new passwords", async () => {
    await run();
    const salt = value("salt");
    const { password } = value("application");
    for (let time = 0; time < 3; time += 1)
      expect((await run({ newPasswords: true })).secretsWritten).toEqual(["application", "ddl"]);
    expect(value("application").password).not.toBe(password);
    expect(value("salt")).toEqual(salt);
    expect(touching("salt").filter((action) => action === "write")).toHaveLength(1);
  });

  test("keeps one that somebody brought along", async () => {
    secrets.current.set("salt", { SecretString: '{"salt":"of the hospital"}' });
    expect((await run({ newPasswords: true })).secretsWritten).toEqual(["application", "ddl"]);
    expect(value("salt")).toEqual({ salt: "of the hospital" });
    expect(touching("salt")).not.toContain("write");
  });

  test("makes none for an installed REDCap, whose salt it cannot know", async () => {
    mockInstalled = true;
    await expect(run()).rejects.toThrow("put $salt of the database.php");
    expect(secrets.current.has("salt")).toBe(false);
    secrets.current.set("salt", { SecretString: '{"salt":"of the hospital"}' });
    await expect(run()).resolves.toBeDefined();
  });

  test("leaves it alone where secrets are not to be written", async () => {
    await run();
    secrets.current.delete("salt");
    secrets.calls.length = 0;
    expect((await run({ writeSecrets: false })).secretsWritten).toEqual([]);
    expect(touching("salt")).toEqual([]);
    expect(secrets.current.has("salt")).toBe(false);
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

  test.each<[string, { SecretString?: string; SecretBinary?: Uint8Array }]>([
    ["no text", { SecretBinary: new Uint8Array([1]) }],
    ["no JSON", { SecretString: "of the hospital" }],
    ["null", { SecretString: "null" }],
    ["a word", { SecretString: '""' }],
  ])("that is %s stops the function and stays", async (_, held) => {
    secrets.current.set("salt", held);
    await expect(ensureSalt(secrets.store, "salt", notInstalled)).rejects.toThrow(
      /^The value of secret salt is not a JSON object\.$/,
    );
    expect(secrets.current.get("salt")).toBe(held);
  });

  test("that cannot be read is not taken for none", async () => {
    secrets.current.set("salt", { SecretString: '{"salt":"x"}' });
    secrets.unreadable.add("salt");
    await expect(ensureSalt(secrets.store, "salt", notInstalled)).rejects.toThrow("AccessDenied");
    expect(value("salt")).toEqual({ salt: "x" });
  });
});
