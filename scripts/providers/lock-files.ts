// Terraform's dependency lock files in cdktf's output: they hold hashes of the providers that were installed last.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Providers } from "./index";

/**
 * Removes lock files that were written with providers from elsewhere: Terraform refuses a build of the same version
 * whose hash is another. They are generated, like all of cdktf's output, and `terraform init` writes them again.
 * @param output cdktf's output folder
 */
export function dropForeignLockFiles(output: string, { source, env }: Providers): void {
  const note = join(output, ".providers");
  // A mirror that was built anew may differ, too: by another version of Go.
  const mirror = env.TF_CLI_CONFIG_FILE;
  const now = mirror ? `${mirror} ${statSync(mirror).mtimeMs}` : source;
  if (existsSync(note) && readFileSync(note, "utf8") === now) return;
  const stacks = join(output, "stacks");
  mkdirSync(stacks, { recursive: true });
  for (const stack of readdirSync(stacks)) rmSync(join(stacks, stack, ".terraform.lock.hcl"), { force: true });
  writeFileSync(note, now);
}
