// Who GitHub vouches for. GitHub, "OpenID Connect reference": the subject names the repository and why the job runs.
import type { DataAwsIamPolicyDocumentStatementCondition as PolicyCondition } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";

export const ISSUER = "token.actions.githubusercontent.com";
/** What aws-actions/configure-aws-credentials asks GitHub's token for. */
export const AUDIENCE = "sts.amazonaws.com";

/**
 * @param repository as its tokens name it, with or without ids: a name alone could be taken over once it is given up
 * @param reasons such as `pull_request` or `environment:prod`; each exactly, since wildcards let other branches in
 */
export const fromGithub = (repository: string, reasons: string[]): PolicyCondition[] => [
  { test: "StringEquals", variable: `${ISSUER}:aud`, values: [AUDIENCE] },
  { test: "StringEquals", variable: `${ISSUER}:sub`, values: reasons.map((reason) => `repo:${repository}:${reason}`) },
];
