// What may be written on the command line, and what is said about the rest.
import { requireWritable } from "../../../scripts/command";
import { parseBuildFlags, parseCompareFlags } from "../../../scripts/image/flags";

const build = { redcap: "redcap17.4.4.zip", php: "8.2" };

test("the least that is needed", () => {
  expect(parseBuildFlags(build)).toEqual(build);
});

test.each([
  "redcap:17.4.4",
  "redcap",
  "my-org/redcap_test:a.B-1",
  "111111111111.dkr.ecr.eu-west-2.amazonaws.com/x/redcap:1",
  "localhost:5000/redcap",
])("--tag %s is a name", (tag) => {
  expect(parseBuildFlags({ ...build, tag }).tag).toBe(tag);
});

test.each([
  [{ php: "8.3" }, '--php "8.3" is no PHP version of this image. Allowed: 8.2, 8.4.'],
  [{ acceptRisk: "yes, all" }, '--accept-risk "yes, all" is no name of a risk.'],
  [{ tag: "RedCap:1" }, '--tag "RedCap:1" is no image name. Write name:tag, in lower case, such as redcap:17.4.4.'],
  [{ tag: "--file=x" }, '--tag "--file=x" is no image name.'],
  [{ tag: "redcap:" }, '--tag "redcap:" is no image name.'],
  [{ tag: "a".repeat(300) }, "is too long."],
  [{ engine: "lxc" }, '--engine "lxc" is no engine this command knows. Allowed: docker, podman, buildah.'],
  [{ rdsCaSha256: "abc" }, '--rds-ca-sha256 "abc" is no SHA-256: write its 64 hexadecimal digits.'],
  [{ redcap: "" }, '--redcap "" is empty.'],
  [{ report: "x.md" }, '--report "x.md" has nothing to hold without --previous'],
  [{ contextOnly: "x", engine: "docker" }, '--engine "docker" is not used with --context-only'],
])("refuses %o", (flags, message) => {
  expect(() => parseBuildFlags({ ...build, ...flags })).toThrow(message);
});

test("every wrong option is named at once", () => {
  expect(() => parseBuildFlags({ redcap: "x", php: "7", tag: "X" })).toThrow(/^--php "7".*\n--tag "X".*$/);
});

test("the format of a comparison", () => {
  expect(() => parseCompareFlags({ previous: "a", next: "b", format: "xml" })).toThrow(
    '--format "xml" is no format. Allowed: md, json.',
  );
});

test("a file whose folder is not there is refused before the work", () => {
  expect(() => requireWritable("--out", "/no-such-folder/x.md")).toThrow(
    "--out /no-such-folder/x.md: the folder /no-such-folder is not there",
  );
});
