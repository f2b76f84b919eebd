// How bootstrap brings items about: looks first, asks, changes what is not right, and nothing the second time.
import { converge } from "../../../scripts/bootstrap/converge";
import { type Finding, findingOf, type Item, mustExist, onceReady, orNone } from "../../../scripts/bootstrap/item";
import { UserError } from "../../../scripts/command";

/** An item that is right once it was applied. */
function item(name: string, found: Finding) {
  let finding = found;
  const apply = jest.fn(async () => {
    finding = { state: "right" };
  });
  return { name, inspect: jest.fn(async () => finding), apply } satisfies Item;
}

const account = () => [
  item("key", { state: "right" }),
  item("bucket", { state: "missing" }),
  item("table", { state: "wrong", what: "encryption" }),
  item("detector", { state: "existing" }),
];

const failing = (name: string) => Object.assign(new Error(name), { name });

/** Runs with a terminal or without. */
async function withTerminal<T>(isTTY: boolean, body: () => Promise<T>): Promise<T> {
  const before = process.stdin.isTTY;
  process.stdin.isTTY = isTTY;
  try {
    return await body();
  } finally {
    process.stdin.isTTY = before;
  }
}

test("creates and corrects with --yes, one line per item, and changes nothing the second time", async () => {
  const items = account();
  const lines: string[] = [];
  const options = { yes: true, print: (line: string) => lines.push(line) };
  expect(await converge(items, options)).toEqual({ changed: 2, pending: 0 });
  expect(lines.map((line) => line.trim().replace(/ {2,}/, ": "))).toEqual([
    "already right: key",
    "created: bucket",
    "corrected: table (encryption)",
    "existing (not ours): detector",
  ]);
  expect(await converge(items, options)).toEqual({ changed: 0, pending: 0 });
  expect(items.map(({ apply }) => apply.mock.calls.length)).toEqual([0, 1, 1, 0]);
});

test("--dry-run says what would be done and does nothing", async () => {
  const items = account();
  const lines: string[] = [];
  const result = await converge(items, { dryRun: true, yes: true, print: (line) => lines.push(line) });
  expect(result).toEqual({ changed: 0, pending: 2 });
  expect(lines.join("\n")).toMatch(/to be created +bucket\n +to be corrected +table \(encryption\)/);
  for (const { apply } of items) expect(apply).not.toHaveBeenCalled();
});

test("without a terminal and without --yes, nothing is changed", async () => {
  const items = account();
  await withTerminal(false, () =>
    expect(converge(items, { print: () => undefined })).rejects.toThrow(/nobody to ask.*--yes/),
  );
  for (const { apply } of items) expect(apply).not.toHaveBeenCalled();
});

test("with nothing to do nobody is asked", async () => {
  const items = [item("key", { state: "right" })];
  await withTerminal(false, () =>
    expect(converge(items, { print: () => undefined })).resolves.toEqual({ changed: 0, pending: 0 }),
  );
});

test("missing rights name the item, without a stack trace", async () => {
  const denied = {
    ...item("key", { state: "right" }),
    inspect: async () => Promise.reject(failing("AccessDeniedException")),
  };
  await expect(converge([denied], { yes: true })).rejects.toThrow(new UserError("key: AccessDeniedException"));
});

test("an item that should exist is checked, never made", async () => {
  const existing = (finding: Finding) => mustExist(item("detector", finding), "accounts.guardDuty").inspect();
  expect(await existing({ state: "right" })).toEqual({ state: "existing" });
  expect(await existing({ state: "existing" })).toEqual({ state: "existing" });
  await expect(existing({ state: "missing" })).rejects.toThrow(
    new UserError(
      'detector: accounts.guardDuty says "existing", but there is none. Mend it, or set accounts.guardDuty to "create".',
    ),
  );
  await expect(existing({ state: "wrong", what: "disabled" })).rejects.toThrow(/not as needed \(disabled\)/);
});

test("settings that are wrong are named", () => {
  expect(findingOf({ versioning: true, encryption: true })).toEqual({ state: "right" });
  expect(findingOf({ versioning: false, encryption: true, policy: false })).toEqual({
    state: "wrong",
    what: "versioning, policy",
  });
});

describe("answers by which AWS says", () => {
  test('"there is none" are no errors, others are', async () => {
    expect(await orNone(Promise.reject(failing("NotFoundException")), "NotFoundException")).toBeUndefined();
    expect(await orNone(Promise.resolve(1), "NotFoundException")).toBe(1);
    await expect(orNone(Promise.reject(failing("Throttled")), "NotFoundException")).rejects.toThrow("Throttled");
  });

  test('"not yet" are tried again, others are not', async () => {
    const request = jest.fn().mockRejectedValueOnce(failing("NotYet")).mockResolvedValueOnce(undefined);
    await onceReady(request, "NotYet");
    expect(request).toHaveBeenCalledTimes(2);
    const refused = jest.fn().mockRejectedValue(failing("AccessDenied"));
    await expect(onceReady(refused, "NotYet")).rejects.toThrow("AccessDenied");
    expect(refused).toHaveBeenCalledTimes(1);
  });
});
