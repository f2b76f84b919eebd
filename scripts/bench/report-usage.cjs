// Preloaded into a measured process: tells its peak memory in kilobytes on file descriptor 3.
process.on("exit", () => require("node:fs").writeSync(3, String(process.resourceUsage().maxRSS)));
