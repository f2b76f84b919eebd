// Which accounts a bootstrap command means, and what is brought about in each.
import { validate } from "../../../config";
import { records } from "../../../scripts/bootstrap/config-recorder";
import { accountsToPrepare } from "../../../scripts/bootstrap/targets";
import sample from "../../../stages.sample";

const config = validate({ ...sample, accounts: { "222222222222": { guardDuty: "existing" } } });

test("a stage's account, with the cross-account check where the stage is backed up", () => {
  const [prod] = accountsToPrepare(config, { stage: "prod" });
  expect(prod).toMatchObject({ label: "stage prod", account: { accountId: "111111111111", profile: "redcap" } });
  expect(prod?.options.crossAccount).toEqual({ organizationId: undefined });
  expect(accountsToPrepare(config, { stage: "dev" })[0]?.options.crossAccount).toBeUndefined();
});

test("several accounts in one command, each with its own settings", () => {
  const targets = accountsToPrepare(config, { stage: "prod", backupAccount: true });
  expect(targets.map(({ account, options }) => [account.accountId, options.settings?.guardDuty])).toEqual([
    ["111111111111", "create"],
    ["222222222222", "existing"],
  ]);
  expect(targets.map(({ options }) => options.filesBuckets)).toEqual([
    ["redcap-dev-files-111111111111-eu-west-2", "redcap-prod-files-111111111111-eu-west-2"],
    ["redcap-recovery-kit-222222222222-eu-west-2"],
  ]);
});

test("the parent domain's account gets a place for state and nothing else", () => {
  const route53Ns = { accountId: "333333333333", region: "eu-west-2", domain: "example.org" };
  expect(accountsToPrepare(validate({ ...sample, route53Ns }), { route53Ns: true })).toEqual([
    { label: "account of the parent domain", account: expect.objectContaining(route53Ns), options: {} },
  ]);
});

test.each([
  [{}, /Say which account: --stage <name> \(dev, prod\)/],
  [{ stage: "prd" }, /--stage prd: there is no such stage. Configured: dev, prod/],
  [{ route53Ns: true }, /no route53Ns/],
])("%j is refused", (flags, message) => {
  expect(() => accountsToPrepare({ ...config, route53Ns: undefined }, flags)).toThrow(message);
});

test("a recorder of somebody else's is judged by what it records", () => {
  expect(records({ recordingGroup: { allSupported: true } })).toBe(true);
  expect(records({ recordingGroup: { resourceTypes: ["AWS::S3::Bucket"] } })).toBe(false);
  expect(records({ recordingGroup: { exclusionByResourceTypes: { resourceTypes: ["AWS::S3::Bucket"] } } })).toBe(false);
  expect(records({ recordingGroup: { exclusionByResourceTypes: { resourceTypes: ["AWS::IAM::User"] } } })).toBe(true);
});
