// The SQL of a stage's settings for redcap_config, which `npm run gen:redcap-config` writes and containers run.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ConfigurationError, PROJECT_ROOT } from "./load";
import type { StageConfig } from "./schema/stage";

/** It travels in the task definition, which ECS limits to 64 KB with everything else that is in it. */
const LARGEST = 16_384;

/** Where the file is, or would be: beside the configuration. */
export function settingsFile({ name }: Pick<StageConfig, "name">): string {
  const stagesFile = resolve(PROJECT_ROOT, process.env.REDCAP_STAGES_FILE ?? "stages.ts");
  return join(dirname(stagesFile), "redcap-config", `${name}.sql`);
}

/** @returns undefined where the stage has none. @throws ConfigurationError where it is too large */
export function settingsSqlOf(stage: Pick<StageConfig, "name">): string | undefined {
  const file = settingsFile(stage);
  if (!existsSync(file)) return undefined;
  const sql = readFileSync(file, "utf8");
  if (sql.length <= LARGEST) return sql;
  throw new ConfigurationError(
    `${file} has ${sql.length} characters; ${LARGEST} fit into a task definition. Set fewer.`,
  );
}
