// What pages tell people to type exists, and what people are told to do in production is on the page that they look at.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../config";
import { fieldsOfSchema, PAGES, textOf } from "./pages";

const { scripts } = JSON.parse(readFileSync(join(PROJECT_ROOT, "package.json"), "utf8")) as { scripts: object };
const fields = fieldsOfSchema();

/** Parts of a stage that have fields of their own. */
const PARTS = "db|service|waf|mail|network|backup|monitoring|protect|iam|budget|maintenanceServer";

test.each(PAGES)("commands and fields that %s names are there", (page) => {
  const text = textOf(page);
  const commands = [...text.matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map(([, name = ""]) => name);
  expect(commands.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  const named = [...text.matchAll(new RegExp(`\`((?:${PARTS})(?:\\.\\w+)+)(?::[^\`]*)?\``, "g"))]
    .map(([, name = ""]) => name)
    // A host name.
    .filter((name) => !name.includes(".acme"));
  expect(named.filter((name) => !fields.has(`stages[].${name}`) && !fields.has(name))).toEqual([]);
});

describe("procedures", () => {
  test.each<[procedure: string, page: string, ...said: string[]]>([
    ["a first deployment, from the sample", "deploy", "cp stages.sample.ts stages.ts", "npm run bootstrap", "`dev`"],
    ["two deployments at the same time", "deploy", "Two deployments at the same time are safe"],
    ["an existing zone is another stage's, too", "deploy", "A zone of its own is the safer choice"],
    ["SES from its sandbox to production", "mail", "redcapemailtest@gmail.com", "put-account-details"],
    ["the mail domain's status", "mail", "get-email-identity", "VerifiedForSendingStatus"],
    ["REDCap's own upgrade is not used", "upgrade", "REDCap's own upgrade page is not used", "development stage"],
    ["a snapshot before an upgrade, and the way back", "upgrade", "take-snapshot", "## Going back"],
    ["CodeBuild's Start build", "upgrade", '"Start build"', "`update_command`"],
    ["which service for which request", "service", "4,000 s", "120 s", "2026-04-30"],
    ["a change of the service's type", "service", "## Change the type", "10 to 20 minutes"],
    ["what takes longer than the service allows", "maintenance", "## When", "Session Manager plugin"],
    ["REDCap's base URL and CORS", "maintenance", "(CORS)", "https://localhost:8443/", "**set it back**"],
    ["the maintenance server's early end", "maintenance", "npm run maintenance -- stop"],
    ["warning: non-versioned files", "production", "Some non-versioned files are outdated"],
    ["warning: MySQL configuration", "production", "MySQL database configuration", "per connection"],
    ["warning: survey end-point", "production", "Survey end-point cannot be reached"],
    ["warning: MyCap", "production", "MyCap does not make API calls"],
    ["scaling and what it costs", "production", "`maxSize`", "| **together** |"],
    ["a person for upgrades", "production", "Name a person who does it"],
    ["files have versions", "production", "Bucket versions are on in every stage"],
    ["GuardDuty's three protections", "production", "S3, RDS and Lambda"],
    ["roles instead of keys", "production", "a function replaces every 30 days"],
    ["log-in to the database", "production", "decisions/database-authentication.md"],
    ["outbound traffic", "production", "npm run image -- compare", "`service.egress`"],
    ["parameters of the database", "production", "`db.maxAllowedPacket`", "can exhaust a small"],
    ["a pending reboot", "database", "waits for a reboot", "npm run database -- status"],
    ["a database from a snapshot", "database", "creates a **new** stage's database"],
    ["no delegation to a zone that is gone", "deploy", "take the NS record out first"],
    [
      "a stage's end",
      "deploy",
      "npm run destroy -- --stage dev",
      "the final snapshot of the database",
      "takes key and salt back",
    ],
  ])("%s", (_, page, ...said) => {
    // Wherever its lines end.
    const text = textOf(`docs/${page}.md`).replace(/\s+/g, " ");
    expect(said.filter((words) => !text.includes(words))).toEqual([]);
  });
});
