// npm run docs:configuration: writes docs/configuration.md from the schema.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../config";
import { configurationPage } from "./docs/configuration";

writeFileSync(join(PROJECT_ROOT, "docs/configuration.md"), configurationPage());
