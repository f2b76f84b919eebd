// Programs that read the image's sources: hadolint for the Dockerfile, shellcheck for its scripts.
import { join } from "node:path";
import { pythonPrograms } from "../../local-aws/host/moto";
import { command, which } from "../../local-aws/host/processes";
import { requireTools } from "../../local-aws/tools";

/** hadolint of this project's own choice, in the user's cache. @returns its path */
export async function hadolint(): Promise<string> {
  const { python3 } = await requireTools();
  const programs = await pythonPrograms("hadolint", join(__dirname, "lint-requirements.txt"), python3, () =>
    process.stderr.write("Installing hadolint into the user's cache …\n"),
  );
  return join(programs, "hadolint");
}

/** Installed from Debian's packages, where that is possible. @returns its path */
export async function shellcheck(): Promise<string> {
  if (!which("shellcheck")) {
    process.stderr.write("Installing shellcheck from Debian's packages …\n");
    await command("sh", ["-c", "apt-get update && apt-get install -y --no-install-recommends shellcheck"]);
  }
  return which("shellcheck") as string;
}
