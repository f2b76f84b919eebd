// Which zips are taken for a REDCap, and what is said about the others.
import { openRedcapZip } from "../../../scripts/image/redcap-zip";
import { redcapZip, temporaryFolder, zipOf, zipWithDoubles } from "./zips";

const { write } = temporaryFolder();
const open = (zip: Buffer | string) => openRedcapZip(write("redcap.zip", zip), "--redcap");
const LINK = 0o120777 * 2 ** 16;
const full = { "redcap/install.php": "", "redcap/redcap_v15.5.0/index.php": "" };

async function contents(zip: Buffer): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { path, data } of (await open(zip)).files()) found[path] = data.toString();
  return found;
}

test("a full zip gives its version and its files, packed and stored", async () => {
  const zip = zipOf({
    "redcap/": "",
    "redcap/install.php": ["<?php install();", { level: 6 }],
    "redcap/redcap_v15.5.0/": "",
    "redcap/redcap_v15.5.0/index.php": "<?php index();",
    "redcap/temp/empty.txt": "",
  });
  expect((await open(zip)).version).toBe("15.5.0");
  expect(await contents(zip)).toEqual({
    "install.php": "<?php install();",
    "redcap_v15.5.0/index.php": "<?php index();",
    "temp/empty.txt": "",
  });
});

test("what macOS adds to a zip is no part of it", async () => {
  const zip = zipOf({ ...full, "__MACOSX/redcap/._install.php": "x", "redcap/.DS_Store": "x" });
  expect(Object.keys(await contents(zip))).toEqual(["install.php", "redcap_v15.5.0/index.php"]);
});

test.each<[string, Buffer | string, RegExp]>([
  ["no zip", "<html>Please log in</html>", /not a whole zip file .*Download it again/],
  ["a cut-off zip", redcapZip().subarray(0, 200), /not a whole zip file/],
  ["an empty zip", zipOf({}), /no folder redcap\/redcap_v<version>\/. At its top: nothing/],
  [
    "another zip",
    zipOf({ "wordpress/index.php": "", "a.txt": "" }),
    /not a REDCap zip: .*At its top: a\.txt, wordpress\./,
  ],
  ["a version's folder alone", zipOf({ "redcap_v15.5.0/index.php": "" }), /looks like an upgrade zip/],
  ["redcap/ without install.php", zipOf({ "redcap/redcap_v15.5.0/index.php": "" }), /looks like an upgrade zip/],
  [
    "two versions",
    zipOf({ ...full, "redcap/redcap_v14.0.1/index.php": "" }),
    /it holds redcap_v14\.0\.1 and redcap_v15\.5\.0; one version is right/,
  ],
  [
    "no number",
    zipOf({ "redcap/install.php": "", "redcap/redcap_vNext/a.php": "" }),
    /"Next" in redcap_vNext is no version/,
  ],
  [
    "a path that leads out",
    zipOf({ ...full, "redcap/../../etc/cron.d/x": "" }),
    /invalid relative path: redcap\/\.\.\//,
  ],
  ["an absolute path", zipOf({ ...full, "/etc/cron.d/x": "" }), /absolute path: \/etc/],
  ["a Windows path", zipOf({ ...full, "redcap\\..\\x": "" }), /invalid characters in fileName: redcap\\/],
  ["a winding path", zipOf({ ...full, "redcap/./install.php": "" }), /"redcap\/\.\/install\.php" is no plain path/],
  [
    "a symbolic link",
    zipOf({ ...full, "redcap/edocs": ["/etc", { os: 3, attrs: LINK }] }),
    /"redcap\/edocs" is a link/,
  ],
  [
    "the same name twice",
    zipWithDoubles([...Object.entries(full), ["redcap/install.php", "<?php system($_GET[0]);"]]),
    /"redcap\/install\.php" is in it twice/,
  ],
  [
    "a file and a folder of one name",
    zipWithDoubles([...Object.entries(full), ["redcap/install.php/", ""]]),
    /"redcap\/install\.php" is in it twice/,
  ],
])("refuses %s", async (_, zip, message) => {
  const refusal = open(zip);
  await expect(refusal).rejects.toThrow(message);
  await expect(refusal).rejects.toThrow(/^--redcap .*redcap\.zip: /);
});

test("an encrypted file is named", async () => {
  const zip = zipOf({ "redcap/install.php": ["<?php", { level: 6 }], "redcap/redcap_v15.5.0/index.php": "" });
  const directory = zip.indexOf(Buffer.from("PK\x01\x02"));
  zip.writeUInt16LE(zip.readUInt16LE(directory + 8) | 1, directory + 8);
  await expect(contents(zip)).rejects.toThrow(/"redcap\/install\.php" is encrypted/);
});

test("a changed byte is noticed", async () => {
  const zip = zipOf({ ...full, "redcap/a.txt": "content" });
  zip.write("C", zip.indexOf("content"));
  await expect(contents(zip)).rejects.toThrow(/"redcap\/a\.txt" is damaged \(its checksum does not match\)/);
});

test("a file that unpacks to more than it says is not unpacked", async () => {
  const zip = zipOf({ ...full, "redcap/a.txt": ["a".repeat(10_000_000), { level: 1 }] });
  const directory = zip.lastIndexOf(Buffer.from("PK\x01\x02"));
  zip.writeUInt32LE(10, directory + 24);
  await expect(contents(zip)).rejects.toThrow(/"redcap\/a\.txt" is damaged \(.*larger than 11 bytes/);
});
