// The one App: reads the stages and adds their stacks.
import { App } from "cdktf";
import {
  BACKUP_DESTINATION_STACK,
  ConfigurationError,
  CREATE_STAGES_HINT,
  type Deployment,
  githubNames,
  loadDeployment,
  ROUTE53_NS_STACK,
  stageNames,
  targetsByAccount,
} from "./config";
import { AppStack } from "./stacks/app";
import { BackupDestinationStack } from "./stacks/backup-destination";
import { BackupSourceStack } from "./stacks/backup-source";
import { GithubStack } from "./stacks/github";
import { Route53NsStack } from "./stacks/route53-ns";

/** @param outdir where the Terraform configuration goes; default: cdktf.out, or CDKTF_OUTDIR as the cdktf command sets it */
export function buildApp(config: Deployment, outdir?: string): App {
  const app = new App(outdir ? { outdir } : undefined);
  const { backupDestination, github, route53Ns } = config;
  for (const stage of config.stages) {
    const names = stageNames(stage);
    new AppStack(app, names.appStack, { stage, backupDestination });
    if (stage.backup.enabled) {
      new BackupSourceStack(app, names.backupSourceStack, { stage, backup: stage.backup, backupDestination });
    }
  }
  if (backupDestination)
    new BackupDestinationStack(app, BACKUP_DESTINATION_STACK, { backupDestination, stages: config.stages });
  if (route53Ns) new Route53NsStack(app, ROUTE53_NS_STACK, { route53Ns });
  if (github) {
    for (const [accountId, targets] of targetsByAccount(config))
      new GithubStack(app, githubNames.stack(accountId), { github, targets });
  }
  return app;
}

function main(): void {
  try {
    const { config, isSample } = loadDeployment();
    if (isSample) console.error(`No stages.ts: using stages.sample.ts. To make your own: ${CREATE_STAGES_HINT}`);
    const app = buildApp(config);
    app.synth();
    // The cdktf command says what it does itself.
    if (!process.env.CDKTF_OUTDIR) console.log(`${app.node.children.length} stacks are in ${app.outdir}/stacks.`);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

if (require.main === module) main();
