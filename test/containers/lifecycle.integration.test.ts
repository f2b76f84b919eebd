// The serving container over time: long requests, stopping, failing parts, and several containers side by side.
import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, Pool, request } from "undici";
import { type Container, describeContainers, runContainer } from "./engine";
import { get, type ImageUnderTest, imageUnderTest } from "./setup";

/** A database that nobody runs. */
const NOWHERE = JSON.stringify({ host: "127.0.0.1", port: 1, dbname: "redcap", username: "redcap", password: "none" });
const WWW_DATA = 33;

describeContainers("the serving image over time", () => {
  let image: ImageUnderTest;
  beforeAll(async () => {
    image = await imageUnderTest();
  }, 600_000);
  afterAll(() => image?.stop());

  const slow = (container: Container, seconds: number) => get(container, `/?page=slow&seconds=${seconds}`);

  describe("long requests", () => {
    test("one variable sets how long a request may be silent; beyond it the visitor gets an answer and PHP its process back", async () => {
      const container = await image.serve({ REQUEST_TIMEOUT_SECONDS: "1", WORKERS: "1" });
      // Apache waits five seconds longer than the load balancer, PHP five longer than Apache and the time between its looks.
      expect(await slow(container, 4)).toMatchObject({ status: 200, body: "done" });
      expect((await slow(container, 60)).status).toBe(504);
      await container.waitFor(
        "a free process",
        async () => (await get(container, "/")).status === 200 || undefined,
        20,
      );
      await container.stop();
    });

    test("health checks do not wait for visitors: a task whose processes are all busy is not killed for it", async () => {
      const container = await image.serve({ WORKERS: "2" });
      const busy = Promise.all([slow(container, 5), slow(container, 5), slow(container, 5)]);
      await new Promise((resolve) => setTimeout(resolve, 500));
      const start = Date.now();
      expect((await get(container, "/health/live")).status).toBe(200);
      expect((await get(container, "/health/ready")).status).toBe(200);
      expect(Date.now() - start).toBeLessThan(1_500);
      await busy;
      await container.stop();
    });

    test("a connection that the load balancer keeps open is kept open, and costs no process of PHP", async () => {
      const container = await image.serve({ WORKERS: "1" });
      const agents = Array.from({ length: 20 }, () => new Agent({ keepAliveTimeout: 60_000, connections: 1 }));
      const live = async (dispatcher: Agent) => {
        const { statusCode, headers, body } = await request(container.url("/health/live"), { dispatcher });
        await body.dump();
        return [statusCode, headers["keep-alive"]];
      };
      for (const agent of agents) expect(await live(agent)).toEqual([200, "timeout=4005"]);
      expect(await live(agents[0] as Agent)).toEqual([200, "timeout=4005"]);
      for (const agent of agents) await agent.close();
      await container.stop();
    });

    test("a sudden crowd costs none of them its connection", async () => {
      const container = await image.serve();
      const pool = new Pool(container.url("/").slice(0, -1), { connections: 150, keepAliveTimeout: 60_000 });
      const visit = async () => {
        const { statusCode, body } = await pool.request({ path: "/", method: "GET" });
        await body.dump();
        return statusCode;
      };
      const statuses = await Promise.all(Array.from({ length: 1_500 }, visit));
      expect(statuses.filter((status) => status !== 200)).toEqual([]);
      await pool.close();
      await container.stop();
    });
  });

  describe("stopping", () => {
    test("requests under way are answered, new ones refused, and the exit code is 0", async () => {
      const container = await image.serve();
      const underWay = Promise.all([1, 2, 3].map(() => slow(container, 3)));
      await new Promise((resolve) => setTimeout(resolve, 500));
      container.signal("SIGTERM");
      await container.waitForLine("word of the stop", ({ text }) => text.includes("Stopping"));
      await expect(get(container, "/")).rejects.toThrow(/ECONNREFUSED|ECONNRESET|other side closed/);
      expect((await underWay).map(({ status, body }) => [status, body])).toEqual(Array(3).fill([200, "done"]));
      expect(await container.exitCode).toBe(0);
      await container.stop();
    });

    test("a request that takes longer than allowed is cut off, before the platform kills the container", async () => {
      const container = await image.serve({ SHUTDOWN_SECONDS: "2" });
      const underWay = slow(container, 30).then(
        ({ status }) => status,
        () => "connection lost",
      );
      await new Promise((resolve) => setTimeout(resolve, 500));
      const start = Date.now();
      container.signal("SIGTERM");
      expect(await container.exitCode).toBe(0);
      expect((Date.now() - start) / 1000).toBeLessThan(5);
      expect(container.text("stderr")).toContain("cut off after 2 seconds");
      expect(await underWay).not.toBe(200);
      await container.stop();
    });

    test("rolling over to a new container loses no request", async () => {
      const old = await image.serve();
      const fresh = await image.serve();
      let target = old;
      let asked = 0;
      let going = true;
      const visitor = async () => {
        while (going) {
          const { status } = await get(target, "/");
          expect(status).toBe(200);
          asked += 1;
        }
      };
      const visitors = [visitor(), visitor(), visitor(), visitor()];
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      // As the load balancer does: the new target first, then the old one is told to stop.
      target = fresh;
      old.signal("SIGTERM");
      expect(await old.exitCode).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 500));
      going = false;
      await Promise.all(visitors);
      expect(asked).toBeGreaterThan(50);
      await Promise.all([old.stop(), fresh.stop()]);
    });
  });

  test("asked to stop while it waits for the database, it stops at once", async () => {
    const container = await runContainer({
      image: image.image,
      environment: {
        ...image.database.environment,
        DDL_SECRET_ARN: "",
        DATABASE_SECRET_ARN: "",
        DATABASE_SECRET: NOWHERE,
      },
      mounts: image.database.mounts,
    });
    await container.waitForLine("word of the wait", ({ text }) => text.includes("Waiting for a database"));
    const start = Date.now();
    container.signal("SIGTERM");
    expect(await container.exitCode).toBe(143);
    expect(Date.now() - start).toBeLessThan(5_000);
    expect(container.text("stderr")).toContain("Stopped while starting");
  });

  test("a container that was killed starts again", async () => {
    const container = await image.serve();
    const files = `/proc/${container.pid}/root/run/redcap`;
    expect(existsSync(`${files}/apache.pid`)).toBe(true);
    const folder = mkdtempSync(join(tmpdir(), "redcap-run-"));
    chownSync(folder, WWW_DATA, WWW_DATA);
    // What a killed one leaves: the number of a process that lives, and a socket's name.
    for (const name of ["apache.pid", "php.sock", "health.sock"]) writeFileSync(join(folder, name), "1");
    const again = await runContainer({
      image: image.image,
      environment: { ...image.database.environment, WORKERS: "2" },
      mounts: [...image.database.mounts, { source: folder, target: "/run/redcap", writable: true }],
      volumes: ["/tmp", "/var/www/redcap/temp"],
    });
    await again.waitFor("the second start", async () => (await fetch(again.url("/health/live"))).ok || undefined);
    await Promise.all([container.stop(), again.stop()]);
    rmSync(folder, { recursive: true });
  });

  describe("a part that ends by itself ends the container", () => {
    test.each(["php-fpm", "apache2", "refresh.php"])("%s", async (part) => {
      const container = await image.serve();
      const children = execFileSync("pgrep", ["--parent", String(container.pid), "--full", part], { encoding: "utf8" });
      process.kill(Number(children.split("\n")[0]), "SIGKILL");
      expect(await container.exitCode).toBe(1);
      expect(container.text("stderr")).toContain("has ended by itself");
      await container.stop();
    });
  });

  test("a session goes on in another container", async () => {
    const [one, other] = [await image.serve(), await image.serve()];
    const first = await get(one, "/?page=session");
    const cookie = String(first.headers["set-cookie"]);
    expect(cookie).toMatch(/; secure/i);
    expect(cookie).toMatch(/; HttpOnly/i);
    const visit = async (container: Container) =>
      (await get(container, "/?page=session", { cookie: cookie.split(";")[0] as string })).body;
    expect([first.body, await visit(other), await visit(one), await visit(other)]).toEqual(["1", "2", "3", "4"]);
    await Promise.all([one.stop(), other.stop()]);
  });
});
