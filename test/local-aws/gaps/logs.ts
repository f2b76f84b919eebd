// CloudWatch Logs: the key of a log group that is there already, and metric filters that are put again. moto takes a key only
// when it makes the group, and keeps every filter beside the one of the same name.
import type { MotoClient } from "../host/moto-client";
import { AwsError, json, jsonBody, type Service } from "../service";

interface LogGroup {
  logGroupName: string;
  kmsKeyId?: string;
}

export function logGroups(moto: MotoClient): Service {
  /** Key by account, region and group; null once it was taken away. */
  const keys = new Map<string, string | null>();
  return async (request) => {
    if (request.service !== "logs") return undefined;
    const at = (group: string) => [request.account, request.region, group].join(" ");
    const {
      logGroupName = "",
      kmsKeyId = null,
      filterName,
    } = jsonBody<{ logGroupName?: string; kmsKeyId?: string; filterName?: string }>(request);
    switch (request.action) {
      case "AssociateKmsKey":
      case "DisassociateKmsKey": {
        const found = await moto.json(request, "logs", "Logs_20140328.DescribeLogGroups", {
          logGroupNamePrefix: logGroupName,
        });
        if (!(found.logGroups as LogGroup[]).some((group) => group.logGroupName === logGroupName))
          throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.");
        keys.set(at(logGroupName), request.action === "AssociateKmsKey" ? kmsKeyId : null);
        return json({});
      }
      case "PutMetricFilter":
        // "Creates or updates" (CloudWatch Logs API reference). Where there is none, moto deletes none and says nothing.
        await moto.json(request, "logs", "Logs_20140328.DeleteMetricFilter", { filterName, logGroupName });
        return undefined;
      case "DeleteLogGroup":
        keys.delete(at(logGroupName));
        return undefined;
      case "DescribeLogGroups": {
        const answer = await moto.forward(request);
        if (answer.status >= 400) return answer;
        const { logGroups, ...rest } = JSON.parse(answer.body.toString()) as { logGroups: LogGroup[] };
        const shown = logGroups.map((group) => {
          const key = keys.get(at(group.logGroupName));
          return key === undefined ? group : { ...group, kmsKeyId: key ?? undefined };
        });
        return json({ ...rest, logGroups: shown });
      }
      default:
        return undefined;
    }
  };
}
