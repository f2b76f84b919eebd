// Versions of Aurora MySQL, such as 8.0.mysql_aurora.3.10.0.

/** Compares part by part: negative where `a` is older. */
export function compareVersions(a: string, b: string): number {
  const numbers = (text: string) => text.split(/\D+/).filter(Boolean).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The minor line that a version is of: 3.10 of 8.0.mysql_aurora.3.10.0. */
export const minorLine = (version: string): string => /mysql_aurora\.(\d+\.\d+)\./.exec(version)?.[1] ?? version;
