// What the command says: which kits there are, and what to do with one.

import { validate } from "../../config";
import { FILES } from "../../functions/recovery-kit/manifest";
import { distinct, hasOtherSalt, type Kit } from "./kit";

const day = (time: Date): string => `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** @param kits newest first */
export function describeKits(kits: Kit[]): string {
  const lines = distinct(kits).map(({ newest, since }) => {
    const files = Object.entries(newest.manifest.objects).map(([file, { size }]) => `${file} (${inBytes(size)})`);
    const warning = hasOtherSalt(newest, kits) ? "  ANOTHER SALT than the oldest kit, or none\n" : "";
    return `${day(since)} to ${day(newest.time)}, --manifest ${newest.versionId}\n${warning}  ${files.join(", ")}`;
  });
  return lines.join("\n");
}

const inBytes = (size: number): string => (size < 1_000_000 ? `${size} bytes` : `${(size / 1e6).toFixed(1)} MB`);

/** The configuration of a kit as a file that can become stages.ts. */
export const asStagesFile = (json: string): string =>
  `import { defineDeployment } from "./config";\n\nexport default defineDeployment(${json.trimEnd()});\n`;

/**
 * The commands from a fetched kit to a running stage.
 * @param configuration the kit's stages.json, if it has one
 */
export function nextCommands(stage: string, folder: string, files: string[], configuration: unknown): string[] {
  const [kept] = configuration === undefined ? [] : validate(configuration, FILES.stages).stages;
  return [
    ...(kept
      ? [`cp ${folder}/stages.ts stages.ts   # where yours is lost; in another account, write its accountId`]
      : []),
    ...(files.includes(FILES.redcap) && kept?.redCapLocalVersion
      ? [`cp ${folder}/${FILES.redcap} releases/redcap${kept.redCapLocalVersion}.zip`]
      : []),
    ...(files.includes(FILES.redcap) && kept?.redCapS3Path
      ? [`aws s3 cp ${folder}/${FILES.redcap} s3://${kept.redCapS3Path}`]
      : []),
    `npm run bootstrap -- --stage ${stage}`,
    "npm run cdktf -- deploy backup-destination   # where the account is another one",
    `npm run recovery-kit -- put-salt --stage ${stage} --from ${folder}`,
    `npm run deploy -- --stage ${stage}`,
    `npm run restore -- --stage ${stage}`,
    `rm -r ${folder}   # it holds the salt`,
  ];
}
