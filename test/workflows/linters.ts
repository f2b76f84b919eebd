// Programs that read GitHub's workflows: actionlint for what GitHub would not understand, zizmor for what attackers would use.
import { join } from "node:path";
import { cacheFolder, madeOnce, pythonPrograms } from "../local-aws/host/moto";
import { command, which } from "../local-aws/host/processes";

const ACTIONLINT = "v1.7.12";

/** Built with Go, into the user's cache. @returns its path */
export async function actionlint(): Promise<string> {
  if (!which("go")) throw new Error("actionlint is built with Go: install it (https://go.dev/dl), and put it on PATH.");
  const folder = await madeOnce(join(cacheFolder(), `actionlint-${ACTIONLINT}`), async (folder) => {
    process.stderr.write("Building actionlint into the user's cache …\n");
    const env = `GOBIN=${folder}`;
    await command("env", [
      env,
      "GOFLAGS=-mod=mod",
      "go",
      "install",
      `github.com/rhysd/actionlint/cmd/actionlint@${ACTIONLINT}`,
    ]);
  });
  return join(folder, "actionlint");
}

/** @returns its path */
export async function zizmor(): Promise<string> {
  // Not all tools of the tests: a runner has no MariaDB.
  const python3 = which("python3");
  if (!python3) throw new Error("zizmor is installed with Python 3: install it with its venv, and put it on PATH.");
  const programs = await pythonPrograms("zizmor", join(__dirname, "requirements.txt"), python3, () =>
    process.stderr.write("Installing zizmor into the user's cache …\n"),
  );
  return join(programs, "zizmor");
}
