import { FIELDS } from "../../../scripts/redcap-config/fields";
import { checkSetting, readSettings, settingsSql } from "../../../scripts/redcap-config/sql";

const TRICKY = { institution: 'St. Mary\'s "Clinic"; DROP TABLE x -- \\ \n-- = {}', language_global: "Français" };

test("the file can be read again, whatever the values hold", () => {
  expect(readSettings(settingsSql(TRICKY))).toEqual(TRICKY);
});

test("a value is a string of SQL and nothing else", () => {
  const sql = settingsSql(TRICKY);
  expect(sql).toContain(String.raw`'St. Mary\'s \"Clinic\"; DROP TABLE x -- \\ \n-- = {}'`);
  expect(sql.split("\n").filter((line) => line.startsWith("UPDATE"))).toHaveLength(2);
});

test.each([
  ["institution", "  Example Hospital ", "Example Hospital"],
  ["autologout_timer", "30", "30"],
  ["homepage_contact_email", "", ""],
])("%s may be %j", (name, value, checked) => {
  expect(checkSetting(name, value)).toBe(checked);
});

test.each([
  ["autologout_timer", "soon", "Write a whole number."],
  ["autologout_timer", "1441", "Write a number from 0 to 1440."],
  ["project_contact_email", "nobody", "Write an email address such as redcap@example.org."],
  ["auth_meth_global", "ldaps", "Use one of none, table,"],
  ["auth_meth_global", "none", "With none, everybody who reaches REDCap is an administrator: choose another."],
  ["superusers_only_create_project", "yes", "Write 1 for yes or 0 for no."],
])("%s is never %j", (name, value, reason) => {
  expect(() => checkSetting(name, value)).toThrow(`${name}: ${JSON.stringify(value)} is not accepted. ${reason}`);
});

test("what the deployment owns is not asked for", () => {
  const owned = ["edoc_storage_option", "amazon_s3_key", "redcap_base_url", "from_email", "read_replica_enable"];
  expect(FIELDS.map(({ name }) => name).filter((name) => owned.includes(name))).toEqual([]);
  expect(() => checkSetting("redcap_base_url", "https://x.org/")).toThrow("this command does not set it");
});
