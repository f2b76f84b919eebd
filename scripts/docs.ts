// npm run docs: writes docs/configuration.md from the schema, and docs/architecture.svg from its drawing.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../config";
import { run } from "./command";
import { architecturePicture } from "./docs/architecture";
import { configurationPage } from "./docs/configuration";

const write = (name: string, text: string) => writeFileSync(join(PROJECT_ROOT, "docs", name), text);

void run(async () => {
  write("configuration.md", configurationPage());
  write("architecture.svg", await architecturePicture());
});
