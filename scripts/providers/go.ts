// Runs the Go tool chain, isolated from the caller's own Go settings that would change what is built.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { UserError } from "../command";
import { PROVIDER_MODULES } from "./versions";

const INSTALL = "Install Go 1.21 or later (https://go.dev/dl) and put its bin folder on PATH";

interface GoOptions {
  cwd: string;
  /** Called with each line of standard error, where Go reports what it downloads and compiles. */
  onLine?: (line: string) => void;
}

/**
 * @returns standard output
 * @throws UserError where Go is missing; Error with the end of Go's own output where it fails
 */
export async function go(args: string[], { cwd, onLine }: GoOptions): Promise<string> {
  const env = {
    ...process.env,
    GO111MODULE: "on",
    GOWORK: "off",
    GOFLAGS: "-mod=readonly",
    CGO_ENABLED: "0",
    GONOSUMDB: [process.env.GONOSUMDB, ...Object.values(PROVIDER_MODULES).map((module) => module.path)]
      .filter(Boolean)
      .join(","),
  };
  const child = spawn("go", args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  const tail: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => output.push(chunk));
  createInterface(child.stderr).on("line", (line) => {
    onLine?.(line);
    tail.push(line);
    if (tail.length > 15) tail.shift();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ENOENT" ? new UserError(`Go is needed to build the providers. ${INSTALL}.`) : error),
    );
    child.on("close", resolve);
  });
  if (code === 0) return output.join("");
  throw new Error(`go ${args[0]} failed (${code === null ? "killed" : `exit code ${code}`}):\n${tail.join("\n")}`);
}

/** @throws UserError with one sentence that says what to install */
export async function requireGo(): Promise<void> {
  const version = await go(["env", "GOVERSION"], { cwd: "/" });
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? Number.POSITIVE_INFINITY);
  if (minor < 21) throw new UserError(`${version.trim()} is too old to build the providers. ${INSTALL}.`);
}
