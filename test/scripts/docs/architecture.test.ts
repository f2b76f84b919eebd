import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../config";
import { architecturePicture } from "../../../scripts/docs/architecture";

test("docs/architecture.svg is drawn from docs/architecture.dot; if not: npm run docs", async () => {
  expect(readFileSync(join(PROJECT_ROOT, "docs/architecture.svg"), "utf8")).toBe(await architecturePicture());
});
