// Steps: the users get the passwords of their secrets (the snapshot holds old ones), then the content is checked as one of them.

import type { CheckResult } from "../../../functions/database-users/event";
import { UserError } from "../../command";
import type { Step } from "../../runbook/engine";
import { findCluster } from "../aurora";
import type { RestoreContext } from "../context";
import { callDatabaseUsers } from "../database-users";

async function clusterOf(context: RestoreContext, identifier: string) {
  const cluster = await findCluster(context.rds, identifier);
  if (!cluster?.Endpoint || !cluster.Port) throw new UserError(`Cluster ${identifier} has no endpoint.`);
  return {
    identifier,
    host: cluster.Endpoint,
    port: cluster.Port,
    masterSecretArn: cluster.MasterUserSecret?.SecretArn ?? context.fact("masterSecretArn"),
  };
}

export const setPasswords: Step<RestoreContext> = {
  name: "set-passwords",
  title: () => "set the database users' passwords from Secrets Manager",
  async run(context) {
    const cluster = await clusterOf(context, context.restoredIdentifier);
    // The secrets still name the live cluster: only their passwords are used.
    await callDatabaseUsers(context, { action: "ensure", cluster, writeSecrets: false });
    return undefined;
  },
};

export const checkContent: Step<RestoreContext> = {
  name: "check-content",
  title: () => "check what was restored, as the application's user",
  async run(context) {
    const cluster = await clusterOf(context, context.restoredIdentifier);
    const content = (await callDatabaseUsers(context, { action: "check", cluster })) as CheckResult;
    // A job can succeed and hold nothing: the job's status proves less than what is in the database.
    if (content.tables === 0 || content.rows === 0)
      throw new UserError(
        `Database ${content.database} of ${cluster.identifier} holds nothing (${content.tables} tables, ${content.rows} rows). The old cluster was not touched; try another recovery point.`,
      );
    context.journal.learn({ content });
    return `${content.tables} tables, ${content.rows.toLocaleString("en")} rows, newest log entry ${content.newestLogEvent ?? "none"}`;
  },
};

/** Self-managed credentials: with another identifier, the host in every secret changes, too. */
export const updateSecrets: Step<RestoreContext> = {
  name: "update-secrets",
  title: () => "write the new host into the database users' secrets",
  skip: ({ options }) => (options.keepIdentifier ? undefined : "the endpoint keeps its name"),
  async run(context) {
    await callDatabaseUsers(context, { action: "ensure", cluster: await clusterOf(context, context.finalIdentifier) });
    return undefined;
  },
  async undo(context) {
    await callDatabaseUsers(context, {
      action: "ensure",
      cluster: await clusterOf(context, context.fact("previousIdentifier")),
    });
    return undefined;
  },
};

/** The name that the application uses must lead to what was checked: a name can lag behind its change. */
export const checkLive: Step<RestoreContext> = {
  name: "check-live",
  title: (context) => `check that ${context.finalIdentifier} answers with the restored content`,
  async run(context) {
    const cluster = await clusterOf(context, context.finalIdentifier);
    const live = (await callDatabaseUsers(context, { action: "check", cluster })) as CheckResult;
    const restored = context.fact("content");
    // Where the service serves already, people have logged in meanwhile.
    const sameLog = context.journal.facts.resumedForApply || live.newestLogEvent === restored.newestLogEvent;
    if (live.tables !== restored.tables || !sameLog) {
      throw new UserError(
        `${cluster.identifier} answers with ${live.tables} tables, newest log entry ${live.newestLogEvent}; restored were ` +
          `${restored.tables}, ${restored.newestLogEvent}. Wait a minute and give the same command again.`,
      );
    }
    return undefined;
  },
};
