// The repository whose workflows plan and deploy, by roles that GitHub's identity provider vouches for.
import { z } from "zod";
import { accountId, iam, tags } from "./common";

/** GitHub's environments of what is no stage; a stage's has the stage's name. */
export const ENVIRONMENTS = { backupDestination: "backup-account", route53Ns: "route53-ns" } as const;

export const github = z
  .strictObject({
    repository: z
      .string()
      .regex(
        /^[\w.-]+(@\d+)?\/[\w.-]+(@\d+)?$/,
        "Write owner/name, or owner@id/name@id as the subject of the repository's tokens begins.",
      )
      .describe(
        "Repository whose workflows may assume the roles, as in the subject of its tokens behind `repo:`: owner@id/name@id for repositories made since 15 July 2026, owner/name for older ones that have not changed over. `gh api repos/{owner}/{repo}/actions/oidc/customization/sub` shows it.",
      ),
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
