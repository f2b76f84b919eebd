// What the function does with users, secrets and salt when it is asked for them.
import type { CheckResult, EnsureResult } from "../../../functions/database-users/event";
import { as, cluster, ensure, invoke, login, MASTER, mariadb, sealed, secret, secrets } from "./harness";

test("makes both users, their rights, their secrets and the salt, and changes nothing when run again", async () => {
  const first = await ensure();
  expect(first.result).toEqual({ users: ["redcap", "redcap_ddl"], secretsWritten: ["application", "ddl", "salt"] });
  expect(secret("salt").salt).toMatch(/^[0-9a-f]{64}$/);
  expect(secret("application")).toMatchObject({
    engine: "mysql",
    username: "redcap",
    dbname: "redcap",
    host: "localhost",
  });

  await as("ddl", "CREATE TABLE redcap_log_event (log_event_id INT PRIMARY KEY, ts BIGINT)");
  await as("application", "INSERT INTO redcap_log_event VALUES (1, 20250131120000), (2, 20250131120500)");
  await expect(as("application", "DROP TABLE redcap_log_event")).rejects.toThrow(/denied/);
  await expect(as("ddl", "SELECT * FROM mysql.user")).rejects.toThrow(/denied/);

  expect((await ensure()).result).toEqual({
    users: ["redcap", "redcap_ddl"],
    secretsWritten: [],
  } satisfies EnsureResult);
}, 60_000);

test("takes away what somebody granted, and leaves the rest alone", async () => {
  await mariadb.administer((connection) =>
    connection.query("GRANT ALL PRIVILEGES ON *.* TO 'redcap'@'%' WITH GRANT OPTION"),
  );
  await mariadb.administer((connection) => connection.query("GRANT DROP ON redcap.* TO 'redcap'@'%'"));
  expect((await ensure()).error).toBeUndefined();
  const lines = (await as<Record<string, string>[]>("application", "SHOW GRANTS")).flatMap((row) => Object.values(row));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^GRANT USAGE ON \*\.\* /);
  expect(lines[1]).toMatch(/^GRANT SELECT, INSERT, UPDATE, DELETE, .* ON `redcap`\.\* TO `redcap`@`%`$/);
}, 60_000);

test("waits for RDS while it rotates the master's password, and reads it again", async () => {
  await mariadb.setMaster("admin", "rotated by RDS");
  setTimeout(() => secrets.put(MASTER, JSON.stringify({ username: "admin", password: "rotated by RDS" })), 2_000);
  expect((await ensure()).error).toBeUndefined();
}, 60_000);

test("makes new users but no new salt where the secrets are gone, and can be repeated when one could not be written", async () => {
  const { salt } = secret("salt");
  const old = secret("application");
  secrets.versions("application").clear();
  sealed.add("application");
  expect((await ensure()).error).toContain("InternalServiceError");
  expect(secret("application")).toEqual({});
  sealed.clear();
  expect((await ensure()).result).toMatchObject({ secretsWritten: expect.arrayContaining(["application"]) });
  expect(secret("salt")).toEqual({ salt });
  await as("application", "SELECT 1");
  for (const user of ["redcap", "redcap_clone"])
    await expect(login(user, old.password ?? "")).rejects.toThrow(/denied|locked/i);
}, 60_000);

test("counts what is there, as the application's user", async () => {
  await as("ddl", "CREATE TABLE redcap_log_event2 (ts BIGINT)");
  await as("ddl", "CREATE VIEW redcap_view AS SELECT 1 AS x");
  await as("application", "INSERT INTO redcap_log_event2 VALUES (20250201080000)");
  const { masterSecretArn, ...withoutMaster } = cluster();
  expect(masterSecretArn).toBe(MASTER);
  expect((await invoke({ action: "check", cluster: withoutMaster })).result).toEqual({
    database: "redcap",
    tables: 2,
    rows: 3,
    tableRows: { redcap_log_event: 2, redcap_log_event2: 1 },
    newestLogEvent: "20250201080000",
  } satisfies CheckResult);
}, 60_000);

describe("refuses", () => {
  test("a server whose certificate comes from an unknown authority", async () => {
    const { error } = await invoke({ action: "ensure", cluster: cluster() }, { NODE_EXTRA_CA_CERTS: undefined });
    expect(error).toMatch(/^\{"message":"Cannot connect to localhost:\d+ as admin: .*certificate/i);
  }, 60_000);

  test("without telling a secret, whatever fails", async () => {
    const runs = [await ensure(), await invoke({ action: "check", cluster: cluster() })];
    secrets.put(MASTER, JSON.stringify({ username: "admin", password: "wrong-password" }));
    runs.push(await ensure());
    expect(runs[2]?.error).toContain("Access denied for user 'admin'");
    const told = JSON.stringify(runs);
    for (const id of ["application", "ddl", MASTER]) {
      expect(secret(id).password).toBeDefined();
      expect(told).not.toContain(JSON.stringify(secret(id).password).slice(1, -1));
    }
    expect(secret("salt").salt).toHaveLength(64);
    expect(told).not.toContain(secret("salt").salt);
  }, 60_000);
});
