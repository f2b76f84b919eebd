// The image where App Runner runs it: no volumes, nothing read-only, a proxy in front that takes HTTPS alone.
import { type Container, describeContainers, runContainer, runToEnd } from "./engine";
import { ask, get, type ImageUnderTest, imageUnderTest, page, shown } from "./setup";

describeContainers("the image on App Runner", () => {
  let image: ImageUnderTest;
  let container: Container;
  /** As App Runner's one container: what the service is told, and no secret of the user that changes tables. */
  const options = () => ({
    ...image.options("serve", {
      DDL_SECRET_ARN: "",
      REQUEST_TIMEOUT_SECONDS: "120",
      START_TIMEOUT_SECONDS: "150",
      HTTPS_ONLY: "1",
    }),
    readOnly: false,
    volumes: [],
  });

  beforeAll(async () => {
    image = await imageUnderTest();
    // The task before the service.
    const prepared = await runToEnd(image.options("prepare"));
    expect(prepared).toMatchObject({ exitCode: 0 });
    container = await runContainer(options());
    await container.waitFor("A page", async () => (await fetch(container.url("/health/live"))).ok || undefined);
  }, 600_000);
  afterAll(() => image?.stop());

  test("serves REDCap as the image's own user", async () => {
    const { status, body } = await get(container, "/");
    expect([status, shown(body, "version")]).toEqual([200, "17.4.4"]);
  });

  test("writes to the same folders as with a read-only root, and to no other", async () => {
    const could = await page<Record<string, boolean>>(container, "write");
    expect(Object.keys(could).filter((path) => could[path])).toEqual(["/var/www/redcap/temp", "/tmp"]);
  });

  test("knows that visitors come by HTTPS, though no header says so", async () => {
    const { headers, body } = await get(container, "/");
    expect(headers["strict-transport-security"]).toBe("max-age=31536000");
    expect(shown(body, "scheme")).toBe("https");
  });

  test("takes the right-most address that is not private for the visitor's, whatever a visitor claims", async () => {
    const claim = { "x-forwarded-for": "10.0.0.1, 198.51.100.9, 203.0.113.7, 10.1.2.3" };
    expect((await ask(container, "/health/ready", { headers: claim })).status).toBe(403);
    const line = await container.waitForLine(
      "its line in the log",
      ({ json }) => json?.type === "access" && json.path === "/health/ready",
    );
    expect(line.json?.client).toBe("203.0.113.7");
  });

  test("says what is wrong with HTTPS_ONLY", async () => {
    const { exitCode, stderr } = await runToEnd({ ...options(), environment: { HTTPS_ONLY: "yes" } });
    expect([exitCode, stderr]).toEqual([64, expect.stringContaining("HTTPS_ONLY")]);
  });
});
