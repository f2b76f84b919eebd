// What a reviewer is told about a new REDCap zip.
import { compareZips } from "../../../scripts/image/compare";
import { toMarkdown } from "../../../scripts/image/comparison-report";
import { openRedcapZip } from "../../../scripts/image/redcap-zip";
import { redcapZip, temporaryFolder, zipOf } from "./zips";

const { write } = temporaryFolder();
const compare = async (previous: Buffer, next: Buffer) =>
  compareZips(
    await openRedcapZip(write("previous.zip", previous), "--previous"),
    await openRedcapZip(write("next.zip", next), "--next"),
  );
const files = (before: Record<string, string>, after: Record<string, string>) =>
  compare(redcapZip("15.4.0", before), redcapZip("15.5.0", after));

test("another version of the same content has no changes", async () => {
  const same = { "v/Classes/A.php": "a", "modules/m_v1/B.php": "https://b.io" };
  const { previous, next, files: changes, folders, hosts } = await files(same, same);
  expect([previous, next]).toEqual(["15.4.0", "15.5.0"]);
  expect(changes).toEqual({ added: [], removed: [], changed: [], unchanged: 5 });
  expect(folders).toEqual({});
  expect(hosts).toEqual({ first: [], harmless: [], gone: [] });
});

test.each([
  ["15.10.0", "15.9.3", true],
  ["15.9.3", "15.10.0", false],
  ["15.4.0", "15.4.0", false],
])("from %s to %s is a downgrade: %s", async (before, after, downgrade) => {
  const comparison = await compare(redcapZip(before), redcapZip(after));
  expect(comparison.downgrade).toBe(downgrade);
  const [title, , warning] = toMarkdown(comparison).split("\n");
  expect(title).toBe(`# REDCap ${after}, compared with ${before}`);
  const text = `**Warning: the previous version, ${before}, is higher than the next, ${after}. Were the zips swapped?**`;
  expect(warning === text).toBe(downgrade);
});

test("files are added, removed and changed, by folder", async () => {
  const { files: changes, folders } = await files(
    { "v/Classes/A.php": "a", "v/Classes/Sub/Old.php": "", "v/top.php": "1", "api/index.php": "1", "cron.php": "1" },
    { "v/Classes/A.php": "b", "v/Classes/New.php": "", "v/top.php": "2", "api/index.php": "2", "cron.php": "2" },
  );
  expect(changes).toEqual({
    added: ["redcap_v*/Classes/New.php"],
    removed: ["redcap_v*/Classes/Sub/Old.php"],
    changed: ["api/index.php", "cron.php", "redcap_v*/Classes/A.php", "redcap_v*/top.php"],
    unchanged: 3,
  });
  expect(folders).toEqual({
    ".": { added: 0, removed: 0, changed: 1 },
    api: { added: 0, removed: 0, changed: 1 },
    "redcap_v*": { added: 0, removed: 0, changed: 1 },
    "redcap_v*/Classes": { added: 1, removed: 1, changed: 1 },
  });
});

test("a host is new only where the version before names it nowhere", async () => {
  const { hosts } = await files(
    { "v/A.php": "https://old.io https://moved.io https://gone.io http://10.0.0.1/", "v/B.php": "" },
    {
      "v/A.php": "https://old.io",
      "v/B.php": "\n\nhttps://moved.io 'ssl://collector.io' http://www.w3.org/2000/svg http://127.0.0.1/",
      "v/Resources/c.js": "\n'//collector.io/x'",
      "v/picture.png": "https://picture.io",
    },
  );
  expect(hosts.first).toEqual([
    {
      host: "collector.io",
      places: [
        { file: "redcap_v*/B.php", line: 3 },
        { file: "redcap_v*/Resources/c.js", line: 2 },
      ],
    },
  ]);
  expect(hosts.harmless.map(({ host, reason }) => [host, reason])).toEqual([
    ["127.0.0.1", "loopback address"],
    ["www.w3.org", "XML namespace"],
  ]);
  expect(hosts.gone).toEqual([{ host: "gone.io", places: [{ file: "redcap_v*/A.php", line: 1 }] }]);
});

test("a file that was there under another name is looked at like any other", async () => {
  const { hosts } = await files({ "v/a.bin": "https://new.io" }, { "v/a.php": "https://new.io" });
  expect(hosts.first.map(({ host }) => host)).toEqual(["new.io"]);
});

test("what lies beside redcap/ in a zip is not compared", async () => {
  const full = { "redcap/install.php": "", "redcap/redcap_v15.4.0/index.php": "" };
  const { files: changes } = await compare(zipOf(full), zipOf({ ...full, "README.txt": "https://x.io" }));
  expect(changes).toEqual({ added: [], removed: [], changed: [], unchanged: 2 });
});

test("the report says where, folds long lists, and gives numbers by folder", async () => {
  const many = Object.fromEntries(
    Array.from({ length: 35 }, (_, index) => [`v/many/${index + 10}.php`, "https://new.io"]),
  );
  const report = toMarkdown(await files({ "v/A.php": "https://gone.io" }, many));
  expect(report).toContain("# REDCap 15.5.0, compared with 15.4.0\n");
  expect(report).toMatch(
    /- \*\*`new\.io`\*\* in `redcap_v\*\/many\/10\.php:1`, .*`redcap_v\*\/many\/14\.php:1` … and 30 more/,
  );
  expect(report).toContain("35 added, 1 removed, 0 changed, 3 the same.");
  expect(report).toContain("| `redcap_v*/many` | 35 | 0 | 0 |");
  expect(report).toMatch(/### Added\n\n(- `.*`\n){30}\n… and 5 more/);
  expect(report).toContain("## Hosts that disappeared\n\n- **`gone.io`** in `redcap_v*/A.php:1`");
});

test("without changes the report says so", async () => {
  const report = toMarkdown(await files({}, {}));
  expect(report).toContain("## Hosts that appear for the first time\n\nNone.");
  expect(report).toContain("0 added, 0 removed, 0 changed, 3 the same.");
  expect(report).not.toContain("|");
});

test("a name in the zip cannot write into the report", async () => {
  const report = toMarkdown(await files({}, { "v/é`\n# Approved | \u202ex.php": "" }));
  expect(report).toContain("- `redcap_v*/é??# Approved ? ?x.php`");
});

test("two zips of 20,000 files take seconds", async () => {
  const text = "<?php // a comment\n$x = 'https://old.io/' . f(\"//cdn.io/x\");\n".repeat(20);
  const make = (version: string, extra: string) => {
    const all: Record<string, string> = {};
    for (let index = 0; index < 20_000; index++) {
      all[`v/folder${index % 40}/${index}.php`] = text + index + (index % 100 ? "" : extra);
    }
    return redcapZip(version, all);
  };
  const [before, after] = [make("15.4.0", ""), make("15.5.0", "https://new.io")];
  // Of the process, not of the clock: other tests run beside it.
  const start = process.cpuUsage();
  const { files: changes, hosts } = await compare(before, after);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1e6).toBeLessThan(10);
  expect(changes.changed).toHaveLength(200);
  expect(hosts.first[0]?.places).toHaveLength(200);
}, 60_000);
