// Rotation, step by step as Secrets Manager asks for it: two users take turns, and nobody is shut out.
import { as, cluster, ensure, invoke, login, mariadb, secret, secrets } from "./harness";

const STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"];

beforeAll(async () => {
  expect((await ensure()).error).toBeUndefined();
  await as("ddl", "CREATE TABLE redcap_log_event (log_event_id INT PRIMARY KEY, ts BIGINT)");
}, 60_000);

/** One rotation, step by step, as Secrets Manager asks for it. */
async function rotate(id: string, version: string, steps = STEPS): Promise<void> {
  if (steps[0] === "createSecret") secrets.begin(id, version);
  for (const Step of steps)
    expect(await invoke({ Step, SecretId: id, ClientRequestToken: version })).not.toHaveProperty("error");
}
/** Users who can log in with what a version of the secret says. */
const loggingIn = async (id: string): Promise<string[]> => {
  const found: string[] = [];
  for (const label of ["AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"]) {
    const { username, password } = JSON.parse(secrets.value(id, label) ?? "{}") as Record<string, string>;
    if (!username) continue;
    const connection = await login(username, password ?? "").catch(() => undefined);
    await connection?.end();
    if (connection) found.push(username);
  }
  return found;
};
const grantsOf = (user: string) =>
  mariadb.administer(async (connection) => {
    const [rows] = await connection.query(`SHOW GRANTS FOR '${user}'@'%'`);
    return (rows as object[])
      .flatMap((row) => Object.values(row) as string[])
      .map((line) => line.replace(`TO \`${user}\``, "TO x"));
  });

test("a rotation gives the other user a password and equal rights, and leaves alone who is logged in", async () => {
  for (const [id, first, second] of [
    ["application", "redcap", "redcap_clone"],
    ["ddl", "redcap_ddl", "redcap_ddl_clone"],
  ] as const) {
    const before = secret(id);
    const connection = await login(before.username ?? "", before.password ?? "");
    try {
      await connection.query("START TRANSACTION");
      await connection.query("INSERT INTO redcap_log_event VALUES (?, 20250131120500)", [id.length + 10]);
      await rotate(id, `${id}-1`);
      expect(secret(id)).toEqual({ ...before, username: second, password: expect.stringMatching(/^it's "quoted"/) });
      await connection.query("COMMIT");
    } finally {
      await connection.end();
    }
    expect(await loggingIn(id)).toEqual([second, first]);
    // But for the password's hash.
    const [own, other] = [await grantsOf(first), await grantsOf(second)];
    expect(other[1]).toBe(own[1]);
    expect(other).toHaveLength(2);

    await rotate(id, `${id}-2`);
    expect(await loggingIn(id)).toEqual([first, second]);
    expect(secret(id).password).not.toBe(before.password);
    await expect(as(id, "SELECT 1", before.password)).rejects.toThrow(/denied/);
  }
  // Nothing that the next run would have to write.
  expect((await ensure()).result).toMatchObject({ secretsWritten: [] });
  expect(await loggingIn("application")).toEqual(["redcap", "redcap_clone"]);
}, 120_000);

test("a rotation that is interrupted anywhere is finished by repeating it, and nobody is shut out meanwhile", async () => {
  for (const [index] of STEPS.entries()) {
    const version = `interrupted-${index}`;
    const current = secret("application").username ?? "";
    await rotate("application", version, STEPS.slice(0, index + 1));
    // A deployment meanwhile takes no password away.
    expect((await ensure()).result).toMatchObject({ secretsWritten: [] });
    expect(await loggingIn("application")).toContain(current);
    for (const Step of STEPS)
      expect(await invoke({ Step, SecretId: "application", ClientRequestToken: version })).not.toHaveProperty("error");
    expect(secret("application").username).not.toBe(current);
    expect(secrets.labelled("application", "AWSPENDING")).toBeUndefined();
    expect(await loggingIn("application")).toHaveLength(2);
  }
}, 120_000);

test("a rotation is given up when the secret is written meanwhile, and the next one works", async () => {
  await rotate("application", "given-up", STEPS.slice(0, 3));
  expect((await ensure({ cluster: { ...cluster(), identifier: "redcap-new" } })).result).toMatchObject({
    secretsWritten: ["application", "ddl"],
  });
  const { error } = await invoke({ Step: "finishSecret", SecretId: "application", ClientRequestToken: "given-up" });
  expect(error).toContain("Version given-up of secret application is not pending.");
  expect(secret("application").dbClusterIdentifier).toBe("redcap-new");
  await rotate("application", "after-that");
  expect(secret("application").dbClusterIdentifier).toBe("redcap-new");
}, 120_000);

test("gives a restored cluster what the secrets name, shuts the rest out, and does not touch the secrets", async () => {
  // As in a snapshot from before two rotations, of whose passwords somebody may know one.
  const old = "of the snapshot";
  await mariadb.administer(async (connection) => {
    for (const user of ["redcap", "redcap_clone", "redcap_ddl", "redcap_ddl_clone"])
      await connection.query(`ALTER USER '${user}'@'%' IDENTIFIED BY '${old}'`);
  });
  const ddl = secrets.versions("ddl");
  for (const [id, { stages }] of ddl) if (!stages.has("AWSCURRENT")) ddl.delete(id);
  const before = ["application", "ddl"].map((id) => [...secrets.versions(id)].map(([id, { value }]) => [id, value]));
  const restored = { ...cluster(), identifier: "redcap-prod-restored" };
  expect((await ensure({ cluster: restored, writeSecrets: false })).result).toMatchObject({ secretsWritten: [] });
  expect(["application", "ddl"].map((id) => [...secrets.versions(id)].map(([id, { value }]) => [id, value]))).toEqual(
    before,
  );
  expect(await loggingIn("application")).toHaveLength(2);
  expect(await loggingIn("ddl")).toEqual([secret("ddl").username]);
  for (const user of ["redcap", "redcap_clone", "redcap_ddl", "redcap_ddl_clone"])
    await expect(login(user, old)).rejects.toThrow(/denied|locked/i);
}, 60_000);
