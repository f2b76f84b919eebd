// REDCap's mail: over TLS with the relay's password, which is rotated; and told so where it cannot be sent.
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { type Container, describeContainers, runContainer, type SmtpSink, smtpSink, stopContainers } from "./engine";
import { get, type ImageUnderTest, imageUnderTest } from "./setup";

jest.setTimeout(60_000);

const FROM = "redcap@example.org";
const FIRST = { username: "relay-user-1", password: "relay-password-1" };
const SECOND = { username: "relay-user-2", password: "relay-password-2" };

describeContainers("mail", () => {
  let image: ImageUnderTest;
  let relay: SmtpSink;
  let arn: string;

  beforeAll(async () => {
    image = await imageUnderTest();
    relay = await smtpSink(FIRST.username, FIRST.password);
    arn = await image.database.createSecret("redcap/mail", secret(FIRST));
    await (await image.serve()).stop();
  }, 600_000);
  beforeEach(async () => {
    relay.setCredentials(FIRST.username, FIRST.password);
    await image.database.putSecret(arn, secret(FIRST));
    relay.messages.length = 0;
    relay.refused.length = 0;
  });
  afterEach(stopContainers);
  afterAll(async () => {
    await relay?.stop();
    await image?.stop();
  });

  const secret = (account: typeof FIRST) => ({ host: relay.host, port: relay.port, ...account });
  async function serve(environment: Record<string, string>, trusted = true): Promise<Container> {
    const { database } = image;
    const container = await runContainer({
      image: image.image,
      environment: { WORKERS: "8", REFRESH_SECONDS: "1", MAIL_FROM: FROM, ...database.environment, ...environment },
      mounts: trusted ? [...database.mounts, relay.mount] : database.mounts,
    });
    await container.waitFor(
      "A serving container",
      async () => (await fetch(container.url("/health/live"))).ok || undefined,
    );
    return container;
  }
  const send = async (container: Container, subject: string) =>
    (await get(container, `/?page=mail&to=someone@example.net&subject=${subject}`)).body;
  /** The mail client's reason. */
  const reason = (container: Container, text: RegExp) =>
    container.waitForLine(`The reason ${text}`, (line) => text.test(line.text));

  test("goes to the relay, over TLS and with its password", async () => {
    const container = await serve({ MAIL_SECRET_ARN: arn });
    expect(await send(container, "first")).toBe("sent");
    expect(relay.messages).toEqual([
      {
        username: FIRST.username,
        from: FROM,
        to: ["someone@example.net"],
        headers: expect.objectContaining({ subject: "first", from: FROM }),
        body: expect.stringContaining("A message from REDCap's stand-in."),
      },
    ]);
  });

  test("with a rotated password while serving, even where the database's secret is wrong at that time", async () => {
    const { host, port } = image.database;
    const password = await image.database.rotatePassword("redcap");
    const right = { host, port, dbname: "redcap", username: "redcap", password };
    const database = await image.database.createSecret("redcap/wrong-later", right);
    const container = await serve({ MAIL_SECRET_ARN: arn, DATABASE_SECRET_ARN: database });
    expect(await send(container, "before")).toBe("sent");
    relay.setCredentials(SECOND.username, SECOND.password);
    expect(await send(container, "between")).toBe("refused");
    await reason(container, /authentication failed/);

    await image.database.putSecret(database, { ...right, password: "wrong" });
    await image.database.putSecret(arn, secret(SECOND));
    await container.waitFor(
      "A mail with the new password",
      async () => (await send(container, "after")) === "sent" || undefined,
    );
    expect(relay.messages.map(({ username, headers }) => [username, headers.subject])).toEqual([
      [FIRST.username, "before"],
      [SECOND.username, "after"],
    ]);
  });

  test("as SES wants it: with its own kind of credentials, and the configuration set in a header", async () => {
    // Base64, as SES's passwords are.
    const ses = { username: "AKIA0123456789ABCDEF", password: "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo/sJ0mVYI=" };
    relay.setCredentials(ses.username, ses.password);
    await image.database.putSecret(arn, secret(ses));
    const container = await serve({ MAIL_SECRET_ARN: arn, MAIL_CONFIGURATION_SET: "redcap-prod" });
    expect(await send(container, "ses")).toBe("sent");
    const [message] = relay.messages;
    expect(message).toMatchObject({ username: ses.username, headers: { "x-ses-configuration-set": "redcap-prod" } });
    expect(message).toMatchObject({ headers: { subject: "ses", from: FROM } });
    expect(message?.body).toContain("A message from REDCap's stand-in.");
  });

  test("none is lost while the key is rotated: the old one works until the new one is in use", async () => {
    const container = await serve({ MAIL_SECRET_ARN: arn });
    let number = 0;
    const sendUntil = async (username: string) => {
      for (const end = Date.now() + 20_000; Date.now() < end && relay.messages.at(-1)?.username !== username; ) {
        number += 1;
        expect(await send(container, String(number))).toBe("sent");
      }
      expect(relay.messages.at(-1)?.username).toBe(username);
    };
    await sendUntil(FIRST.username);
    relay.addCredentials(SECOND.username, SECOND.password);
    await image.database.putSecret(arn, secret(SECOND));
    await sendUntil(SECOND.username);
    expect(relay.refused).toEqual([]);
    expect(relay.messages.map(({ headers }) => headers.subject)).toEqual(
      Array.from({ length: number }, (_, index) => String(index + 1)),
    );
  });

  test("is not sent to a relay whose certificate is not trusted", async () => {
    const container = await serve({ MAIL_SECRET_ARN: arn }, false);
    expect(await send(container, "untrusted")).toBe("refused");
    await reason(container, /certificate/);
    expect(relay).toMatchObject({ messages: [], refused: [] });
  });

  test("is not sent to a relay that does not offer TLS, nor is the password", async () => {
    const heard: string[] = [];
    const plain = new SMTPServer({
      hideSTARTTLS: true,
      allowInsecureAuth: true,
      onAuth: ({ username = "" }, _session, callback) => {
        heard.push(username);
        callback(null, { user: username });
      },
    });
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    const { port } = plain.server.address() as AddressInfo;
    try {
      const container = await serve({ MAIL_SECRET: JSON.stringify({ ...secret(FIRST), port }) });
      expect(await send(container, "plain")).toBe("refused");
      await reason(container, /does not support TLS/);
      expect(heard).toEqual([]);
    } finally {
      await new Promise<void>((resolve) => plain.close(() => resolve()));
    }
  });

  test("is refused, and REDCap told so, where there is no relay", async () => {
    const container = await serve({});
    expect(await send(container, "none")).toBe("refused");
    expect(relay).toMatchObject({ messages: [], refused: [] });
    expect((await get(container, "/")).status).toBe(200);
  });

  test("is refused where the relay does not answer, with the reason in the log", async () => {
    const container = await serve({ MAIL_SECRET: JSON.stringify({ ...secret(FIRST), port: 1 }) });
    expect(await send(container, "silent")).toBe("refused");
    await reason(container, /cannot connect to localhost, port 1/);
  });
});
