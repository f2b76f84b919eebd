// Where secrets must not be seen: logs, pages such as phpinfo's, arguments and environments of processes, readable files.
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { sleep } from "../local-aws/host/processes";
import { type Container, describeContainers, runContainer, type SmtpSink, smtpSink } from "./engine";
import { get, type ImageUnderTest, imageUnderTest } from "./setup";
import { STAND_IN_VERSION, standInZip } from "./stand-in/zip";

jest.setTimeout(60_000);

const PAGES = `redcap_v${STAND_IN_VERSION}/pages`;
const CHANGES = {
  [`${PAGES}/phpinfo.php`]: "<?php phpinfo();",
  // A trace of PHP's shows arguments unless it is told not to.
  [`${PAGES}/trace.php`]: `<?php
    function login(string $text, array $more) { throw new RuntimeException('A failure with secrets as arguments.'); }
    login($password, ['salt' => $salt]);`,
};
const RELAY = { username: "relay-user", password: "relay-password" };
/** PHP's built-in server, which runs install.php. */
const INSTALLER = /-S\n127\.0\.0\.1:/;
const WRITABLE = ["/run/redcap", "/tmp", "/var/www/redcap/temp"];

interface Process {
  command: string;
  environment: string;
}

/** A container's processes, as root of this machine sees them. */
function processesOf({ pid }: Container): Process[] {
  const namespace = (id: number | string) => readlinkSync(`/proc/${id}/ns/pid`);
  const own = namespace(pid);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((id) => {
      try {
        const read = (file: string) => readFileSync(`/proc/${id}/${file}`, "utf8").replaceAll("\0", "\n");
        return namespace(id) === own ? [{ command: read("cmdline"), environment: read("environ") }] : [];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}

interface File {
  path: string;
  mode: string;
  content: string;
}

/** What a container has written. */
function filesOf({ pid }: Container): File[] {
  const root = `/proc/${pid}/root`;
  return WRITABLE.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const mode = (statSync(path).mode & 0o777).toString(8);
        return { path: path.slice(root.length), mode, content: readFileSync(path, "utf8") };
      }),
  );
}

describeContainers("secrets are not seen", () => {
  let image: ImageUnderTest;
  let relay: SmtpSink;
  let container: Container;
  /** Every value that is secret, and what only the DDL user's secret holds. */
  let secrets: string[];
  let ddl: string[];
  /** Seen while installing, asking, sending mail and refreshing. */
  const processes: Process[] = [];

  beforeAll(async () => {
    image = await imageUnderTest({ zip: standInZip({ changes: CHANGES }) });
    relay = await smtpSink(RELAY.username, RELAY.password);
    const { database } = image;
    const manager = new SecretsManagerClient(database.client);
    // By value, as ECS can give them: then they are in the container's environment, where more could see them.
    const environment: Record<string, string> = {};
    for (const name of ["DATABASE", "DDL", "SALT", "FILES"] as const) {
      const arn = database.environment[`${name}_SECRET_ARN`];
      const { SecretString = "" } = await manager.send(new GetSecretValueCommand({ SecretId: arn }));
      environment[`${name}_SECRET`] = SecretString;
      environment[`${name}_SECRET_ARN`] = "";
    }
    const cronHash = "$5$salt$hash-of-the-cron-secret";
    const mail = JSON.stringify({ host: relay.host, port: relay.port, ...RELAY });
    const value = (name: string, key: string) => JSON.parse(environment[`${name}_SECRET`] ?? "")[key] as string;
    ddl = [value("DDL", "password"), value("DDL", "username"), "DDL_SECRET"];
    secrets = [
      value("DATABASE", "password"),
      value("DDL", "password"),
      value("SALT", "salt"),
      value("FILES", "secretAccessKey"),
      RELAY.password,
      cronHash,
    ];
    container = await runContainer({
      image: image.image,
      environment: {
        ...{ WORKERS: "8", REFRESH_SECONDS: "1", MAIL_FROM: "redcap@example.org" },
        ...database.environment,
        ...environment,
        ...{ MAIL_SECRET: mail, CRON_SECRET_HASH: cronHash },
      },
      mounts: [...database.mounts, relay.mount],
    });
    await container.waitForLine("The installation", ({ text }) => text.includes("installing REDCap"));
    await container.waitFor("A serving container", async () => {
      processes.push(...processesOf(container));
      return (await get(container, "/health/live").catch(() => ({ status: 0 }))).status === 200 || undefined;
    });
    let sending = true;
    const mails = Array.from({ length: 8 }, () => get(container, "/?page=mail&to=someone@example.net"));
    const sent = Promise.all(mails).finally(() => {
      sending = false;
    });
    while (sending) {
      processes.push(...processesOf(container));
      await sleep(1);
    }
    expect((await sent).map(({ body }) => body)).toEqual(mails.map(() => "sent"));
  }, 600_000);
  afterAll(async () => {
    await relay?.stop();
    await image?.stop();
  });

  /** A beginning is enough: PHP's traces cut arguments off. */
  const seen = (text: string, among = secrets) => among.filter((secret) => text.includes(secret.slice(0, 12)));

  test("in pages that show how PHP runs", async () => {
    for (const query of ["phpinfo", "settings", "trace"]) {
      const { body } = await get(container, `/?page=${query}`);
      if (query === "phpinfo") expect(body).toContain("PHP Version");
      expect(seen(body)).toEqual([]);
      expect(seen(body, ddl)).toEqual([]);
    }
  });

  test("in the arguments of any process", () => {
    for (const expected of [INSTALLER, /\nmsmtp|\/msmtp/, /refresh\.php/, /php-fpm/, /apache2/])
      expect(processes.some(({ command }) => expected.test(command))).toBe(true);
    for (const { command } of processes) expect(seen(command)).toEqual([]);
  });

  test("in the environment of processes that run REDCap's code, or that it starts", () => {
    for (const kind of [INSTALLER, /pool redcap/, /msmtp/]) {
      const found = processes.filter(({ command }) => kind.test(command));
      expect(found.length).toBeGreaterThan(0);
      for (const { environment } of found) expect(seen(environment)).toEqual([]);
    }
  });

  test("of the DDL user, anywhere once the container serves", () => {
    const serving = processesOf(container);
    expect(serving.length).toBeGreaterThan(10);
    for (const { command, environment } of serving) expect(seen(command + environment, ddl)).toEqual([]);
    for (const { content } of filesOf(container)) expect(seen(content, ddl)).toEqual([]);
  });

  test("in files that others than the container's user could read", () => {
    const files = filesOf(container);
    expect(files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["/run/redcap/database.php", "/run/redcap/msmtprc", "/run/redcap/cron.htpasswd"]),
    );
    const secret = files.filter(({ content }) => seen(content).length > 0);
    expect(secret.length).toBeGreaterThanOrEqual(3);
    expect(secret.map(({ path, mode }) => [path, mode])).toEqual(secret.map(({ path }) => [path, "600"]));
    const folder = statSync(`/proc/${container.pid}/root/run/redcap`);
    expect([(folder.mode & 0o777).toString(8), folder.uid]).toEqual(["700", 33]);
  });

  test("in the log, also of failures, wrong passwords and traces", async () => {
    await get(container, "/?page=trace&password=from-a-client");
    await container.waitForLine("The trace", ({ text }) => text.includes("A failure with secrets as arguments."));
    const { database } = image;
    const wrong = {
      host: database.host,
      port: database.port,
      dbname: "redcap",
      username: "redcap",
      password: "wrong-password",
    };
    const { exitCode, stderr } = await container.exec(["serve"], {
      ...{ DDL_SECRET: "", DATABASE_SECRET: JSON.stringify(wrong), START_TIMEOUT_SECONDS: "1" },
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Access denied");
    expect(stderr).not.toContain(wrong.password);
    expect(seen(container.text() + stderr)).toEqual([]);
  });
});
