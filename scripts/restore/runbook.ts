// The recovery runbook: its steps in order, and what is said at the end.
import { reverse, type Step } from "../runbook/engine";
import type { RestoreContext } from "./context";
import { addInstances } from "./steps/add-instances";
import { planGateApply, protectBackups, reviewPlan, verifyPlan } from "./steps/apply";
import { applySettings } from "./steps/apply-settings";
import { canRollBack } from "./steps/can-roll-back";
import { copyBack } from "./steps/copy-back";
import { findRecoveryPointStep } from "./steps/find-recovery-point";
import { preconditions } from "./steps/preconditions";
import { removeRestored } from "./steps/remove-restored";
import { restoreCluster } from "./steps/restore-cluster";
import { saveState } from "./steps/save-state";
import { startService, stopService, waitUntilHealthy } from "./steps/service";
import { swapNames } from "./steps/swap-names";
import { checkContent, checkLive, setPasswords, updateSecrets } from "./steps/users";
import { writeIdentifier } from "./steps/write-identifier";

type RestoreStep = Step<RestoreContext>;

/** Everything up to a restored, checked cluster beside the old one; the old one is not touched. */
const restoreBeside = (recoveryPointArn: string): RestoreStep[] => [
  findRecoveryPointStep(recoveryPointArn),
  preconditions,
  copyBack,
  restoreCluster,
  applySettings,
  addInstances,
  setPasswords,
  checkContent,
];

const backInService: RestoreStep[] = [startService, waitUntilHealthy, protectBackups, verifyPlan];

/** The whole runbook. */
export const restoreSteps = (recoveryPointArn: string): RestoreStep[] => {
  const [find, check, ...rest] = restoreBeside(recoveryPointArn) as [RestoreStep, RestoreStep, ...RestoreStep[]];
  return [
    find,
    check,
    saveState,
    ...rest,
    reviewPlan,
    stopService,
    swapNames,
    writeIdentifier,
    updateSecrets,
    planGateApply,
    checkLive,
    ...backInService,
  ];
};

/** Practice on a real account: nothing deleted, nothing swapped. */
export const rehearsalSteps = (recoveryPointArn: string): RestoreStep[] => [
  ...restoreBeside(recoveryPointArn),
  removeRestored,
];

/** The same swap back. The restored cluster is kept under its own name. */
export const rollbackSteps: RestoreStep[] = [
  canRollBack,
  reviewPlan,
  stopService,
  reverse(swapNames, (context) => `give the old cluster the name ${context.fact("previousIdentifier")} again`),
  reverse(
    writeIdentifier,
    (context) => `write db.clusterIdentifier: "${context.fact("previousIdentifier")}" to the configuration`,
  ),
  reverse(updateSecrets, () => "write the old host into the database users' secrets"),
  planGateApply,
  ...backInService,
];
