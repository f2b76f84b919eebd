// Which credentials a command uses for an account: the environment's, where there are some, else the configured profile.

const ENVIRONMENT_CREDENTIALS = [
  "AWS_ACCESS_KEY_ID",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/**
 * The profile to use, or undefined where the environment brings credentials (a pipeline's role, `aws sso` exports).
 * Which account they belong to is checked by whoever uses them.
 */
export function effectiveProfile(profile: string | undefined): string | undefined {
  return ENVIRONMENT_CREDENTIALS.some((name) => process.env[name]) ? undefined : profile;
}
