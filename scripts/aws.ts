// How scripts reach an AWS account: client settings from a location, and the check that it is the right account.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import { effectiveProfile, type Location } from "../config";
import { UserError } from "./command";

// The SDK warns of Node 20 on every command; what the project supports is in package.json's engines.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

export interface Account extends Location {
  profile?: string | undefined;
}

/** Settings for any SDK client of the account: `new RDSClient(clientConfig(stage))`. */
export function clientConfig({ region, profile }: Account) {
  const used = effectiveProfile(profile);
  return { region, maxAttempts: 5, credentials: fromNodeProviderChain(used ? { profile: used } : {}) };
}

/** A command of AWS's command line, for a person to type. */
export const awsCommand = ({ region, profile }: Account, command: string): string =>
  `aws ${command} --region ${region}${profile ? ` --profile '${profile.replaceAll("'", "'\\''")}'` : ""}`;

/**
 * Stops a command before it changes anything in the wrong account.
 * @throws UserError naming both account ids
 */
export async function assertAccount(account: Account): Promise<void> {
  const used = effectiveProfile(account.profile);
  const source = used ? `profile "${used}"` : "the environment";
  const identity = await new STSClient(clientConfig(account))
    .send(new GetCallerIdentityCommand({}))
    .catch((error: Error) => {
      const remedy = `Is ${used ? `[profile ${used}]` : "the profile"} in ~/.aws/config, and signed in? Credentials in the environment work, too.`;
      throw new UserError(`Account ${account.accountId} cannot be reached with ${source}: ${error.message}. ${remedy}`);
    });
  if (identity.Account !== account.accountId) {
    throw new UserError(
      `Wrong account: ${source} belongs to account ${identity.Account}, the configuration says ${account.accountId}. ` +
        "Nothing was changed. Use the right profile, or correct accountId in stages.ts.",
    );
  }
}
