// Where a stack is deployed, and as whom.
import { blocks, synthesizeApp } from "./synth";

const OWN = ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];

/** Provider and state backend, in an environment with these variables and without credentials of its own. */
function where(env: Record<string, string> = {}) {
  const rest = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN.includes(name)));
  const environment = jest.replaceProperty(process, "env", { ...rest, ...env });
  try {
    const { provider, terraform } = synthesizeApp({ region: "eu-west-1", profile: "clinic", ...elsewhere });
    return { provider: provider.aws?.[0], backend: blocks((terraform.backend as Record<string, unknown>).s3)[0] };
  } finally {
    environment.restore();
  }
}
/** What else of the sample names its region. */
const elsewhere = {
  backup: { enabled: false, optOutReason: "This is about the region." },
  service: {
    type: "fargate",
    image: "redcap:17.4.4",
    certificateArn: "arn:aws:acm:eu-west-1:111111111111:certificate/00000000-0000-4000-8000-000000000001",
  },
} as const;

test("provider and state are in the configured region and account, reached by the configured profile", () => {
  const { provider, backend } = where();
  expect(provider).toMatchObject({ region: "eu-west-1", profile: "clinic", allowed_account_ids: ["111111111111"] });
  expect(backend).toMatchObject({
    ...{ bucket: "redcap-tfstate-111111111111-eu-west-1", region: "eu-west-1", profile: "clinic" },
    ...{ dynamodb_table: "redcap-tfstate-lock", use_lockfile: true },
  });
});

test.each(OWN)("credentials of the environment win over the profile: %s", (name) => {
  const { provider, backend } = where({ [name]: "x" });
  expect([provider?.profile, backend?.profile]).toEqual([undefined, undefined]);
});
