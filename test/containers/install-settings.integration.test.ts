// The rows of redcap_config that the deployment owns: set once for each change, and otherwise the administrator's.
import { DeleteAccessKeyCommand, IAMClient, ListAccessKeysCommand } from "@aws-sdk/client-iam";
import { settingsSql } from "../../scripts/redcap-config/sql";
import { sleep } from "../local-aws/host/processes";
import { type Container, describeContainers, FILES_BUCKET, runToEnd, stopContainers } from "./engine";
import { type ImageUnderTest, imageUnderTest } from "./setup";

jest.setTimeout(60_000);

const ONE = { BASE_URL: "https://one.example.org/", MAIL_FROM: "redcap@example.org", REFRESH_SECONDS: "1" };
const TWO = { ...ONE, BASE_URL: "https://two.example.org/" };
const FILES_USER = "redcap-files";
const OWNED = [
  "amazon_s3_bucket",
  "amazon_s3_endpoint",
  "amazon_s3_key",
  "amazon_s3_secret",
  "edoc_storage_option",
  "from_email",
  "read_replica_enable",
  "redcap_base_url",
];

describeContainers("settings in redcap_config", () => {
  let image: ImageUnderTest;

  beforeAll(async () => {
    image = await imageUnderTest();
  }, 600_000);
  beforeEach(async () => {
    await image.database.reset();
    // A row of a REDCap that lives already, and that no installation makes.
    const { exitCode } = await runToEnd({
      image: image.image,
      command: ["prepare"],
      environment: image.database.environment,
      mounts: image.database.mounts,
    });
    expect(exitCode).toBe(0);
    await set("login_logo", "https://example.org/logo.png");
  });
  afterEach(stopContainers);
  afterAll(() => image?.stop());

  async function settings(): Promise<Record<string, string>> {
    const [rows] = await image.database.connection.query("SELECT field_name, value FROM redcap.redcap_config");
    return Object.fromEntries(
      (rows as { field_name: string; value: string }[]).map((row) => [row.field_name, row.value]),
    );
  }
  /** As an administrator does, in REDCap's own pages. */
  const set = (name: string, value: string) =>
    image.database.connection.query("REPLACE INTO redcap.redcap_config (field_name, value) VALUES (?, ?)", [
      name,
      value,
    ]);
  const notOwned = (all: Record<string, string>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !OWNED.includes(name)));
  /** Rotates the files' user's key as AWS allows it: two at a time, and the old one goes. @returns the new one's id */
  async function rotateFilesKey(): Promise<string> {
    const key = await image.database.rotateFilesKey();
    const iam = new IAMClient(image.database.client);
    const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName: FILES_USER }));
    for (const { AccessKeyId } of AccessKeyMetadata.filter(({ AccessKeyId }) => AccessKeyId !== key))
      await iam.send(new DeleteAccessKeyCommand({ UserName: FILES_USER, AccessKeyId }));
    return key;
  }
  /** A serving container whose first look at the secrets, of which it says nothing, is over. */
  async function settled(environment: Record<string, string>): Promise<Container> {
    const container = await image.serve(environment);
    await sleep(1_500);
    return container;
  }
  const refreshed = (container: Container) =>
    container.waitForLine("The refresh", ({ text }) => text.includes("Secrets have changed and are in use."));

  test("what the environment names is set, and nothing else", async () => {
    const before = await settings();
    expect(before).toMatchObject({
      edoc_storage_option: "0",
      redcap_base_url: "",
      from_email: "",
      read_replica_enable: "0",
    });
    await image.serve(ONE);
    const after = await settings();
    expect(after).toMatchObject({
      edoc_storage_option: "2",
      amazon_s3_bucket: FILES_BUCKET,
      amazon_s3_endpoint: "eu-west-2",
      amazon_s3_key: expect.stringMatching(/^AKIA/),
      amazon_s3_secret: expect.stringMatching(/^.{40}$/),
      redcap_base_url: ONE.BASE_URL,
      from_email: ONE.MAIL_FROM,
      read_replica_enable: "1",
    });
    expect(notOwned(after)).toEqual(notOwned(before));
  });

  test("what an administrator changes later survives restarts and refreshes, until the deployment wants something new", async () => {
    const first = await settled(ONE);
    await set("redcap_base_url", "https://administrator.example.org/");
    await set("from_email", "administrator@example.org");
    await set("project_contact_email", "administrator@example.org");
    const chosen = await settings();

    const key = await rotateFilesKey();
    await refreshed(first);
    expect(await settings()).toEqual({
      ...chosen,
      amazon_s3_key: key,
      amazon_s3_secret: expect.stringMatching(/^.{40}$/),
    });
    const kept = await settings();
    expect(kept.amazon_s3_secret).not.toBe(chosen.amazon_s3_secret);
    await first.stop();
    const second = await image.serve(ONE);
    expect(await settings()).toEqual(kept);
    expect(second.text()).not.toContain("Settings applied");
    await second.stop();

    await image.serve(TWO);
    expect(await settings()).toEqual({ ...kept, redcap_base_url: TWO.BASE_URL });
  });

  test("a value that comes back is applied again", async () => {
    for (const { BASE_URL, ...rest } of [ONE, TWO, ONE]) {
      await (await image.serve({ BASE_URL, ...rest })).stop();
      expect((await settings()).redcap_base_url).toBe(BASE_URL);
    }
  });

  test("a container of the last deployment, still serving, does not bring its values back", async () => {
    const containers = [await image.serve(ONE), await settled(TWO)];
    const key = await rotateFilesKey();
    await Promise.all(containers.map(refreshed));
    expect(await settings()).toMatchObject({ amazon_s3_key: key, redcap_base_url: TWO.BASE_URL });
    // Nor for an instant, until the newer container notices.
    for (const container of containers) expect(container.text().match(/redcap_base_url/g)).toHaveLength(1);
  });

  test("what npm run gen:redcap-config wrote is applied once, whatever it holds, and only to rows that REDCap has", async () => {
    const institution = 'St. Mary\'s "Clinic" \\ 100%';
    const SETTINGS_SQL = settingsSql({ institution, no_such_setting: "1" });
    await set("institution", "");
    const first = await image.serve({ ...ONE, SETTINGS_SQL });
    expect(first.text()).toContain("The settings of redcap-config are applied.");
    expect(await settings()).toMatchObject({ institution });
    expect(await settings()).not.toHaveProperty("no_such_setting");
    await set("institution", "An administrator's");
    await first.stop();

    const second = await image.serve({ ...ONE, SETTINGS_SQL });
    expect(second.text()).not.toContain("The settings of redcap-config are applied.");
    expect(await settings()).toMatchObject({ institution: "An administrator's" });
    await second.stop();

    await image.serve({ ...ONE, SETTINGS_SQL: settingsSql({ institution: "Renamed" }) });
    expect(await settings()).toMatchObject({ institution: "Renamed" });
  });

  test("two containers that start at once with the same values set them once", async () => {
    const containers = await Promise.all([image.serve(ONE), image.serve(ONE)]);
    const log = containers.map((container) => container.text()).join("");
    expect(log.match(/Settings applied: [^"]*redcap_base_url/g)).toHaveLength(1);
  });
});
