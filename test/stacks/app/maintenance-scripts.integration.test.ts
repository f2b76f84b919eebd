// shellcheck reads the maintenance server's scripts, as they are here and as the server gets them.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../config";
import { userData } from "../../../stacks/app/maintenance/user-data";
import { shellcheck } from "../../containers/engine/linters";

jest.setTimeout(300_000);

test("the scripts, and the user data that they become, have nothing that shellcheck minds", async () => {
  const folder = mkdtempSync(join(tmpdir(), "redcap-lint-"));
  try {
    const made = join(folder, "user-data.sh");
    const text = userData({
      image: "redcap:17.4.4",
      region: "eu-west-2",
      logGroup: "/aws/ec2/redcap",
      lifetimeMinutes: 60,
      server: { PORT: "8443" },
      upgrade: { AWS_REGION: "eu-west-2" },
    });
    writeFileSync(made, text.replace(/([$%])\1\{/g, "$1{"));
    const own = ["user-data.sh", "ready.sh"].map((file) => join(PROJECT_ROOT, "stacks/app/maintenance", file));
    execFileSync(await shellcheck(), [...own, made], { stdio: "pipe" });
    writeFileSync(made, "#!/bin/bash\necho $1\n");
    expect(spawnSync("shellcheck", [made], { encoding: "utf8" }).stdout).toContain("SC2086");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
