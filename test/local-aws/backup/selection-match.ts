// Which resources a selection means.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelection.html

import type { BackupSelection, ConditionParameter } from "@aws-sdk/client-backup";
import { matchesWildcard } from "../policy-conditions";
import type { ResourceType, Tags } from "./state";

export interface Resource {
  arn: string;
  type: ResourceType;
  tags: Tags;
}

/**
 * Resources that match one of the ARNs or one of the tags; all, if neither is given. Of these only the ones that meet
 * every condition, and none that NotResources names.
 *
 * Opting in matters for what tags alone select; what an ARN names is taken without it:
 * https://docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateRegionSettings.html
 */
export function selectedResources(
  selection: BackupSelection,
  resources: Resource[],
  isOptedIn: (type: ResourceType) => boolean,
): Resource[] {
  const arns = selection.Resources ?? [];
  const tags = selection.ListOfTags ?? [];
  return resources.filter((resource) => {
    const isNamed = arns.some((pattern) => pattern !== "*" && matchesWildcard(pattern, resource.arn));
    const isTagged = tags.some((tag) => resource.tags[tag.ConditionKey ?? ""] === tag.ConditionValue);
    const isAny = arns.includes("*") || (arns.length === 0 && tags.length === 0);
    if (!isNamed && !((isTagged || isAny) && isOptedIn(resource.type))) return false;
    if ((selection.NotResources ?? []).some((pattern) => matchesWildcard(pattern, resource.arn))) return false;
    return meetsConditions(selection, resource.tags);
  });
}

function meetsConditions({ Conditions: conditions }: BackupSelection, tags: Tags): boolean {
  const value = ({ ConditionKey: key = "" }: ConditionParameter) => tags[key.replace(/^aws:ResourceTag\//, "")];
  const isEqual = (one: ConditionParameter) => value(one) === one.ConditionValue;
  const isLike = (one: ConditionParameter) => {
    const actual = value(one);
    return actual !== undefined && matchesWildcard(one.ConditionValue ?? "", actual);
  };
  return (
    (conditions?.StringEquals ?? []).every(isEqual) &&
    (conditions?.StringLike ?? []).every(isLike) &&
    !(conditions?.StringNotEquals ?? []).some(isEqual) &&
    !(conditions?.StringNotLike ?? []).some(isLike)
  );
}
