// The MariaDB server behind an Aurora cluster: its data folder, process, master user, and copies of its data.
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Connection, createConnection } from "mysql2/promise";
import type { Certificates } from "../host/certificates";
import { cacheFolder, madeOnce } from "../host/moto";
import { freePort } from "../host/ports";
import { command, sleep, startServer, stopServer, until } from "../host/processes";
import type { Tools } from "../tools";

/** As root, servers run as the package's own user: MariaDB should not run as root. */
const USER = process.getuid?.() === 0 ? "mysql" : undefined;

/** What Aurora grants the master user; nothing that AWS keeps to itself, such as SUPER or FILE.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.MasterAccounts.html */
const MASTER_PRIVILEGES = `SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER,
  SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW,
  SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER`;

export interface DatabaseHost {
  tools: Tools;
  certificates: Certificates;
  /** Folder that the servers' user owns; every data folder and snapshot is below it. */
  folder: string;
  log(line: string): void;
}

/** Makes the folder for all data, owned by the user that the servers run as. */
export async function databaseFolder(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (USER) await command("chown", [`${USER}:`, folder]);
  return folder;
}

/** An empty, initialised data folder, made once per MariaDB version: copying it takes a fraction of making it. */
async function template(tools: Tools): Promise<string> {
  const version = /Ver (\S+)/.exec(await command(tools.mariadbd, ["--version"]))?.[1] ?? "unknown";
  return madeOnce(join(cacheFolder(), `mariadb-${version}`), async (folder) => {
    mkdirSync(folder);
    // AWS's own administrator, whom only the server's socket lets in.
    const administrator =
      "DELETE FROM mysql.global_priv WHERE User NOT IN ('root', 'mariadb.sys') OR Host <> 'localhost';\n" +
      "UPDATE mysql.global_priv SET User = 'rdsadmin' WHERE User = 'root';\n";
    writeFileSync(`${folder}.sql`, administrator);
    await command(tools.mariadbInstallDb, [
      ...["--no-defaults", `--datadir=${folder}`, "--auth-root-authentication-method=normal", "--skip-test-db"],
      ...["--skip-name-resolve", `--extra-file=${folder}.sql`, ...LAYOUT],
      ...(USER ? ["--user=root"] : []),
    ]);
    await rm(`${folder}.sql`);
  });
}

/** Options that must be the same whenever a data folder is used. */
const LAYOUT = ["--innodb-log-file-size=32M"];

/** Copies a data folder; a hard-linked copy is instant and only for folders that no server writes to. */
export async function copyData(from: string, to: string, how: "copy" | "link"): Promise<void> {
  await command("cp", ["-a", ...(how === "link" ? ["-l"] : ["--reflink=auto"]), from, `${to}.part`]);
  if (USER) await command("chown", ["-R", `${USER}:`, `${to}.part`]);
  await rename(`${to}.part`, to);
}

export class MariaDb {
  port = 0;
  private child?: ReturnType<typeof startServer>;
  private readonly data: string;

  private constructor(
    private readonly host: DatabaseHost,
    name: string,
  ) {
    this.data = join(host.folder, `${name}-${randomBytes(3).toString("hex")}`);
  }

  /**
   * Starts a server on a copy of a data folder, or on an empty one.
   * @param parameters of the cluster's parameter group; those that MariaDB lacks are left out by it
   */
  static async start(
    host: DatabaseHost,
    name: string,
    parameters: Record<string, string>,
    from?: string,
  ): Promise<MariaDb> {
    const server = new MariaDb(host, name);
    await copyData(from ?? (await template(host.tools)), server.data, "copy");
    await server.launch(parameters);
    return server;
  }

  private get socket(): string {
    return join(this.data, "s");
  }

  private async launch(parameters: Record<string, string>): Promise<void> {
    const { certificateFile, keyFile, caFile } = this.host.certificates;
    for (const file of [certificateFile, keyFile, caFile]) copyFileSync(file, join(this.data, `tls-${baseName(file)}`));
    if (USER) await command("chown", ["-R", `${USER}:`, this.data]);
    const tls = (file: string) => join(this.data, `tls-${baseName(file)}`);
    this.port = await freePort();
    const log = join(this.data, "server.log");
    const settings = Object.entries(parameters)
      // MySQL 8's collations, which MariaDB 10 lacks and refuses.
      .filter(([name, value]) => !(name.startsWith("collation") && value.includes("_0900_")))
      .map(([name, value]) => `--loose-${name.replaceAll("_", "-")}=${value}`);
    this.child = startServer(
      this.host.tools.mariadbd,
      [
        ...["--no-defaults", `--datadir=${this.data}`, `--socket=${this.socket}`, `--port=${this.port}`],
        ...["--bind-address=127.0.0.1", "--skip-name-resolve", `--pid-file=${this.data}/pid`, ...LAYOUT],
        ...["--require-secure-transport=ON", `--ssl-cert=${tls(certificateFile)}`, `--ssl-key=${tls(keyFile)}`],
        ...[`--ssl-ca=${tls(caFile)}`, "--character-set-server=utf8mb4", "--innodb-buffer-pool-size=128M"],
        // Every commit is in the file system and no write is under way in the kernel: see freeze().
        ...["--innodb-flush-log-at-trx-commit=2", "--innodb-use-native-aio=0", "--performance-schema=OFF"],
        ...settings,
      ],
      log,
      { PATH: process.env.PATH, LANG: "C.UTF-8", TZ: "UTC" },
      USER,
    );
    const child = this.child;
    await until(`MariaDB's start (${log})`, 60, async () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`MariaDB ended: ${readFileSync(log, "utf8").slice(-1500)}`);
      }
      return this.administer(async () => true).catch((error: { code?: string }) => {
        if (error.code === "ENOENT" || error.code === "ECONNREFUSED") return undefined;
        throw error;
      });
    });
  }

  /** Runs statements as AWS's own administrator, over the server's socket. */
  async administer<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await createConnection({ socketPath: this.socket, user: "rdsadmin" });
    try {
      return await work(connection);
    } finally {
      await connection.end();
    }
  }

  /** Creates the master user, or gives it a new password and the rights that it always has. */
  async setMaster(user: string, password: string): Promise<void> {
    await this.administer(async (connection) => {
      const account = `${connection.escape(user)}@'%'`;
      await connection.query(`CREATE USER IF NOT EXISTS ${account}`);
      await connection.query(`ALTER USER ${account} IDENTIFIED BY ${connection.escape(password)}`);
      await connection.query(`GRANT ${MASTER_PRIVILEGES} ON *.* TO ${account} WITH GRANT OPTION`);
    });
  }

  /** Sets a parameter as AWS does while the server runs; without a value to the engine's default. */
  async setGlobal(name: string, value: string | undefined): Promise<void> {
    await this.administer(async (connection) => {
      const wanted = value === undefined ? "DEFAULT" : /^\d+$/.test(value) ? value : connection.escape(value);
      await connection
        .query(`SET GLOBAL ${connection.escapeId(name)} = ${wanted}`)
        .catch((error: { code?: string }) => {
          // Aurora's own, such as its auditing.
          if (error.code !== "ER_UNKNOWN_SYSTEM_VARIABLE") throw error;
        });
    });
  }

  async createDatabase(name: string): Promise<void> {
    await this.administer((connection) =>
      connection.query(`CREATE DATABASE IF NOT EXISTS ${connection.escapeId(name)}`),
    );
  }

  /**
   * Copies the data while the server stands still: what is on disk then is what a crash would leave, and InnoDB recovers
   * it at the next start. Like Aurora's own snapshots it closes no connection.
   */
  async copyTo(folder: string): Promise<void> {
    const pid = this.child?.pid;
    if (!pid) throw new Error("The database server does not run.");
    await this.freeze(pid);
    try {
      await copyData(this.data, folder, "copy");
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }

  /** Stops every thread. A thread inside a write finishes it first, so no page is torn. */
  private async freeze(pid: number): Promise<void> {
    process.kill(pid, "SIGSTOP");
    const stopped = () =>
      readdirSync(`/proc/${pid}/task`).every((task) =>
        /^\d+ \(.*\) [TtZX] /s.test(readFileSync(`/proc/${pid}/task/${task}/stat`, "utf8")),
      );
    while (!stopped()) await sleep(5);
  }

  /** Ends the server and removes its data. */
  async destroy(): Promise<void> {
    if (this.child) await stopServer(this.child, "SIGKILL");
    await rm(this.data, { recursive: true, force: true });
  }
}

function baseName(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1);
}
