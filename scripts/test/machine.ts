// What the machine must have before anything else is worth starting; said within seconds.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { engines } from "../../package.json";
import { checkProviders } from "../providers/index";
import type { Counts } from "./parts";

type Print = (line: string) => void;

/** The lowest version with S3's own lock file for the state. */
const TERRAFORM = "1.10.0";
const GET_TERRAFORM = `Install Terraform ${TERRAFORM} or later: https://developer.hashicorp.com/terraform/install`;

/**
 * Checks everything and reports all that is missing, not just the first.
 * @param requireTools installs what the local AWS needs, or says why it cannot
 * @param print takes progress lines, and one line per problem
 */
export async function checkMachine(requireTools: (print: Print) => Promise<unknown>, print: Print): Promise<Counts> {
  let failed = 0;
  for (const check of [() => checkNode(), () => checkTerraform(), () => checkProviders(), () => requireTools(print)]) {
    await check().catch((error: Error) => {
      failed += 1;
      print(`missing: ${error.message}`);
    });
  }
  return { passed: 0, failed };
}

export async function checkNode(version = process.versions.node): Promise<void> {
  const needed = engines.node.replace(">=", "");
  if (!atLeast(version, needed)) throw new Error(`Node.js ${needed} or later (this is ${version}): https://nodejs.org`);
}

/** @param describe gives Terraform's version as JSON */
export async function checkTerraform(describe = terraformVersion): Promise<void> {
  const answer = await describe().catch(() => {
    throw new Error(`Terraform is not on PATH. ${GET_TERRAFORM}`);
  });
  const { terraform_version: version } = JSON.parse(answer) as { terraform_version: string };
  if (!atLeast(version, TERRAFORM)) throw new Error(`Terraform ${version} is too old. ${GET_TERRAFORM}`);
}

/** CHECKPOINT_DISABLE: `terraform version` would ask HashiCorp for newer ones. */
async function terraformVersion(): Promise<string> {
  const env = { ...process.env, CHECKPOINT_DISABLE: "1" };
  return (await promisify(execFile)("terraform", ["version", "-json"], { env })).stdout;
}

const atLeast = (version: string, needed: string) => version.localeCompare(needed, "en", { numeric: true }) >= 0;
