// Tags of whatever AWS Backup owns: vaults, plans, recovery points, frameworks, report plans, restore testing plans.

import { notFound } from "./errors";
import type { Handlers } from "./protocol";
import type { BackupState, Tags } from "./state";

export function tagHandlers(state: BackupState): Handlers {
  return {
    ListTags: (input, { account }) => ({ Tags: tagsOf(state, account, input.ResourceArn) }),
    TagResource: (input, { account }) => {
      Object.assign(tagsOf(state, account, input.ResourceArn), input.Tags);
      return {};
    },
    UntagResource: (input, { account }) => {
      const tags = tagsOf(state, account, input.ResourceArn);
      for (const key of input.TagKeyList ?? []) delete tags[key];
      return {};
    },
  };
}

/** @throws AwsError ResourceNotFoundException. */
function tagsOf(state: BackupState, account: string, arn: string | undefined): Tags {
  const { vaults, plans, documents } = state.of(account);
  const owned = [...vaults.values(), ...plans.values(), ...documents.values(), ...state.recoveryPoints(account)];
  const found = owned.find((one) => one.arn === arn);
  if (!found) throw notFound(`Resource ${arn} does not exist.`);
  return found.tags;
}
