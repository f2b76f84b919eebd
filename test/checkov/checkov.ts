// Checkov over synthesized stacks: which of its checks fail, where.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pythonPrograms } from "../local-aws/host/moto";
import { command } from "../local-aws/host/processes";
import { requireTools } from "../local-aws/tools";
import type { SynthesizedStack } from "../stacks/synth";

export interface Failure {
  check: string;
  /** What the check asks for, in Checkov's words. */
  name: string;
  /** `<stack>: <type or "resource">.<logical id>` */
  where: string;
}

interface Report {
  results: { failed_checks: { check_id: string; check_name: string; file_path: string; resource: string }[] };
  summary: { passed: number; parsing_errors: number };
}

export interface Findings {
  passed: number;
  failures: Failure[];
}

/** @throws Error where Checkov cannot read a stack */
export async function runCheckov(stacks: SynthesizedStack[]): Promise<Findings> {
  const { python3 } = await requireTools();
  const programs = await pythonPrograms("checkov", join(__dirname, "requirements.txt"), python3, () =>
    process.stderr.write("Installing Checkov into the user's cache …\n"),
  );
  const folder = mkdtempSync(join(tmpdir(), "redcap-checkov-"));
  try {
    for (const { name, resource, data, locals } of stacks as (SynthesizedStack & { locals?: object })[]) {
      mkdirSync(join(folder, name));
      // Its parser stumbles over cdktf's list of providers and over `required_version`, and checks neither.
      writeFileSync(join(folder, name, "cdk.tf.json"), JSON.stringify({ resource, data, ...(locals && { locals }) }));
    }
    const flags = [
      "--framework",
      "terraform_json",
      "--skip-download",
      "--compact",
      "--quiet",
      "--soft-fail",
      "-o",
      "json",
    ];
    const report = JSON.parse(
      await command(join(programs, "python"), ["-m", "checkov.main", "-d", folder, ...flags]),
    ) as Report;
    if (report.summary.parsing_errors > 0)
      throw new Error(`Checkov could not read ${report.summary.parsing_errors} stacks.`);
    const failures = report.results.failed_checks.map(({ check_id, check_name, file_path, resource }) => ({
      check: check_id,
      name: check_name,
      where: `${file_path.split("/")[1]}: ${resource}`,
    }));
    return { passed: report.summary.passed, failures };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
