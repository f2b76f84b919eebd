// What the command says: which kits there are, what changed in them, and what to do with one.
import { type BackupDestinationConfig, isImageInOwnAccount, type StageConfig } from "../../config";
import { FILES } from "../../functions/recovery-kit/manifest";
import { awsCommand } from "../aws";
import { printable } from "./configuration";
import { changedFiles, distinct, hasOtherSalt, lastChanges } from "./history";
import type { Kit } from "./kit";

const minute = (time: Date): string => `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** @param kits newest first */
export function describeKits(kits: Kit[]): string {
  const groups = distinct(kits);
  const lines = groups.map(({ newest, since }, index) => {
    const before = groups[index + 1]?.newest;
    const files = Object.entries(newest.manifest.objects).map(([file, { size }]) => `${file} (${inBytes(size)})`);
    return [
      `${minute(since)} to ${minute(newest.time)}, --manifest ${newest.versionId}`,
      ...(hasOtherSalt(newest, kits) ? ["  ANOTHER SALT than the oldest kit, or none"] : []),
      `  ${files.join(", ")}`,
      ...(before ? [`  changed: ${changedFiles(newest, before).join(", ")}`] : []),
    ].join("\n");
  });
  return lines.join("\n");
}

const inBytes = (size: number): string => (size < 1_000_000 ? `${size} bytes` : `${(size / 1e6).toFixed(1)} MB`);

/**
 * Since when each file is as it is in a kit: a change that nobody of the stage's people made is an intruder's.
 * @param kits newest first
 */
export function describeChanges(kit: Kit, kits: Kit[]): string {
  const lines = lastChanges(kit, kits).map(({ file, isGone, first, before }) =>
    before
      ? `  ${file}: ${isGone ? "gone" : "another"} since ${minute(first.time)}; --manifest ${before.versionId} is the last kit before`
      : `  ${file}: the same since the oldest kit, ${minute(first.time)}`,
  );
  return lines.join("\n");
}

export interface Fetched {
  stage: StageConfig;
  destination: BackupDestinationConfig;
  folder: string;
  files: string[];
  /** The stage as the kit's configuration has it, where that is valid. */
  kept: StageConfig | undefined;
}

/** The commands from a fetched kit to a running stage. What an intruder may have written is quoted, or of a fixed form. */
export function nextCommands({ stage, destination, folder, files, kept }: Fetched): string[] {
  const { name } = stage;
  const zip = files.includes(FILES.redcap) && `${folder}/${FILES.redcap}`;
  return [
    ...(files.includes(FILES.stages)
      ? [`cp ${folder}/stages.ts stages.ts   # where yours is lost; in another account, write its accountId`]
      : []),
    ...(zip && !kept ? [`cp ${zip} releases/redcap<version>.zip   # as redCapLocalVersion in stages.ts has it`] : []),
    ...(zip && kept?.redCapLocalVersion ? [`cp ${zip} releases/redcap${kept.redCapLocalVersion}.zip`] : []),
    ...(zip && kept?.redCapS3Path ? [`aws s3 cp ${zip} 's3://${kept.redCapS3Path}'`] : []),
    `npm run bootstrap -- --stage ${name}`,
    "npm run cdktf -- deploy backup-destination   # where the account is another one",
    `npm run recovery-kit -- put-salt --stage ${name} --from ${folder}`,
    ...(kept && isImageInOwnAccount(kept)
      ? [
          `# ${printable(kept.service.image ?? "")} was in the stage's own account: where it is lost, build and push it again (docs/image.md), or let the stage build it`,
        ]
      : []),
    `npm run deploy -- --stage ${name}`,
    // In another account the restore finds none by itself: these are the copies, of the lost account's cluster as well.
    awsCommand(
      destination,
      `backup list-recovery-points-by-backup-vault --backup-vault-name ${destination.vaultName} --by-resource-type Aurora --query 'reverse(sort_by(RecoveryPoints,&CreationDate))[].[CreationDate,ResourceName,RecoveryPointArn]' --output text`,
    ),
    `npm run restore -- --stage ${name} --recovery-point <arn>   # one of these, from before the attack`,
    `rm -r ${folder}   # it holds the salt`,
  ];
}
