// The comparison of two REDCap zips as Markdown, for a reviewer: hosts first, then files.
import type { Comparison, FolderChanges, HostChange } from "./compare";

/** Names shown of each kind; JSON has them all. */
const NAMES = 30;
const PLACES = 5;

/** The whole report; ends with a newline. */
export function toMarkdown(comparison: Comparison): string {
  const { previous, next, downgrade, files, folders, hosts } = comparison;
  return `${[
    `# REDCap ${next}, compared with ${previous}`,
    ...(downgrade
      ? [`**Warning: the previous version, ${previous}, is higher than the next, ${next}. Were the zips swapped?**`]
      : []),
    "`redcap_v*` is the version's own folder; it is compared under one name.",
    ...hostSection(hosts),
    "## Files",
    `${files.added.length} added, ${files.removed.length} removed, ${files.changed.length} changed, ${files.unchanged} the same.`,
    ...folderTable(folders),
    ...nameList("Added", files.added),
    ...nameList("Removed", files.removed),
    ...nameList("Changed", files.changed),
  ].join("\n\n")}\n`;
}

function hostSection({ first, harmless, gone }: Comparison["hosts"]): string[] {
  const meaning =
    "Named in the code of this version and not of the one before: who is it, what is sent there, and who turned it on?";
  return [
    "## Hosts that appear for the first time",
    ...(first.length ? [meaning, list(first.map(hostLine))] : ["None."]),
    ...(harmless.length
      ? ["New, but of no concern:", list(harmless.map((change) => `${hostLine(change)}, ${change.reason}`))]
      : []),
    ...(gone.length ? ["## Hosts that disappeared", list(gone.map(hostLine))] : []),
  ];
}

function hostLine({ host, places }: HostChange): string {
  const shown = places.slice(0, PLACES).map(({ file, line }) => code(`${file}:${line}`));
  return `**${code(host)}** in ${shown.join(", ")}${more(places.length - PLACES)}`;
}

function folderTable(folders: Record<string, FolderChanges>): string[] {
  const rows = Object.entries(folders).map(
    ([folder, { added, removed, changed }]) => `| ${code(folder)} | ${added} | ${removed} | ${changed} |`,
  );
  return rows.length ? [["| folder | added | removed | changed |", "|---|---:|---:|---:|", ...rows].join("\n")] : [];
}

function nameList(title: string, names: string[]): string[] {
  if (!names.length) return [];
  return [`### ${title}`, `${list(names.slice(0, NAMES).map(code))}${more(names.length - NAMES, "\n\n")}`];
}

const list = (lines: string[]) => lines.map((line) => `- ${line}`).join("\n");
const more = (count: number, separator = " ") =>
  count > 0 ? `${separator}… and ${count} more (all of them: --format json)` : "";

/** Names come from a zip: nothing in them may end the code span, the table's cell or the line. */
const code = (text: string) => `\`${text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}`|]/gu, "?")}\``;
