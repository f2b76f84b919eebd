// Lambda's Node runtime, as far as a handler can tell: reads the event, calls the handler, writes what it gave.
const fs = require("node:fs");
const path = require("node:path");

// The authorities' file exists inside Lambda only.
const RUNTIME_CA_FILE = "/var/runtime/ca-cert.pem";
const { readFileSync } = fs;
fs.readFileSync = (file, ...options) =>
  readFileSync(file === RUNTIME_CA_FILE ? process.env.LOCAL_AWS_CA_FILE : file, ...options);

function finish(answer) {
  fs.writeSync(3, JSON.stringify(answer));
  process.exit(0);
}

function fail(thrown) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  finish({
    error: { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split("\n") },
  });
}

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);

async function run() {
  const { event, context, timeout } = JSON.parse(readFileSync(0, "utf8"));
  const end = Date.now() + timeout;
  const [file, ...names] = path.basename(process.env._HANDLER).split(".");
  const folder = path.join(process.env.LAMBDA_TASK_ROOT, path.dirname(process.env._HANDLER));
  const module = require(path.join(folder, file));
  const handler = names.reduce((value, name) => value?.[name], module);
  if (typeof handler !== "function") throw new Error(`${process.env._HANDLER} is undefined or not exported`);
  const getRemainingTimeInMillis = () => end - Date.now();
  finish({ value: await handler(event, { ...context, getRemainingTimeInMillis }) });
}

run().catch(fail);
