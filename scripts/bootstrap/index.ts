// Prepares an account for everything else: Terraform's state, and what exists once per account and region.
import { type AccountConfig, stateNames } from "../../config";
import { type Account, assertAccount } from "../aws";
import { backupRegionSettings } from "./backup-region-settings";
import { privateBucket } from "./bucket";
import { cloudTrail, trailItem } from "./cloud-trail";
import { awsConfig, configRecorder } from "./config-recorder";
import { type Convergence, type ConvergeOptions, converge } from "./converge";
import { guardDuty } from "./guard-duty";
import { type Item, mustExist } from "./item";
import { kmsKey } from "./key";
import { lockTable } from "./lock-table";
import { crossAccountProblem } from "./organization";

export interface BootstrapOptions extends ConvergeOptions {
  /** The account's own settings: which to create, which exist. Left out: only Terraform's state is prepared. */
  settings?: AccountConfig | undefined;
  /** Of all stages in the account. */
  filesBuckets?: string[] | undefined;
  /** If given, cross-account backup is checked as well, and that the account is in this organization if it has an id. */
  crossAccount?: { organizationId?: string | undefined } | undefined;
}

export interface BootstrapResult extends Convergence {
  /** Why cross-account copies would fail, where they would. */
  crossAccountProblem: string | undefined;
}

/** Days that replaced versions of a state file are kept: longer than any mistake stays unnoticed. */
const STATE_HISTORY_DAYS = 365;

/**
 * Brings an account to what the stacks need. Running it again changes nothing.
 * @throws UserError for the wrong account (before anything is changed), a bucket of somebody else's, a setting that
 * should exist and does not
 */
export async function bootstrapAccount(account: Account, options: BootstrapOptions): Promise<BootstrapResult> {
  await assertAccount(account);
  const items = [
    ...stateItems(account),
    ...(options.settings ? await settingsItems(account, options.settings, options.filesBuckets ?? []) : []),
  ];
  const convergence = await converge(items, options);
  const problem = options.crossAccount && (await crossAccountProblem(account, options.crossAccount.organizationId));
  return { ...convergence, crossAccountProblem: problem };
}

/** Days that a reviewed plan waits for its deployment. It holds secrets, and the state has usually changed long before. */
const PLAN_DAYS = 14;

function stateItems(account: Account): Item[] {
  const { bucket, lockTable: table, keyAlias, plansPrefix } = stateNames(account);
  return [
    kmsKey(account, { alias: keyAlias, description: "Terraform state" }),
    privateBucket(account, {
      purpose: "state bucket",
      bucket,
      keyAlias,
      noncurrentDays: STATE_HISTORY_DAYS,
      shortLived: { prefix: plansPrefix, days: PLAN_DAYS },
    }),
    lockTable(account, table, keyAlias),
  ];
}

async function settingsItems(account: Account, settings: AccountConfig, filesBuckets: string[]): Promise<Item[]> {
  const at = (field: string) => `accounts["${account.accountId}"].${field}`;
  const owned = (field: "backupRegionSettings" | "guardDuty", item: Item) =>
    settings[field] === "create" ? item : mustExist(item, at(field));
  const trail = { filesBuckets, retentionDays: settings.trailRetentionDays };
  return [
    owned("backupRegionSettings", backupRegionSettings(account)),
    ...(settings.guardDuty === "off" ? [] : [owned("guardDuty", guardDuty(account))]),
    ...(settings.cloudTrail === "create"
      ? await cloudTrail(account, trail)
      : [mustExist(trailItem(account, trail), at("cloudTrail"))]),
    ...(settings.awsConfig === "create"
      ? await awsConfig(account)
      : [mustExist(configRecorder(account), at("awsConfig"))]),
  ];
}
