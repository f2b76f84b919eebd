// The upgrade, step by step: look, cron off, snapshot, new image, new tables, cron on.
import { DescribeTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import {
  CreateDBClusterSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  waitUntilDBClusterSnapshotAvailable,
} from "@aws-sdk/client-rds";
import { buildsImage } from "../../config";
import { UserError } from "../command";
import { liveTag, requireDeployed, rollOut } from "../image/deploy";
import { requireNoServer } from "../maintenance/running";
import { findCluster } from "../restore/aurora";
import { disableCron, enableCron, stopCronTasks } from "../restore/cron";
import type { Step } from "../runbook/engine";
import { targetOf, type UpgradeContext } from "./context";
import { runUpgradeTask } from "./task";

type UpgradeStep = Step<UpgradeContext>;

/** Seconds: a snapshot of terabytes takes hours the first time. */
const SNAPSHOT_SECONDS = 6 * 3_600;

const look: UpgradeStep = {
  name: "look",
  title: ({ names }) => `look at ${names.appStack} as it is deployed`,
  readOnly: true,
  async run(context) {
    const { stage, names, rds, ecs, journal } = context;
    if (buildsImage(stage)) await requireDeployed(stage);
    // It would go on with the old code on the new tables.
    await requireNoServer(stage, context.servers);
    const cluster = await findCluster(rds, names.clusterIdentifier);
    if (cluster?.Status !== "available" || !cluster.DbClusterResourceId)
      throw new UserError(
        `Cluster ${names.clusterIdentifier} is ${cluster?.Status ?? "not there"}: it must be available.`,
      );
    journal.learn({ clusterResourceId: cluster.DbClusterResourceId });
    await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: names.upgradeTask })).catch(() => {
      throw new UserError(
        `There is no task ${names.upgradeTask}. Deploy first: npm run deploy -- --stage ${stage.name}`,
      );
    });
    if (!buildsImage(stage)) return `its image is built elsewhere, and ${targetOf(stage)} must be deployed already`;
    const previousTag = journal.facts.previousTag ?? (await liveTag(stage));
    if (!previousTag) throw new UserError(`Stage ${stage.name} has no live image. Deploy first.`);
    journal.learn({ previousTag });
    return `${previousTag} is live`;
  },
};

const takeSnapshot: UpgradeStep = {
  name: "take-snapshot",
  title: ({ names, snapshot }) => `take snapshot ${snapshot} of ${names.clusterIdentifier}`,
  async run(context) {
    const { rds, names, snapshot: DBClusterSnapshotIdentifier, journal } = context;
    await rds
      .send(
        new CreateDBClusterSnapshotCommand({
          DBClusterIdentifier: names.clusterIdentifier,
          DBClusterSnapshotIdentifier,
        }),
      )
      // Of the run that was interrupted.
      .catch((error: Error) => {
        if (!/AlreadyExists/.test(error.name)) throw error;
      });
    await context.awsWait(() =>
      waitUntilDBClusterSnapshotAvailable(
        { client: rds, minDelay: 1, maxDelay: 20, maxWaitTime: SNAPSHOT_SECONDS },
        { DBClusterSnapshotIdentifier },
      ),
    );
    const { DBClusterSnapshots = [] } = await rds.send(
      new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier }),
    );
    const snapshotArn = DBClusterSnapshots[0]?.DBClusterSnapshotArn as string;
    journal.learn({ snapshotArn });
    return snapshotArn;
  },
};

/**
 * New code on old tables, or a run in the middle of a change of tables: neither is tried by anybody. Before the snapshot,
 * since what cron sends after it would be sent again by whoever goes back.
 */
const stopCron: UpgradeStep = {
  name: "stop-cron",
  title: () => "stop cron",
  async run(context) {
    const said = await disableCron(context);
    await stopCronTasks(context, "REDCap is being upgraded");
    return said;
  },
};

const rollOutImage: UpgradeStep = {
  name: "roll-out",
  title: ({ stage }) => `build and roll out ${targetOf(stage)}`,
  skip: ({ stage }) => (buildsImage(stage) ? undefined : "the image is built elsewhere and deployed by Terraform"),
  async run({ stage, progress, journal }) {
    const tag = await rollOut(stage, (doing) => progress.update(doing));
    journal.learn({ tag });
    return `${tag} is live`;
  },
};

const upgradeDatabase: UpgradeStep = {
  name: "upgrade-database",
  title: ({ names }) => `run ${names.upgradeTask}, which brings the database to the image's version`,
  run: runUpgradeTask,
};

const startCron: UpgradeStep = {
  name: "start-cron",
  title: () => "start cron, where it ran before",
  run: async (context) => (await enableCron(context)) ?? "it was off",
};

export const upgradeSteps: UpgradeStep[] = [look, stopCron, takeSnapshot, rollOutImage, upgradeDatabase, startCron];
