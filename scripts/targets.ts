// npm run targets: what is deployed together, and by which roles, as JSON for the matrix of a workflow.
import { Command } from "commander";
import { type Deployment, githubNames, loadOwnDeployment, roleArn, type Target, targetsOf } from "../config";
import { run, UserError } from "./command";

function entry({ environment, flag, accountId, region }: Target, { iam }: NonNullable<Deployment["github"]>) {
  const role = (name: string) => roleArn({ accountId, region, iam }, name);
  return {
    environment,
    // One word, for a shell.
    flag: flag.replace(" ", "="),
    region,
    planRole: role(githubNames.planRole),
    readyRole: role(githubNames.readyRole),
    deployRole: role(githubNames.deployRole(environment)),
  };
}

new Command("targets")
  .description("Prints the targets of stages.ts with the roles of github, as one line of JSON.")
  .action(() =>
    run(async () => {
      const { config } = loadOwnDeployment();
      if (!config.github)
        throw new UserError(
          'stages.ts has no github: add github: { repository: "owner@id/name@id" }: docs/pull-requests.md.',
        );
      const { github } = config;
      console.log(JSON.stringify(targetsOf(config).map((target) => entry(target, github))));
    }),
  )
  .parse();
