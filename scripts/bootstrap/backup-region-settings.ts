// AWS Backup's opt-in of a region: without it, plans skip Aurora without a word.
import { BackupClient, DescribeRegionSettingsCommand, UpdateRegionSettingsCommand } from "@aws-sdk/client-backup";
import { type Account, clientConfig } from "../aws";
import { findingOf, type Item } from "./item";

const NEEDED = ["Aurora", "S3"];

export function backupRegionSettings(account: Account): Item {
  const backup = new BackupClient(clientConfig(account));
  const optedIn = async () =>
    (await backup.send(new DescribeRegionSettingsCommand({}))).ResourceTypeOptInPreference ?? {};
  return {
    name: `AWS Backup opt-in for ${NEEDED.join(" and ")} in ${account.region}`,
    async inspect() {
      const preference = await optedIn();
      return findingOf(Object.fromEntries(NEEDED.map((type) => [type, preference[type] === true])));
    },
    async apply() {
      // The whole map, so that the account's choice for every other type stays as it is.
      await backup.send(
        new UpdateRegionSettingsCommand({
          ResourceTypeOptInPreference: {
            ...(await optedIn()),
            ...Object.fromEntries(NEEDED.map((type) => [type, true])),
          },
        }),
      );
    },
  };
}
