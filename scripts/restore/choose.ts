// Finds out which stage and which recovery point are meant, asking a person where there is one.
import { select } from "@inquirer/prompts";
import type { Deployment, StageConfig } from "../../config";
import { findStage } from "../../config";
import { isInteractive } from "../ask";
import { elapsed, UserError } from "../command";
import type { RestoreContext } from "./context";
import { listRecoveryPoints } from "./recovery-points";

/** The named stage, or the only one with backups. @throws UserError where several could be meant */
export function chooseStage(config: Deployment, name: string | undefined): StageConfig {
  if (name) return findStage(config, name);
  const candidates = config.stages.filter(({ backup }) => backup.enabled);
  const [only] = candidates;
  if (only && candidates.length === 1) return only;
  throw new UserError(`Name the stage: --stage ${config.stages.map((stage) => stage.name).join(" | --stage ")}`);
}

/** The recovery point of the command line, or one chosen from a list. */
export async function chooseRecoveryPoint(context: RestoreContext, arn: string | undefined): Promise<string> {
  if (arn) return arn;
  const listed = await listRecoveryPoints(context);
  if (listed.length === 0)
    throw new UserError(`There is no recovery point of stage ${context.stage.name} in the vaults that can be reached.`);
  const choices = listed.map(({ point, vaultName, accountId }) => {
    const created = point.CreationDate as Date;
    const size = ((point.BackupSizeInBytes ?? 0) / 1e9).toFixed(1);
    const age = elapsed(created.getTime()).replace(/ \d+ s$/, "");
    return {
      value: point.RecoveryPointArn as string,
      name: `${created.toISOString()}  ${age} old  ${size} GB  ${point.ResourceArn?.split(":cluster:")[1]}  ${vaultName}  ${accountId}`,
    };
  });
  if (!isInteractive()) {
    throw new UserError(
      `Name a recovery point: --recovery-point <arn>. There are, newest first:\n${choices.map(({ name, value }) => `  ${name}\n    ${value}`).join("\n")}`,
    );
  }
  return select({ message: "Restore which recovery point?", choices, pageSize: 15 });
}
