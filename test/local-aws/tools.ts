// The programs that the local AWS needs: found, installed where that is possible, or named in one sentence.
import { existsSync } from "node:fs";
import { command, which } from "./host/processes";

export interface Tools {
  python3: string;
  mariadbd: string;
  mariadbInstallDb: string;
  openssl: string;
}

const PACKAGES = ["python3-venv", "mariadb-server", "openssl"];
const INSTALL = `apt-get update && apt-get install -y --no-install-recommends ${PACKAGES.join(" ")}`;

async function venvWorks(python3: string): Promise<boolean> {
  return command(python3, ["-c", "import venv, ensurepip"]).then(
    () => true,
    () => false,
  );
}

async function find(): Promise<Tools | string[]> {
  const python3 = which("python3");
  const mariadbd = which("mariadbd", "mysqld");
  const mariadbInstallDb = which("mariadb-install-db", "mysql_install_db");
  const openssl = which("openssl");
  if (python3 && (await venvWorks(python3)) && mariadbd && mariadbInstallDb && openssl) {
    return { python3, mariadbd, mariadbInstallDb, openssl };
  }
  return [
    ...(python3 ? ((await venvWorks(python3)) ? [] : ["Python's venv module"]) : ["python3"]),
    ...(mariadbd && mariadbInstallDb ? [] : ["MariaDB's server"]),
    ...(openssl ? [] : ["openssl"]),
  ];
}

/**
 * Finds the programs. As root on Debian it installs what is missing, without starting a database service.
 * @throws Error that names what is missing and the command that installs it
 */
export async function requireTools(
  progress: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<Tools> {
  const found = await find();
  if (!Array.isArray(found)) return found;

  const missing = found.join(", ");
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version") && which("apt-get")) {
    progress(`Installing ${missing} from Debian's packages …`);
    // RUNLEVEL=1 makes the package's scripts leave services alone (invoke-rc.d(8)).
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
    await command("sh", ["-c", INSTALL], env);
    const installed = await find();
    if (!Array.isArray(installed)) return installed;
  }
  throw new Error(`The local AWS needs ${missing}. On Debian or Ubuntu: sudo sh -c '${INSTALL}'`);
}
