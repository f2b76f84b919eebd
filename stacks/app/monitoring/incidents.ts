// Messages about what is no metric: failovers, rotations that failed, findings of GuardDuty.
import { Construct } from "constructs";
import { arn, instanceIdentifier, type StageConfig, stageNames } from "../../../config";
import type { Notifications } from "../notifications";
import { announce } from "./announce";

export interface IncidentsProps {
  stage: StageConfig;
  notifications: Notifications;
}

/** GuardDuty calls 4 and above medium (GuardDuty user guide, severity levels). */
const MEDIUM = 4;

export class Incidents extends Construct {
  constructor(scope: Construct, id: string, { stage, notifications }: IncidentsProps) {
    super(scope, id);
    const { prefix, clusterIdentifier } = stageNames(stage);
    const { accountId, region, name } = stage;
    const instances = Array.from({ length: 1 + stage.db.dbReaders }, (_, index) =>
      instanceIdentifier(clusterIdentifier, index + 1),
    );
    announce(this, "database", {
      name: `${prefix}-database-events`,
      description: "Failovers, failures and maintenance of the database",
      // By whole names: a prefix would fit other stages, and what a restore leaves.
      pattern: {
        source: ["aws.rds"],
        "detail-type": ["RDS DB Cluster Event", "RDS DB Instance Event"],
        detail: {
          SourceIdentifier: [clusterIdentifier, ...instances],
          EventCategories: ["failover", "failure", "low storage", "maintenance", "security patching"],
        },
      },
      fields: { message: "$.detail.Message", source: "$.detail.SourceIdentifier", time: "$.time" },
      lines: [
        `REDCap ${name}: database <source> at <time>.`,
        "<message>",
        "A failover ends open requests; people can go on after a minute. After a failure: docs/recover.md.",
      ],
      notifications,
    });
    announce(this, "rotation", {
      name: `${prefix}-rotation-failed`,
      description: "Secrets Manager could not rotate a secret of the stage",
      // Comes through CloudTrail: in an account without a trail, only the functions' alarms tell (Secrets Manager user
      // guide, matching events with EventBridge).
      pattern: {
        source: ["aws.secretsmanager"],
        "detail-type": ["AWS Service Event via CloudTrail"],
        detail: {
          eventName: ["RotationFailed"],
          additionalEventData: { SecretId: [{ prefix: arn("secretsmanager", stage, `secret:${prefix}/`) }] },
        },
      },
      fields: { secret: "$.detail.additionalEventData.SecretId", time: "$.time" },
      lines: [
        `REDCap ${name}: the rotation of <secret> failed at <time>.`,
        "REDCap goes on with the value from before. The log of the function that rotates it says why; Secrets Manager tries again.",
      ],
      notifications,
    });
    announce(this, "finding", {
      name: `${prefix}-guardduty`,
      description: "Findings of GuardDuty in the stage's account, medium and above",
      pattern: {
        source: ["aws.guardduty"],
        "detail-type": ["GuardDuty Finding"],
        detail: { severity: [{ numeric: [">=", MEDIUM] }] },
      },
      fields: {
        title: "$.detail.title",
        type: "$.detail.type",
        severity: "$.detail.severity",
        finding: "$.detail.id",
        description: "$.detail.description",
      },
      lines: [
        `GuardDuty in account ${accountId} (${region}): <title>`,
        "Severity <severity>, type <type>.",
        "<description>",
        `https://${region}.console.aws.amazon.com/guardduty/home?region=${region}#/findings?search=id%3D<finding>`,
      ],
      notifications,
    });
  }
}
