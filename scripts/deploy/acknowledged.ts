// Where nobody is asked, a danger needs somebody's line in the file of acknowledgements.
import { UserError } from "../command";
import { findings } from "../gate/findings";
import type { TerraformPlan } from "../gate/plan";
import { acknowledgementOf } from "../plan-review/acknowledgements";
import { ACKNOWLEDGEMENTS_FILE, acknowledgementsOf } from "../plan-review/acknowledgements-file";

/**
 * @param file of acknowledgements; default: the one beside the stages, if there
 * @throws UserError with the lines that are missing; nothing of the stack is changed
 */
export function requireAcknowledged(stack: string, plan: TerraformPlan, file?: string): void {
  const { accepted, refused } = acknowledgementsOf({ acknowledged: file });
  const [bad] = refused;
  if (bad) throw new UserError(`${file ?? ACKNOWLEDGEMENTS_FILE}: "${bad.line}" is refused: ${bad.because}.`);
  const known = new Set(accepted.map((one) => acknowledgementOf(one.stack, one)));
  const dangers = findings(plan).filter(({ level }) => level === "danger");
  const missing = new Set(dangers.map((danger) => acknowledgementOf(stack, danger)).filter((line) => !known.has(line)));
  if (missing.size === 0) return;
  throw new UserError(
    `${stack} has dangers that nobody has acknowledged; nothing of it was changed. Once you are sure, write into ${file ?? ACKNOWLEDGEMENTS_FILE}:\n` +
      `${[...missing].map((line) => `  ${line}`).join("\n")}\nOr answer the question yourself: on a terminal, without --yes.`,
  );
}
