// Rotation while REDCap serves, by the function itself: requests under load, a long transaction, the user that upgrades.
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { APPLICATION_USER, lockStatement, takingTurns } from "../../functions/database-users/users";
import { sleep, until } from "../local-aws/host/processes";
import {
  type Container,
  describeContainers,
  runToEnd,
  stopContainers,
  type UsersFunction,
  usersFunction,
} from "./engine";
import { type ImageUnderTest, imageUnderTest, page } from "./setup";

jest.setTimeout(120_000);

const USERS = takingTurns(APPLICATION_USER);
const [FIRST, SECOND] = USERS.map(({ name }) => `${name}@%`) as [string, string];
const CLIENTS = 8;

type Secret = Record<string, string | number>;

describeContainers("users that take turns", () => {
  let image: ImageUnderTest;
  let users: UsersFunction;
  let original: Secret;

  beforeAll(async () => {
    image = await imageUnderTest();
    users = await usersFunction(image.database);
    original = await secretOf(image.database.secretArns.application);
  }, 600_000);
  // As every test finds it: the first user's turn, whatever the one before has done.
  beforeEach(async () => {
    if ((await secretOf(image.database.secretArns.application)).username !== original.username) await takeTurns();
  });
  afterEach(stopContainers);
  afterAll(() => image?.stop());

  const secretOf = async (SecretId: string): Promise<Secret> => {
    const answer = await new SecretsManagerClient(image.database.client).send(new GetSecretValueCommand({ SecretId }));
    return JSON.parse(answer.SecretString ?? "");
  };
  const takeTurns = () => users.rotate(image.database.secretArns.application);
  /** A serving container whose first look at the secrets, of which it says nothing, is over. */
  async function settled(): Promise<Container> {
    const container = await image.serve({ REFRESH_SECONDS: "1" });
    await sleep(1_500);
    return container;
  }
  const userOf = async (container: Container) => (await page<{ user: string }>(container, "database")).user;
  const changed = (container: Container, times = 1) =>
    container.waitFor(
      `Change ${times}`,
      () =>
        container.lines().filter(({ text }) => text.includes("Secrets have changed and are in use.")).length >= times ||
        undefined,
    );
  /** Of the first user, waiting for their next statement. */
  const connections = async () => {
    const sql = "SELECT COUNT(*) AS count FROM information_schema.processlist WHERE user = ? AND command = 'Sleep'";
    const [rows] = await image.database.connection.query(sql, [USERS[0].name]);
    return Number((rows as { count: number }[])[0]?.count);
  };
  /** Clients that ask without pause, half of them over the read replica's settings. */
  function load(container: Container) {
    let stopping = false;
    const failures: string[] = [];
    const answers: { client: number; user: string }[] = [];
    const clients = Array.from({ length: CLIENTS }, async (_, client) => {
      while (!stopping) {
        try {
          const { user } = await page<{ user: string }>(container, client % 2 ? "database&replica" : "database");
          answers.push({ client, user });
        } catch (error) {
          failures.push(String(error));
          await sleep(10);
        }
      }
    });
    return {
      failures,
      answers,
      /** Until every client has had two more answers: what was under way is over. */
      round: () => {
        const from = answers.length;
        const had = (client: number) => answers.slice(from).filter((answer) => answer.client === client).length >= 2;
        return until("Another answer for each client", 20, async () =>
          clients.every((_, client) => had(client)) ? true : failures.length > 0 || undefined,
        );
      },
      stop: () => {
        stopping = true;
        return Promise.all(clients);
      },
    };
  }

  test("not one request fails, and the old one is not needed any more", async () => {
    const container = await settled();
    const asking = load(container);
    try {
      await asking.round();
      for (const [turn, user] of [USERS[1], USERS[0], USERS[1]].entries()) {
        await takeTurns();
        await changed(container, turn + 1);
        await asking.round();
        const old = USERS.find(({ name }) => name !== user.name) ?? user;
        await image.database.connection.query(lockStatement(old));
        const from = asking.answers.length;
        await asking.round();
        await sleep(500);
        expect(asking.failures).toEqual([]);
        expect(new Set(asking.answers.slice(from).map((answer) => answer.user))).toEqual(new Set([`${user.name}@%`]));
      }
    } finally {
      await asking.stop();
    }
    expect(asking.failures).toEqual([]);
    expect(asking.answers.length).toBeGreaterThan(CLIENTS * 20);
    expect(container.text()).not.toMatch(/"level":"(warning|error)"|"status":5\d\d/);
  });

  test("a request that began before two rotations writes and commits after them, as the user it began with", async () => {
    const container = await settled();
    const long = page<{ user: string; written: number }>(container, "transaction&name=long&seconds=20");
    // Its first statement has run.
    await until("The transaction", 20, async () => (await connections()) > 0 || undefined);
    await takeTurns();
    await changed(container);
    expect(await userOf(container)).toBe(SECOND);
    // The user that the request has gets another password.
    await takeTurns();
    await changed(container, 2);
    expect(await userOf(container)).toBe(FIRST);
    // Of the request that just asked, the server may not have heard the end yet.
    await until("The long request's connection, alone", 20, async () => (await connections()) === 1 || undefined);
    expect(await long).toEqual({ user: FIRST, written: 2 });
  });

  test("the user that changes tables takes turns, too: an upgrade logs in with what the secret says", async () => {
    const { ddl } = image.database.secretArns;
    const before = await secretOf(ddl);
    await users.rotate(ddl);
    const after = await secretOf(ddl);
    expect([before.username, after.username]).toEqual(["redcap_ddl", "redcap_ddl_clone"]);
    for (const secret of [before, after]) {
      const changes = { DDL_SECRET_ARN: "", DDL_SECRET: JSON.stringify(secret) };
      const prepared = await runToEnd(image.options("prepare", changes));
      expect(prepared).toMatchObject({ exitCode: 0 });
    }
  });
});
