// What a function is configured with.

/** @throws Error that names the variable which its environment lacks */
export function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`The function's environment lacks ${name}.`);
  return value;
}
