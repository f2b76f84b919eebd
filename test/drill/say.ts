// How the drill speaks: plain lines on stderr. Jest's console would put a stack trace under each.

export const say = (...lines: string[]): void => {
  for (const line of lines) process.stderr.write(`${line}\n`);
};
