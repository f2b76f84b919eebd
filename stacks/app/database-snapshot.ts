// A cluster that is created from a snapshot: what the plan refuses, so that nothing is believed to be restored that is not.
import { DataAwsDbClusterSnapshot } from "@cdktf/provider-aws/lib/data-aws-db-cluster-snapshot";
import { DataAwsRdsClusters } from "@cdktf/provider-aws/lib/data-aws-rds-clusters";
import { conditional, Fn, type Postcondition, Token } from "cdktf";
import type { Construct } from "constructs";
import { type StageConfig, stageNames } from "../../config";

/**
 * On the cluster itself, whose state keeps the snapshot that it was created from: AWS does not tell. Another one, or one that
 * is named only now, would otherwise be passed over in silence.
 */
export function createdFrom(stage: StageConfig): Postcondition[] {
  const snapshot = stage.db.dbSnapshotId;
  if (!snapshot) return [];
  return [
    {
      condition: `\${self.snapshot_identifier == ${JSON.stringify(snapshot)}}`,
      errorMessage:
        `db.dbSnapshotId: stage ${stage.name} has a database already, which was not created from ${snapshot}. A snapshot is read ` +
        `when a database is created. To bring one back into this stage: npm run restore -- --stage ${stage.name} ` +
        "--recovery-point <the snapshot's ARN>. Without db.dbSnapshotId everything stays as it is.",
    },
  ];
}

/** Aurora restores into the snapshot's engine version or a later one. Asked only before the cluster is created. */
export function refuseNewerSnapshot(scope: Construct, id: string, stage: StageConfig): void {
  const { dbSnapshotId, engineVersion } = stage.db;
  if (!dbSnapshotId) return;
  // All of them: whether a filter that matches none is an error, AWS does not say.
  const { clusterIdentifiers } = new DataAwsRdsClusters(scope, `${id}-clusters`, {});
  const exists = Fn.contains(clusterIdentifiers, stageNames(stage).clusterIdentifier);
  const snapshot = new DataAwsDbClusterSnapshot(scope, id, {
    // Later it may be deleted.
    count: Token.asNumber(conditional(exists, 0, 1)),
    dbClusterSnapshotIdentifier: dbSnapshotId,
    includeShared: dbSnapshotId.startsWith("arn:"),
    lifecycle: {
      postcondition: [
        {
          condition: `\${try(${rankOf("self.engine_version")}, 0) <= ${rankOf(JSON.stringify(engineVersion))}}`,
          errorMessage:
            `db.engineVersion: snapshot ${dbSnapshotId} has engine version \${self.engine_version}, and stage ${stage.name} would get ` +
            `${engineVersion}, which is older. Set db.engineVersion to "\${self.engine_version}".`,
        },
      ],
    },
  });
  snapshot.overrideLogicalId(id);
}

/** A number that grows with the version: of 8.0.mysql_aurora.3.10.1, 3.10.1 counts. */
const rankOf = (version: string): string =>
  [1_000_000, 1_000, 1]
    .map((weight, index) => `tonumber(split(".", ${version})[${index + 3}]) * ${weight}`)
    .join(" + ");
