// The harness runs containers as an engine would: what a test of the image sees is the image's doing, not the harness's.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../local-aws/host/processes";
import { baseImage, describeContainers, runContainer, runToEnd, stopContainers } from "./engine";
import { buildah, exclusively } from "./engine/storage";

jest.setTimeout(300_000);

const IMAGE = "localhost/redcap-harness-test:latest";
const DOCKERFILE = `FROM docker.io/library/debian:bookworm-slim
RUN mkdir -p /data/kept && echo from-the-image > /data/kept/file && chown -R 33:33 /data && chmod 2750 /data
ENV FROM_IMAGE="with space" REPLACED=image
VOLUME ["/data", "/tmp"]
WORKDIR /usr
USER www-data
ENTRYPOINT ["/bin/bash", "-c"]
CMD ["echo default command"]
`;

describeContainers("the container harness", () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "redcap-harness-"));
    await baseImage("bookworm");
    writeFileSync(join(folder, "Dockerfile"), DOCKERFILE);
    await exclusively("build", () => buildah("build", "--quiet", "--layers", "--pull-never", "--tag", IMAGE, folder));
  });
  afterEach(stopContainers);
  afterAll(() => rmSync(folder, { recursive: true }));

  const script = (text: string, options: Partial<Parameters<typeof runToEnd>[0]> = {}) =>
    runToEnd({ image: IMAGE, command: [text], ...options });

  test("the image's command, user, folder and environment, and nothing of the caller's", async () => {
    expect((await runToEnd({ image: IMAGE })).stdout).toBe("default command\n");
    process.env.REDCAP_HARNESS_SECRET = "of the caller";
    try {
      const { stdout } = await script("id --user; id --groups; pwd; tr '\\0' '\\n' < /proc/$$/environ", {
        environment: { GIVEN: "a b\nc", REPLACED: "given" },
      });
      const [user, groups, cwd, ...variables] = stdout.trim().split("\n");
      expect([user, groups, cwd]).toEqual(["33", "33", "/usr"]);
      expect(variables.sort()).toEqual([
        "FROM_IMAGE=with space",
        "GIVEN=a b",
        "HOME=/var/www",
        expect.stringMatching(/^HOSTNAME=[0-9a-f]{12}$/),
        expect.stringMatching(/^PATH=\/usr\/local\/sbin:/),
        expect.stringMatching(/^PORT=\d+$/),
        "REPLACED=given",
        "c",
      ]);
    } finally {
      delete process.env.REDCAP_HARNESS_SECRET;
    }
  });

  test("only volumes can be written to, and start as the image has them", async () => {
    const { stdout, stderr } = await script(
      "stat --format '%a %u:%g' /data; cat /data/kept/file; for d in /data /tmp /data/kept; do echo x > $d/new && echo wrote $d; done; " +
        "for d in / /etc /usr /run; do echo x > $d/new || true; done",
    );
    expect(stdout.split("\n")).toEqual([
      "2750 33:33",
      "from-the-image",
      "wrote /data",
      "wrote /tmp",
      "wrote /data/kept",
      "",
    ]);
    expect(stderr.match(/Read-only file system/g)).toHaveLength(4);
    expect((await script("test ! -e /data/new")).exitCode).toBe(0);

    const asRoot = await script("for d in / /etc /usr; do echo x > $d/new || true; done", { user: "root" });
    expect(asRoot.stderr.match(/Read-only file system/g)).toHaveLength(3);
    expect((await script("echo x > /etc/new", { user: "root", readOnly: false })).exitCode).toBe(0);
    expect((await script("test ! -e /etc/new")).exitCode).toBe(0);
  });

  test("no capabilities, no way to get any, and no process of this machine in sight", async () => {
    const { stdout } = await script("cat /proc/self/status; sleep 100 & ls /proc | grep -c '^[0-9]'; echo pid $$");
    expect(stdout).toMatch(/^CapEff:\s0+$/m);
    expect(stdout).toMatch(/^CapPrm:\s0+$/m);
    expect(stdout).toMatch(/^NoNewPrivs:\s1$/m);
    expect(stdout).toContain("pid 1\n");
    // Itself, sleep, ls and grep.
    expect(stdout).toMatch(/^4\npid 1$/m);
    const { exitCode, stderr } = await script("mount -t tmpfs none /tmp", { user: "root" });
    expect({ exitCode, stderr }).toEqual({ exitCode: 32, stderr: expect.stringContaining("permission denied") });
  });

  test("files of this machine are mounted where they are wanted, read-only", async () => {
    writeFileSync(join(folder, "given.pem"), "of this machine\n");
    const mounts = [
      { source: join(folder, "given.pem"), target: "/etc/ssl/new/ca.pem" },
      { source: folder, target: "/mnt/folder", writable: true },
    ];
    const text = "cat /etc/ssl/new/ca.pem; echo x > /etc/ssl/new/ca.pem || true; echo x > /mnt/folder/from-container";
    const { stdout, stderr } = await script(text, { mounts, user: "root" });
    expect(stdout).toBe("of this machine\n");
    expect(stderr).toContain("Read-only file system");
    expect(readFileSync(join(folder, "from-container"), "utf8")).toBe("x\n");
  });

  test("output can be opened by name, comes line by line, and JSON is parsed", async () => {
    const text = `echo one >/dev/stdout; echo '{"level":"info","n":1}' >/proc/self/fd/2; printf unfinished`;
    const { stdout, stderr, lines } = await script(text);
    expect({ stdout, stderr }).toEqual({ stdout: "one\nunfinished\n", stderr: '{"level":"info","n":1}\n' });
    expect(lines.find(({ json }) => json)).toEqual({
      stream: "stderr",
      text: '{"level":"info","n":1}',
      json: { level: "info", n: 1 },
    });
  });

  test("signals reach process 1, and exit codes come back", async () => {
    const text = "trap 'echo asked to stop; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    const container = await runContainer({ image: IMAGE, command: [text] });
    await container.waitForLine("its first line", ({ text: line }) => line === "ready");
    container.signal("SIGTERM");
    expect(await container.exitCode).toBe(7);
    expect(container.text("stdout")).toBe("ready\nasked to stop\n");

    expect((await script("exit 3")).exitCode).toBe(3);
    // As from an engine: process 1 does not get a signal that it has no handler for, but the kill that follows.
    const deaf = await runContainer({ image: IMAGE, command: ["sleep 1000 & sleep 1000; true"] });
    expect(await deaf.stop(0.5)).toBe(137);
    expect(deaf.text()).toBe("");
    expect(
      (await script("kill -TERM $BASHPID", { entrypoint: ["bash", "-c", 'bash -c "$0"; exit $?'] })).exitCode,
    ).toBe(143);
  });

  test("each container has a port of its own, on this machine's loopback", async () => {
    const containers = await Promise.all(
      ["one", "two"].map((name) => runContainer({ image: IMAGE, entrypoint: ["perl", "-e", SERVER], command: [name] })),
    );
    const answers = containers.map((container) =>
      container.waitFor("An answer", async () => (await fetch(container.url("/"))).text(), 10),
    );
    expect(await Promise.all(answers)).toEqual(["one", "two"]);
  });

  test("nothing survives stop()", async () => {
    const mark = `1000.${process.pid}`;
    const container = await runContainer({
      image: IMAGE,
      command: [`setsid sleep ${mark} & echo ready; sleep ${mark}; true`],
    });
    await container.waitForLine("its first line", ({ text }) => text === "ready");
    expect(processesWith(mark).length).toBeGreaterThanOrEqual(3);
    await container.stop(0);
    expect(processesWith(mark)).toEqual([]);
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(`redcap-container-${process.pid}-`);
    expect(await buildah("containers", "--noheading")).not.toContain(`redcap-container-${process.pid}-`);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`redcap-container-${process.pid}-`))).toEqual([]);
  });

  test("a container ends with the process that started it, and the next one removes what is left", async () => {
    const mark = `2000.${process.pid}`;
    const start = () =>
      spawn(process.execPath, ["--require", "tsx/cjs", "-e", owner(mark)], { stdio: ["ignore", "pipe", "inherit"] });
    const killed = start();
    await firstLine(killed);
    expect(processesWith(mark)).not.toEqual([]);
    killed.kill("SIGKILL");
    await until("the container's end", 10, async () => (processesWith(mark).length === 0 ? true : undefined));
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`redcap-container-${killed.pid}-`));
    expect(left()).toHaveLength(1);

    const next = start();
    await firstLine(next);
    expect(left()).toEqual([]);
    expect(await buildah("containers", "--noheading")).not.toContain(`redcap-container-${killed.pid}-`);
    next.kill("SIGTERM");
    await until("the container's end", 10, async () => (processesWith(mark).length === 0 ? true : undefined));
  });

  test("an image or a program that is not there is an error that says so", async () => {
    await expect(runContainer({ image: "localhost/no-such-image:latest" })).rejects.toThrow(/no-such-image/);
    await expect(script("true", { user: "nobody-here" })).rejects.toThrow("The image has no user nobody-here.");
    const { exitCode, stderr } = await runToEnd({ image: IMAGE, entrypoint: ["/no/such/program"] });
    expect({ exitCode, stderr }).toEqual({ exitCode: 127, stderr: expect.stringContaining("/no/such/program") });
  });
});

/** Answers every request with its first argument. */
const SERVER = `use IO::Socket::INET;
  my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die;
  while (my $client = $server->accept) {
    while (<$client>) { last if /^\\r?$/ }
    print $client "HTTP/1.0 200 OK\\r\\n\\r\\n$ARGV[0]";
    close $client;
  }`;

const owner = (mark: string) => `
  const { runContainer } = require(${JSON.stringify(join(__dirname, "engine", "container.ts"))});
  runContainer({ image: ${JSON.stringify(IMAGE)}, command: ["sleep ${mark}; true"] }).then((container) => {
    process.once("SIGTERM", () => container.stop(0));
    console.log("runs");
  });`;

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString()));
    child.once("exit", (code) => reject(new Error(`The owner ended with ${code}.`)));
  });
}

/** Processes of this machine whose command line has the text. */
function processesWith(text: string): string[] {
  return readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "utf8").includes(text);
    } catch {
      // It has ended just now.
      return false;
    }
  });
}
