// GuardDuty looks at S3, RDS and Lambda, and somebody else's detector keeps what they chose.
import { GuardDutyClient } from "@aws-sdk/client-guardduty";
import { guardDuty } from "../../../scripts/bootstrap/guard-duty";

const PROTECTION = ["S3_DATA_EVENTS", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS"];
const OURS = { "redcap:stack": "bootstrap" };
const item = guardDuty({ accountId: "111111111111", region: "eu-west-2" });

interface Detector {
  Status: string;
  Tags: Record<string, string>;
  Features: { Name: string; Status: string }[];
}
let detector: Detector | undefined;
let calls: { name: string; input: object }[];
const enabled = (...names: string[]) => names.map((Name) => ({ Name, Status: "ENABLED" }));

beforeEach(() => {
  detector = undefined;
  calls = [];
  jest.spyOn(GuardDutyClient.prototype, "send").mockImplementation((async (command: { input: Detector }) => {
    const { name } = command.constructor;
    calls.push({ name, input: command.input });
    if (name === "ListDetectorsCommand") return { DetectorIds: detector ? ["d-1"] : [] };
    if (name === "GetDetectorCommand") return detector;
    // As AWS: what is not named stays.
    detector = { ...(detector ?? {}), ...command.input, Status: "ENABLED" } as Detector;
    return {};
  }) as never);
});
afterEach(() => jest.restoreAllMocks());

test("one is made with protection of S3, RDS and Lambda, and is right afterwards", async () => {
  expect(await item.inspect()).toEqual({ state: "missing" });
  await item.apply();
  const made = calls.find(({ name }) => name === "CreateDetectorCommand");
  expect(made?.input).toEqual({ Enable: true, Features: enabled(...PROTECTION), Tags: OURS });
  expect(await item.inspect()).toEqual({ state: "right" });
});

test("a protection that somebody turned off is named, and turned on again", async () => {
  const [s3, rds] = PROTECTION as [string, string];
  detector = {
    Status: "ENABLED",
    Tags: OURS,
    Features: [...enabled(s3, rds), { Name: "LAMBDA_NETWORK_LOGS", Status: "DISABLED" }],
  };
  expect(await item.inspect()).toEqual({ state: "wrong", what: "LAMBDA_NETWORK_LOGS" });
  await item.apply();
  expect(calls.map(({ name }) => name)).not.toContain("CreateDetectorCommand");
  expect(await item.inspect()).toEqual({ state: "right" });
});

test("somebody else's is left as it is, unless it is off", async () => {
  detector = { Status: "ENABLED", Tags: {}, Features: [] };
  expect(await item.inspect()).toEqual({ state: "existing" });
  detector.Status = "DISABLED";
  expect(await item.inspect()).toEqual({ state: "wrong", what: "disabled" });
});
