// `npm test` runs every part, adds up what passed and failed, and ends with one line and the right exit code.
import { checkMachine, checkNode, checkTerraform } from "../../scripts/test/machine";
import { type Part, runParts } from "../../scripts/test/parts";

jest.mock("../../scripts/providers/index", () => ({ checkProviders: () => Promise.resolve() }));

async function run(...parts: Part["run"][]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const named = parts.map((part, index) => ({ name: `part ${index + 1}`, run: part }));
  return { code: await runParts(named, (line) => lines.push(...line.split("\n"))), lines };
}
const gives = (passed: number, failed: number) => () => Promise.resolve({ passed, failed });

test("the last line adds up all parts", async () => {
  const { code, lines } = await run(gives(1, 0), gives(12, 0), gives(0, 0));
  expect(lines.at(-1)).toBe("13 passed, 0 failed");
  expect(lines).toContainEqual(expect.stringMatching(/^part 2 +0 s {3}12 passed, 0 failed$/));
  expect(code).toBe(0);
});

test("a part that fails or throws does not keep the next from running", async () => {
  const broken = () => Promise.reject(new Error("biome is not installed"));
  const { code, lines } = await run(gives(3, 2), broken, gives(4, 0));
  expect(lines.at(-1)).toBe("7 passed, 3 failed");
  expect(lines).toContain("biome is not installed");
  expect(code).toBe(1);
});

test("nothing passed is not success", async () => {
  const { code, lines } = await run(gives(0, 0));
  expect(lines.at(-1)).toBe("0 passed, 0 failed");
  expect(code).toBe(1);
});

describe("the machine", () => {
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  test("everything missing is said at once", async () => {
    process.env.PATH = "/nonexistent";
    const lines: string[] = [];
    const requireTools = () => Promise.reject(new Error("The local AWS needs openssl."));
    expect(await checkMachine(requireTools, (line) => lines.push(line))).toEqual({ passed: 0, failed: 2 });
    expect(lines).toEqual([
      "missing: Terraform is not on PATH. Install Terraform 1.10.0 or later: https://developer.hashicorp.com/terraform/install",
      "missing: The local AWS needs openssl.",
    ]);
  });

  test("Node.js is compared by number, not by letter", async () => {
    await expect(checkNode("20.9.0")).rejects.toThrow("Node.js 20.19 or later (this is 20.9.0)");
    await expect(checkNode("20.19.0")).resolves.toBeUndefined();
    await expect(checkNode("100.0.0")).resolves.toBeUndefined();
  });

  test("an old Terraform is refused, with its version", async () => {
    await expect(checkTerraform(() => Promise.resolve('{"terraform_version":"1.9.8"}'))).rejects.toThrow(
      "Terraform 1.9.8 is too old. Install Terraform 1.10.0 or later",
    );
    await expect(checkTerraform(() => Promise.resolve('{"terraform_version":"1.11.4"}'))).resolves.toBeUndefined();
  });
});
