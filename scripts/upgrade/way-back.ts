// How to take an upgrade back, with this stage's own names. MySQL takes no changed table back: the snapshot is the only way.
import { buildsImage } from "../../config";
import type { UpgradeContext } from "./context";

/** Commands for a person, in their order. What was written since the snapshot is lost. */
export function wayBack({ stage, journal }: UpgradeContext): string {
  const { previousTag, snapshotArn } = journal.facts;
  const version = previousTag?.replace(/-\d{14}$/, "");
  const was = buildsImage(stage) ? `the zip of REDCap ${version}` : "service.image of before";
  return [
    `  1. In stages.ts name ${was} again, then: npm run deploy -- --stage ${stage.name}`,
    ...(buildsImage(stage) ? [`  2. npm run image -- deploy --stage ${stage.name}`] : []),
    `  ${buildsImage(stage) ? 3 : 2}. npm run restore -- --stage ${stage.name} --recovery-point ${snapshotArn}`,
  ].join("\n");
}

/** Where a person switches cron on again. */
export const cronPlace = ({ names }: UpgradeContext): string =>
  `in EventBridge Scheduler enable schedule "${names.cronSchedule}" of group ${names.scheduleGroup} (where HTTP starts cron, the rule ${names.cronRule}).`;
