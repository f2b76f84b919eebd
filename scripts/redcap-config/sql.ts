// SQL for redcap_config that may run at every start: each setting is applied once for each change of its value here, and
// what an administrator changes afterwards stays.
import { escape as quote } from "mysql2";
import { UserError } from "../command";
import { FIELDS } from "./fields";

/** Table of hashes that the image keeps for the settings it owns itself. */
const APPLIED = "aws_applied_settings";

const HEADER = `-- Settings of REDCap, written by npm run gen:redcap-config. Every container runs them when it starts; by hand they can be run
-- as often as one likes. A value is applied once: what an administrator changes afterwards stays, until another value stands here.
-- Values, one comment line each, are what the command reads when it is run again.
`;

const MARK = "-- = ";

/** @param settings value by field name */
export function settingsSql(settings: Record<string, string>): string {
  const statements = Object.entries(settings).map(([name, value]) => {
    const [field, text] = [quote(name), quote(value)];
    return [
      `${MARK}${JSON.stringify({ [name]: value })}`,
      `UPDATE redcap_config SET value = ${text} WHERE field_name = ${field} AND NOT EXISTS (`,
      `  SELECT 1 FROM ${APPLIED} WHERE field_name = ${field} AND value_sha256 = SHA2(${text}, 256));`,
      `INSERT INTO ${APPLIED} (field_name, value_sha256) VALUES (${field}, SHA2(${text}, 256))`,
      "  ON DUPLICATE KEY UPDATE value_sha256 = VALUES(value_sha256);",
    ].join("\n");
  });
  return `${HEADER}\n${statements.join("\n\n")}\n`;
}

/** The settings that a file of `settingsSql` holds. */
export function readSettings(sql: string): Record<string, string> {
  const lines = sql.split("\n").filter((line) => line.startsWith(MARK));
  return Object.assign({}, ...lines.map((line) => JSON.parse(line.slice(MARK.length)) as Record<string, string>));
}

/** One answer. An empty one leaves the row alone. @throws UserError naming the field, the value and what is accepted */
export function checkSetting(name: string, value: string): string {
  const field = FIELDS.find((entry) => entry.name === name);
  if (!field) {
    throw new UserError(
      `${name}: this command does not set it. It sets ${FIELDS.map((entry) => entry.name).join(", ")}.`,
    );
  }
  if (value === "") return "";
  const result = field.value.safeParse(value);
  if (result.success) return result.data;
  throw new UserError(`${name}: ${JSON.stringify(value)} is not accepted. ${result.error.issues[0]?.message}`);
}
