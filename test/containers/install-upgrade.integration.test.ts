// A database whose REDCap is newer or older than the image's, and the command that brings it to the image's version.
import { type Container, describeContainers, runContainer, runToEnd } from "./engine";
import { get, type ImageUnderTest, imageUnderTest, page, shown } from "./setup";
import { STAND_IN_VERSION } from "./stand-in/zip";

jest.setTimeout(60_000);

const OLDER = "17.3.10";
const NEWER = "99.0.0";
/** The stand-in's upgrade adds it, once. */
const COLUMN = `added_in_${STAND_IN_VERSION.replaceAll(".", "_")}`;

describeContainers("a database at another version than the image", () => {
  let image: ImageUnderTest;
  let container: Container;

  beforeAll(async () => {
    image = await imageUnderTest();
    container = await image.serve();
  }, 600_000);
  afterAll(() => image?.stop());

  async function rows<T>(sql: string, values: string[] = []): Promise<T[]> {
    return (await image.database.connection.query(sql, values))[0] as T[];
  }
  const setVersion = (version: string) =>
    rows("UPDATE redcap.redcap_config SET value = ? WHERE field_name = 'redcap_version'", [version]);
  async function state() {
    const [version] = await rows<{ value: string }>(
      "SELECT value FROM redcap.redcap_config WHERE field_name = 'redcap_version'",
    );
    const columns = await rows<{ Field: string }>("SHOW COLUMNS FROM redcap.redcap_projects");
    return { version: version?.value, upgraded: columns.some(({ Field }) => Field === COLUMN) };
  }
  const options = (command: string, changes: Record<string, string> = {}) => ({
    image: image.image,
    command: [command],
    environment: { WORKERS: "8", ...image.database.environment, ...changes },
    mounts: image.database.mounts,
  });
  const upgrade = (changes: Record<string, string> = {}) => runToEnd(options("upgrade", changes));

  test.each(["serve", "prepare", "upgrade"])("%s refuses a newer one", async (command) => {
    await setVersion(NEWER);
    const changes: Record<string, string> = command === "serve" ? { DDL_SECRET_ARN: "" } : {};
    const { exitCode, stderr } = await runToEnd(options(command, changes));
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      `The database is at REDCap ${NEWER}, this image holds ${STAND_IN_VERSION}: deploy an image with ${NEWER} or later`,
    );
    expect(await state()).toEqual({ version: NEWER, upgraded: false });
  });

  describe("older", () => {
    beforeEach(async () => {
      await setVersion(OLDER);
      await rows(`ALTER TABLE redcap.redcap_projects DROP COLUMN IF EXISTS ${COLUMN}`);
    });
    const OLD = { version: OLDER, upgraded: false };
    const NEW = { version: STAND_IN_VERSION, upgraded: true };

    test("serve warns, and serves it as it is", async () => {
      const older = await image.serve();
      const line = await older.waitForLine("A warning", ({ json }) => json?.level === "warning");
      expect(line.json?.message).toBe(
        `The database is at REDCap ${OLDER}, this image holds ${STAND_IN_VERSION}: run \`redcap upgrade\`.`,
      );
      expect(shown((await get(older, "/")).body, "version")).toBe(OLDER);
      expect(await state()).toEqual(OLD);
      await older.stop();
    });

    test("upgrade brings it to the image's version, and does nothing the second time", async () => {
      const first = await upgrade();
      expect(first).toMatchObject({
        exitCode: 0,
        stderr: expect.stringContaining(`from REDCap ${OLDER} to ${STAND_IN_VERSION}`),
      });
      expect(await state()).toEqual(NEW);
      expect(shown((await get(container, "/")).body, "version")).toBe(STAND_IN_VERSION);

      const second = await upgrade();
      expect(second).toMatchObject({
        exitCode: 0,
        stderr: expect.stringContaining(`at REDCap ${STAND_IN_VERSION} already`),
      });
      expect(second.lines).toHaveLength(1);
    });

    test("a second upgrade at the same time is refused", async () => {
      // Keeps the first one inside its ALTER TABLE.
      await rows("LOCK TABLES redcap.redcap_projects READ");
      const first = await runContainer(options("upgrade"));
      try {
        await first.waitFor("The first upgrade's ALTER TABLE", async () => {
          const processes = await rows<{ Info: string | null }>("SHOW FULL PROCESSLIST");
          return processes.some(({ Info }) => Info?.startsWith("ALTER TABLE redcap_projects")) || undefined;
        });
        const { exitCode, stderr } = await upgrade();
        expect(exitCode).toBe(1);
        expect(stderr).toContain("Another container is changing the database");
      } finally {
        await rows("UNLOCK TABLES");
      }
      expect(await first.exitCode).toBe(0);
      expect(await state()).toEqual(NEW);
    });

    test("an upgrade that stops says why, ends with an error, and can be run again", async () => {
      await rows(`ALTER TABLE redcap.redcap_projects ADD COLUMN ${COLUMN} INT`);
      const { exitCode, stderr } = await upgrade();
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`still at REDCap ${OLDER}. It said: ERROR: Duplicate column name '${COLUMN}'`);
      await rows(`ALTER TABLE redcap.redcap_projects DROP COLUMN ${COLUMN}`);
      expect((await upgrade()).exitCode).toBe(0);
      expect(await state()).toEqual(NEW);
    });

    test("the application's user cannot upgrade, nor change a table from a page", async () => {
      const { exitCode, stderr } = await upgrade({ DDL_SECRET_ARN: image.database.secretArns.application });
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/ALTER command denied to user 'redcap'/);
      expect(await state()).toEqual(OLD);
      const answers = Object.values(await page<Record<string, string>>(container, "ddl"));
      expect(answers).toHaveLength(3);
      for (const answer of answers) expect(answer).toMatch(/^(CREATE|ALTER|DROP) command denied to user 'redcap'/);
    });
  });

  test("upgrade refuses an empty database, and names what installs it", async () => {
    await image.database.reset();
    const { exitCode, stderr } = await upgrade();
    expect(exitCode).toBe(1);
    expect(stderr).toContain("The database is empty: `redcap prepare` installs it.");
  });
});
