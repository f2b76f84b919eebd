// What is said where the organization does not allow copies to another account.
import { BackupClient } from "@aws-sdk/client-backup";
import { OrganizationsClient } from "@aws-sdk/client-organizations";
import { crossAccountProblem } from "../../../scripts/bootstrap/organization";

const account = { accountId: "111111111111", region: "eu-west-2" };
const COMMAND = "aws backup update-global-settings --global-settings isCrossAccountBackupEnabled=true";

/** Lets the organization and AWS Backup answer; an Error is thrown. */
function answers(organization: object, settings: object = {}) {
  const answer = (value: object) => async () => {
    if (value instanceof Error) throw value;
    return value;
  };
  jest.spyOn(OrganizationsClient.prototype, "send").mockImplementation(answer(organization) as never);
  jest.spyOn(BackupClient.prototype, "send").mockImplementation(answer(settings) as never);
}
const failing = (name: string) => Object.assign(new Error(`${name}!`), { name });
const organization = { Organization: { Id: "o-a1b2c3d4e5", MasterAccountId: "999999999999" } };

afterEach(() => jest.restoreAllMocks());

test("nothing where it is on", async () => {
  answers(organization, { GlobalSettings: { isCrossAccountBackupEnabled: "true" } });
  expect(await crossAccountProblem(account, "o-a1b2c3d4e5")).toBeUndefined();
});

test("the command and the management account where it is off", async () => {
  answers(organization, { GlobalSettings: { isCrossAccountBackupEnabled: "false" } });
  const problem = await crossAccountProblem(account);
  expect(problem).toContain("management account 999999999999");
  expect(problem).toContain(COMMAND);
});

test("both organizations where it is another than configured", async () => {
  answers(organization, { GlobalSettings: { isCrossAccountBackupEnabled: "true" } });
  expect(await crossAccountProblem(account, "o-zzzzzzzzzz")).toMatch(
    /o-a1b2c3d4e5, the configuration names o-zzzzzzzzzz/,
  );
});

test("that there is no organization", async () => {
  answers(failing("AWSOrganizationsNotInUseException"));
  expect(await crossAccountProblem(account)).toMatch(/is in no AWS organization/);
});

test("that it could not be read, and nothing swallowed", async () => {
  answers(organization, failing("AccessDeniedException"));
  expect(await crossAccountProblem(account)).toContain("AccessDeniedException!");
  answers(organization, failing("InternalFailure"));
  await expect(crossAccountProblem(account)).rejects.toThrow("InternalFailure!");
});
