// Secrets that change while REDCap serves: what is new arrives, what is wrong does no harm, and no request fails.
import { createHash } from "node:crypto";
import { connect, createServer, type Server, type Socket } from "node:net";
import { DeleteAccessKeyCommand, IAMClient, ListAccessKeysCommand } from "@aws-sdk/client-iam";
import { DeleteSecretCommand, GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { APPLICATION_USER, passwordStatements, takingTurns } from "../../functions/database-users/users";
import { freePort } from "../local-aws/host/ports";
import { sleep } from "../local-aws/host/processes";
import { type Container, describeContainers, stopContainers, type UsersFunction, usersFunction } from "./engine";
import { get, type ImageUnderTest, imageUnderTest, page } from "./setup";

jest.setTimeout(60_000);

const [, SECOND_USER] = takingTurns(APPLICATION_USER);
const FAST = { REFRESH_SECONDS: "1" };

type Secret = Record<string, string | number>;

describeContainers("secrets that change while REDCap serves", () => {
  let image: ImageUnderTest;
  let users: UsersFunction;
  let original: Secret;

  beforeAll(async () => {
    image = await imageUnderTest();
    users = await usersFunction(image.database);
    original = await secretOf(image.database.secretArns.application);
  }, 600_000);
  beforeEach(async () => {
    // As every test finds it: the first user's turn.
    await setPassword(APPLICATION_USER, String(original.password));
    await image.database.putSecret(image.database.secretArns.application, original);
  });
  afterEach(stopContainers);
  afterAll(() => image?.stop());

  const secretOf = async (SecretId: string): Promise<Secret> => {
    const answer = await new SecretsManagerClient(image.database.client).send(new GetSecretValueCommand({ SecretId }));
    return JSON.parse(answer.SecretString ?? "");
  };
  async function setPassword(user: typeof APPLICATION_USER, password: string) {
    const { connection } = image.database;
    for (const statement of passwordStatements(user)) await connection.query(statement, [password]);
  }
  /** The other user's turn, by the function. */
  const takeTurns = () => users.rotate(image.database.secretArns.application);
  /** A serving container whose first look at the secrets, of which it says nothing, is over. */
  async function settled(environment: Record<string, string> = {}): Promise<Container> {
    const container = await image.serve({ ...FAST, ...environment });
    await sleep(1_500);
    return container;
  }
  const account = (user: typeof APPLICATION_USER) => `${user.name}@%`;
  const userOf = async (container: Container) => (await page<{ user: string }>(container, "database")).user;
  const changes = (container: Container) =>
    container.lines().filter(({ text }) => text.includes("Secrets have changed and are in use.")).length;
  const changed = (container: Container, times = 1) =>
    container.waitFor(`Change ${times}`, () => changes(container) >= times || undefined);
  const warning = (container: Container, text: string) =>
    container.waitForLine(
      `The warning: ${text}`,
      ({ json }) => json?.level === "warning" && String(json.message).includes(text),
    );

  test("a password that the database does not take yet is not used, until it does", async () => {
    const container = await settled();
    const next = { ...original, password: "not-taken-yet" };
    await image.database.putSecret(image.database.secretArns.application, next);
    const line = await warning(container, "Access denied for user 'redcap'");
    expect(line.json?.message).toMatch(/^The secrets stay as they are for now: /);
    expect(await userOf(container)).toBe(account(APPLICATION_USER));
    expect(changes(container)).toBe(0);

    await setPassword(APPLICATION_USER, next.password);
    await changed(container);
    expect(await userOf(container)).toBe(account(APPLICATION_USER));
  });

  test("Secrets Manager that does not answer changes nothing; what was rotated meanwhile arrives after it", async () => {
    const secretsManager = new Gateway(image.database.client.endpoint);
    const endpoint = await secretsManager.open();
    try {
      const container = await settled({ AWS_ENDPOINT_URL: endpoint });
      await secretsManager.close();
      await takeTurns();
      await warning(container, "127.0.0.1 does not answer");
      expect(await userOf(container)).toBe(account(APPLICATION_USER));

      await secretsManager.open();
      await changed(container);
      expect(await userOf(container)).toBe(account(SECOND_USER));
    } finally {
      await secretsManager.close();
    }
  });

  test("a secret that is gone changes nothing", async () => {
    const arn = await image.database.createSecret("redcap/to-be-deleted", original);
    const container = await settled({ DATABASE_SECRET_ARN: arn });
    await new SecretsManagerClient(image.database.client).send(
      new DeleteSecretCommand({ SecretId: arn, ForceDeleteWithoutRecovery: true }),
    );
    await warning(container, `Secrets Manager gives no value of ${arn}`);
    expect(await userOf(container)).toBe(account(APPLICATION_USER));
  });

  test("a changed salt is refused with an error, and does not stop other changes", async () => {
    const salt = "the-installation's-salt";
    const arn = await image.database.createSecret("redcap/changed-salt", { salt });
    const container = await settled({ SALT_SECRET_ARN: arn });
    await image.database.putSecret(arn, { salt: "another-salt" });
    const line = await container.waitForLine("The error", ({ json }) => json?.level === "error");
    expect(line.json?.message).toContain("The salt's secret has changed. It is not used");
    await takeTurns();
    await changed(container);
    expect(await page(container, "database")).toMatchObject({
      user: account(SECOND_USER),
      salt: createHash("sha256").update(salt).digest("hex"),
    });
  });

  test("a new key for S3 arrives in REDCap's settings, and the files can be listed with it", async () => {
    const container = await settled();
    const files = `/?page=s3&endpoint=${encodeURIComponent(image.database.client.endpoint)}`;
    expect((await get(container, files)).status).toBe(200);
    const key = await image.database.rotateFilesKey();
    await changed(container);

    const iam = new IAMClient(image.database.client);
    const UserName = "redcap-files";
    const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName }));
    const old = AccessKeyMetadata.filter(({ AccessKeyId }) => AccessKeyId !== key);
    expect(old).toHaveLength(1);
    for (const { AccessKeyId } of old) await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
    const { config } = await page<{ config: Record<string, string> }>(container, "settings&config");
    const { secretAccessKey } = await secretOf(image.database.secretArns.files);
    expect(config).toMatchObject({ amazon_s3_key: key, amazon_s3_secret: secretAccessKey });
    const listed = await get(container, files);
    expect([listed.status, listed.body]).toEqual([200, expect.stringContaining("<ListBucketResult")]);
  });
});

/** A way to a server that can be closed and opened again at the same address. */
class Gateway {
  private server?: Server;
  private port?: number;
  private readonly sockets = new Set<Socket>();

  constructor(private readonly target: string) {}

  async open(): Promise<string> {
    this.port ??= await freePort();
    const { hostname, port } = new URL(this.target);
    this.server = createServer((client) => {
      const server = connect(Number(port), hostname);
      for (const socket of [client, server]) {
        this.sockets.add(socket);
        socket.once("close", () => this.sockets.delete(socket));
        // Whoever closes first ends both.
        socket.once("error", () => [client, server].map((one) => one.destroy()));
      }
      client.pipe(server).pipe(client);
    });
    await new Promise<void>((resolve) => this.server?.listen(this.port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const { server } = this;
    if (server?.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
