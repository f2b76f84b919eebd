// The configuration of a kit as a file that can become stages.ts. Whoever took the stage over may have written it: it is
// read as data, and nothing of it is written or shown that could be anything else.
import { ConfigurationError, type StageConfig, validate } from "../../config";
import { FILES } from "../../functions/recovery-kit/manifest";

export interface KeptConfiguration {
  /** Text of the file; none where the kit's is no JSON. */
  stagesFile?: string;
  /** None where the configuration is not valid in this version of the project. */
  stage?: StageConfig | undefined;
  /** What is wrong with it. It is no error: the salt and the zip are there, and a person can mend it. */
  problem?: string;
}

/** @param json the kit's stages.json */
export function keptConfiguration(json: string): KeptConfiguration {
  let value: unknown;
  try {
    // In a program, unlike in JSON, this key would be the object's prototype.
    value = JSON.parse(json, (key, entry) => (key === "__proto__" ? undefined : entry));
  } catch {
    return { problem: `${FILES.stages} is no JSON: write stages.ts anew, or fetch another kit with --manifest.` };
  }
  const stagesFile = `import { defineDeployment } from "./config";\n\nexport default defineDeployment(${JSON.stringify(value, null, 2)});\n`;
  try {
    return { stagesFile, stage: validate(value, FILES.stages).stages[0] };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { stagesFile, problem: printable(error.message) };
  }
}

/** Without what steers a terminal. */
export const printable = (text: string): string => text.replace(/[^\P{C}\n]/gu, "");
