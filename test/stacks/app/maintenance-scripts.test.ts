// What runs on a maintenance server: its two scripts, run by bash with stand-ins for the programs that they call.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readyDocument } from "../../../stacks/app/maintenance/ready-document";
import { userData } from "../../../stacks/app/maintenance/user-data";

const IMAGE = "111111111111.dkr.ecr.eu-west-2.amazonaws.com/redcap:17.4.4";
let folder: string;
let bin: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redcap-scripts-"));
  bin = join(folder, "bin");
  mkdirSync(bin);
  for (const program of ["dnf", "systemctl", "shutdown", "sleep"]) standIn(program);
  standIn("aws", "echo password-of-the-registry");
  standIn("docker", 'if [ "$1" = login ]; then cat >"$CALLS.stdin"; fi');
  standIn("curl", "case $* in *api/token) echo token ;; *instance-id) echo i-0abc ;; esac");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that writes down how it was called, and then does something. */
function standIn(program: string, body = ""): void {
  const path = join(bin, program);
  writeFileSync(path, `#!/bin/bash\nprintf '%s\\n' "${program} $(printf '%q ' "$@")" >>"$CALLS"\n${body}\n`);
  chmodSync(path, 0o755);
}

/** As Terraform and cloud-init give it to the shell, with its folders in the test's own. */
function run(script: string, shell = "bash", ...args: string[]) {
  const calls = join(folder, "calls");
  rmSync(calls, { force: true });
  const text = script
    .replace(/([$%])\1\{/g, "$1{")
    .replaceAll("/etc/redcap", join(folder, "etc"))
    .replaceAll("/usr/local/sbin", folder);
  const { status, stdout, stderr } = spawnSync(shell, ["-s", "--", ...args], {
    input: text,
    env: { PATH: `${bin}:/usr/bin:/bin`, CALLS: calls },
    encoding: "utf8",
  });
  const lines = existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : [];
  return { status, output: stdout + stderr, calls: lines.map((line) => line.trim()) };
}

const settings = {
  image: IMAGE,
  region: "eu-west-2",
  logGroup: "/aws/ec2/redcap-prod-maintenance",
  lifetimeMinutes: 4380,
  server: { PORT: "8443", TLS: "on", FRAME_ANCESTORS: "'self' https://example.org" },
};

describe("user data", () => {
  test("ends the instance in the end, whatever happens, before it does anything else", () => {
    standIn("dnf", "exit 1");
    const { status, calls } = run(userData(settings));
    expect(status).not.toBe(0);
    expect(calls[0]).toBe("shutdown -P +4380");
    expect(calls.filter((call) => call.startsWith("dnf"))).toHaveLength(5);
    expect(calls.join("\n")).not.toMatch(/^docker/m);
  });

  test("installs Docker, logs in to the image's registry, and starts the image as ECS would", () => {
    const { status, output, calls } = run(userData(settings));
    expect({ status, output }).toEqual({ status: 0, output: "" });
    expect(calls.filter((call) => !call.startsWith("curl"))).toEqual([
      "shutdown -P +4380",
      "dnf install -y docker",
      "systemctl start docker",
      expect.stringMatching(/^(aws ecr get-login-password --region eu-west-2|docker login)/),
      expect.stringMatching(/^(aws ecr get-login-password --region eu-west-2|docker login)/),
      `docker pull --quiet ${IMAGE}`,
      expect.stringMatching(/^docker run /),
    ]);
    expect(calls).toContain(
      "docker login --username AWS --password-stdin 111111111111.dkr.ecr.eu-west-2.amazonaws.com",
    );
    expect(readFileSync(join(folder, "calls.stdin"), "utf8")).toBe("password-of-the-registry\n");
    const started = calls.at(-1) ?? "";
    for (const option of [
      "--network host --read-only --cap-drop ALL --security-opt no-new-privileges --init --stop-timeout 120",
      "--log-driver awslogs --log-opt awslogs-region=eu-west-2 --log-opt awslogs-group=/aws/ec2/redcap-prod-maintenance",
      "--log-opt mode=non-blocking",
      "--log-opt awslogs-stream=redcap/i-0abc",
      `--env-file ${folder}/etc/server.env`,
    ])
      expect(started).toContain(option);
    expect(started).toMatch(new RegExp(`${IMAGE} serve$`));
    expect(started).not.toMatch(/--privileged|--publish|-v /);
  });

  test("gives the container its variables as they are", () => {
    run(userData(settings));
    expect(readFileSync(join(folder, "etc", "server.env"), "utf8")).toBe(
      "PORT=8443\nTLS=on\nFRAME_ANCESTORS='self' https://example.org\n",
    );
  });

  test("asks no registry for a login but ECR's", () => {
    const { calls } = run(userData({ ...settings, image: "ghcr.io/example/redcap:17.4.4" }));
    expect(calls.join("\n")).not.toMatch(/login/);
    expect(calls).toContain("docker pull --quiet ghcr.io/example/redcap:17.4.4");
  });

  test("tries a pull again, and gives up with a reason", () => {
    standIn("docker", '[ "$1" != pull ]');
    const { status, output, calls } = run(userData(settings));
    expect(status).not.toBe(0);
    expect(calls.filter((call) => call.startsWith("docker pull"))).toHaveLength(5);
    expect(output).toContain(`Failed, five times: docker pull --quiet ${IMAGE}`);
  });

  test("makes redcap-upgrade only where the server may upgrade", () => {
    const command = () => join(folder, "redcap-upgrade");
    run(userData(settings));
    expect(existsSync(command())).toBe(false);
    run(userData({ ...settings, upgrade: { DDL_SECRET_ARN: "arn:x" } }));
    standIn("docker", 'case $1 in logs) echo "The database is at REDCap 17.4.4." ;; wait) echo 3 ;; esac');
    const upgraded = run(readFileSync(command(), "utf8"));
    expect(upgraded).toMatchObject({ status: 3, output: "The database is at REDCap 17.4.4.\n" });
    expect(upgraded.calls[2]).toMatch(/^docker run --detach --network host .*--name redcap-upgrade .* upgrade$/);
    expect(upgraded.calls[2]).toContain(`--env-file ${folder}/etc/upgrade.env`);
    expect(upgraded.calls[2]).toContain("awslogs-stream=upgrade/i-0abc");

    // One that runs is shown, not started a second time.
    standIn("docker", "case $1 in ps) echo 0123 ;; wait) echo 0 ;; esac");
    const again = run(readFileSync(command(), "utf8"));
    expect(again.status).toBe(0);
    expect(again.calls.join("\n")).not.toMatch(/docker (run|rm)/);
  });
});

describe("the document that waits for REDCap", () => {
  const [step] = readyDocument("prod").mainSteps;
  const lines = step?.inputs.runCommand ?? [];
  const script = lines.join("\n").replace("{{ minutes }}", "195").replace("{{ port }}", "8443");
  /** A container that runs until the given number of looks. */
  const answersAfter = (looks: number) => standIn("curl", `[ "$(grep -c ^curl "$CALLS")" -gt ${looks} ]`);

  beforeEach(() => {
    standIn("cloud-init", 'echo "status: done"');
    standIn("docker", "case $1 in ps) echo 0123 ;; esac");
  });

  test("sets the server's own end, and waits until it answers", () => {
    answersAfter(3);
    const { status, output, calls } = run(script, "sh");
    expect({ status, output }).toEqual({ status: 0, output: "REDCap answers on port 8443.\n" });
    expect(calls[0]).toBe("shutdown -P +195");
    expect(calls.filter((call) => call.startsWith("curl"))).toHaveLength(4);
    expect(calls.at(-1)).toContain("https://127.0.0.1:8443/health/live");
  });

  test("says what the container said, where it has ended", () => {
    standIn("curl", "exit 7");
    standIn("docker", 'case $1 in logs) echo "The salt is another one." >&2 ;; esac');
    expect(run(script, "sh")).toMatchObject({ status: 1, output: "The salt is another one.\n" });
  });

  test("says what the installation said, where that has failed", () => {
    standIn("cloud-init", 'echo "status: error"; exit 1');
    standIn("tail", 'echo "Failed, five times: dnf install -y docker"');
    expect(run(script, "sh")).toMatchObject({ status: 1, output: "Failed, five times: dnf install -y docker\n" });
  });

  test("takes nothing but numbers", () => {
    const { minutes, port } = readyDocument("prod").parameters;
    for (const wrong of ["1'; reboot; '", "0", "", "1.5"]) {
      expect(wrong).not.toMatch(new RegExp(minutes.allowedPattern));
      expect(wrong).not.toMatch(new RegExp(port.allowedPattern));
    }
    expect("4335").toMatch(new RegExp(minutes.allowedPattern));
    // Docker's templates would be parameters of the document.
    expect(lines.slice(1).join("\n")).not.toContain("{{");
  });
});
