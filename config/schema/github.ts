// The repository whose workflows plan and deploy, by roles that GitHub's identity provider vouches for.
import { z } from "zod";
import { accountId, iam, tags } from "./common";

/** GitHub's environments of what is no stage; a stage's has the stage's name. */
export const ENVIRONMENTS = { backupDestination: "backup-account", route53Ns: "route53-ns" } as const;

export const github = z
  .strictObject({
    repository: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+$/, "Write owner/name, as in the repository's address.")
      .describe("Repository whose workflows may assume the roles, as owner/name."),
    branch: z
      .string()
      .regex(/^[\w./-]+$/, "Write the name of one branch.")
      .default("main")
      .describe("Branch that is deployed, and whose drift is looked for every night."),
    existingProviders: z
      .array(accountId)
      .default([])
      .describe(
        "Accounts that have GitHub's identity provider already: an account can have one. In all others it is created.",
      ),
    iam,
    tags: tags.default({}).describe("Tags of every resource of the stacks."),
  })
  .describe("Roles with which GitHub's workflows plan and deploy: one stack `github-<account id>` per account.");

export type GithubConfig = z.infer<typeof github>;
