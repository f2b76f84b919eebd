// The first start: REDCap is installed once, whoever starts it, and what prevents it is in the log in words.
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { sleep } from "../local-aws/host/processes";
import { buildTestImage, type Container, describeContainers, runContainer, runToEnd, stopContainers } from "./engine";
import { get, type ImageUnderTest, imageUnderTest, shown } from "./setup";
import { failingInstall, STAND_IN_VERSION, standInZip } from "./stand-in/zip";

jest.setTimeout(60_000);

/** What the database takes an installation for: the stand-in's seven tables and our own. */
const INSTALLED = { tables: 8, projects: 1, version: STAND_IN_VERSION };

describeContainers("installing REDCap", () => {
  let image: ImageUnderTest;

  beforeAll(async () => {
    image = await imageUnderTest();
  }, 600_000);
  afterEach(stopContainers);
  afterAll(() => image?.stop());

  const options = (command: string, changes?: Record<string, string>) => image.options(command, changes);
  const WITHOUT_DDL = { DDL_SECRET_ARN: "" };
  const prepare = () => runToEnd(options("prepare"));

  async function rows<T>(sql: string): Promise<T[]> {
    return (await image.database.connection.query(sql))[0] as T[];
  }
  async function installed() {
    const [tables] = await rows<{ n: number }>(
      "SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = 'redcap'",
    );
    const [projects] = await rows<{ n: number }>("SELECT COUNT(*) AS n FROM redcap.redcap_projects");
    const [version] = await rows<{ value: string }>(
      "SELECT value FROM redcap.redcap_config WHERE field_name = 'redcap_version'",
    );
    return { tables: tables?.n, projects: projects?.n, version: version?.value };
  }
  const serving = (container: Container) =>
    container.waitFor("REDCap's page", async () => {
      const { status, body } = await get(container, "/").catch(() => ({ status: 0, body: "" }));
      return status === 200 && shown(body, "version") === STAND_IN_VERSION ? true : undefined;
    });
  const count = (text: string, part: string) => text.split(part).length - 1;

  describe("into an empty database", () => {
    beforeEach(() => image.database.reset());

    test("the first start installs, the second does not and is quick", async () => {
      const first = await runContainer(options("serve"));
      await serving(first);
      expect(count(first.text(), "installing REDCap")).toBe(1);
      expect(await installed()).toEqual(INSTALLED);
      await first.stop();

      const begun = Date.now();
      const second = await runContainer(options("serve"));
      await serving(second);
      expect(Date.now() - begun).toBeLessThan(5_000);
      expect(second.text()).not.toContain("installing REDCap");
      expect(await installed()).toEqual(INSTALLED);
    });

    test("prepare alone does it too, once", async () => {
      const first = await prepare();
      expect([first.exitCode, count(first.stderr, "is installed.")]).toEqual([0, 1]);
      expect(await installed()).toEqual(INSTALLED);

      // As the database of a REDCap that was installed without this image.
      await rows("DROP TABLE redcap.aws_applied_settings");
      const begun = Date.now();
      expect(await prepare()).toMatchObject({ exitCode: 0, stderr: "" });
      expect(Date.now() - begun).toBeLessThan(3_000);
      expect(await installed()).toEqual(INSTALLED);
    });

    test("two containers that start at once install once, and both serve", async () => {
      const containers = await Promise.all([runContainer(options("serve")), runContainer(options("serve"))]);
      await Promise.all(containers.map(serving));
      const log = containers.map((container) => container.text()).join("");
      expect(count(log, "installing REDCap")).toBe(1);
      expect(count(log, "is installed.")).toBe(1);
      expect(log).not.toContain('"level":"error"');
      expect(await installed()).toEqual(INSTALLED);
    });

    test("serve without the DDL user waits, says for what, and serves once another container has installed", async () => {
      const container = await runContainer(options("serve", WITHOUT_DDL));
      await container.waitForLine("What it waits for", ({ text }) => text.includes("`redcap prepare`"));
      await expect(get(container, "/health/live")).rejects.toThrow("ECONNREFUSED");
      expect((await prepare()).exitCode).toBe(0);
      await serving(container);
      expect(container.text()).not.toContain("installing REDCap");
    });

    test("serve that waits takes what is rotated meanwhile", async () => {
      const { client, secretArns, createSecret, putSecret } = image.database;
      const { SecretString = "" } = await new SecretsManagerClient(client).send(
        new GetSecretValueCommand({ SecretId: secretArns.application }),
      );
      const right = JSON.parse(SecretString);
      const arn = await createSecret("redcap/right-later", { ...right, password: "wrong" });
      const container = await runContainer(options("serve", { DATABASE_SECRET_ARN: arn }));
      await container.waitForLine("The reason", ({ text }) => text.includes("Access denied for user 'redcap'"));
      await putSecret(arn, right);
      await serving(container);
    });

    test("serve ends after START_TIMEOUT_SECONDS with the reason", async () => {
      const begun = Date.now();
      const { exitCode, stderr } = await runToEnd(options("serve", { ...WITHOUT_DDL, START_TIMEOUT_SECONDS: "3" }));
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        /"level":"error","message":"Waited \d seconds for a database in which `redcap prepare` has/,
      );
      expect(Date.now() - begun).toBeGreaterThan(2_000);
      expect(Date.now() - begun).toBeLessThan(15_000);
    });
  });

  describe("that fails", () => {
    const REASON = "Table 'redcap_projects' cannot be made: the disk is \"full\".";
    let failing: { image: string };

    beforeAll(async () => {
      failing = await buildTestImage({ zip: standInZip({ changes: failingInstall(REASON) }) });
    }, 600_000);
    beforeEach(() => image.database.reset());

    test("says why, ends, and never looks healthy", async () => {
      const container = await runContainer({ ...options("serve"), ...failing });
      let ended = false;
      const exitCode = container.exitCode.finally(() => {
        ended = true;
      });
      const answers: number[] = [];
      while (!ended) {
        const answer = await get(container, "/health/live").catch(() => undefined);
        if (answer) answers.push(answer.status);
        await sleep(20);
      }
      expect(await exitCode).not.toBe(0);
      expect(answers).toEqual([]);
      const error = container.lines().find(({ json }) => json?.level === "error");
      expect(error?.json?.message).toContain(`install.php said: ERROR: ${REASON}`);
    });

    test("leaves half an installation, which nobody builds upon", async () => {
      expect((await runToEnd({ ...options("prepare"), ...failing })).exitCode).toBe(1);
      for (const command of ["prepare", "serve", "upgrade"]) {
        const { exitCode, stderr } = await runToEnd(options(command));
        expect(exitCode).toBe(1);
        expect(stderr).toContain("an installation has stopped half-way");
        expect(stderr).toContain("drop the database, create it again");
        expect(stderr).not.toContain("installing REDCap");
      }
      await image.database.reset();
      expect((await prepare()).exitCode).toBe(0);
      expect(await installed()).toEqual(INSTALLED);
    });
  });
});
