// Which accounts a bootstrap command means.
import {
  accountSettings,
  type Deployment,
  findStage,
  recoveryKitBucket,
  stageNames,
  type TargetFlags,
} from "../../config";
import type { Account } from "../aws";
import { UserError } from "../command";
import type { BootstrapOptions } from "./index";

export interface AccountToPrepare {
  /** What the account is for, in the words of the configuration. */
  label: string;
  account: Account;
  options: Pick<BootstrapOptions, "settings" | "filesBuckets" | "crossAccount">;
}

/** Of all stages in the account, in whatever region: its trail is one. */
const filesBucketsOf = (config: Deployment, accountId: string): string[] =>
  config.stages.filter((stage) => stage.accountId === accountId).map((stage) => stageNames(stage).filesBucket);

/** @throws UserError if nothing was named, or something that the configuration lacks; ConfigurationError for a stage that is not there */
export function accountsToPrepare(config: Deployment, flags: TargetFlags): AccountToPrepare[] {
  const { backupDestination, route53Ns } = config;
  const crossAccount = backupDestination && { organizationId: backupDestination.organizationId };
  const targets: AccountToPrepare[] = [];
  if (flags.stage) {
    const stage = findStage(config, flags.stage);
    targets.push({
      label: `stage ${stage.name}`,
      account: stage,
      options: {
        settings: accountSettings(config, stage.accountId),
        filesBuckets: filesBucketsOf(config, stage.accountId),
        crossAccount: stage.backup.enabled ? crossAccount : undefined,
      },
    });
  }
  if (flags.backupAccount) {
    if (!backupDestination) throw new UserError("--backup-account: the configuration has no backupDestination.");
    const settings = accountSettings(config, backupDestination.accountId);
    targets.push({
      label: "backup account",
      account: backupDestination,
      // Who read the salt is worth a line in the trail, too.
      options: { settings, filesBuckets: [recoveryKitBucket(backupDestination)], crossAccount },
    });
  }
  if (flags.route53Ns) {
    if (!route53Ns) throw new UserError("--route53-ns: the configuration has no route53Ns.");
    targets.push({ label: "account of the parent domain", account: route53Ns, options: {} });
  }
  if (targets.length === 0) {
    const stages = config.stages.map(({ name }) => name).join(", ");
    throw new UserError(`Say which account: --stage <name> (${stages}), --backup-account, --route53-ns.`);
  }
  return targets;
}
