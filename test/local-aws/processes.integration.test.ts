// The servers of the local AWS end with their owner, however it ends, and the next start removes what it left.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CreateDBClusterCommand, DescribeDBClustersCommand, RDSClient } from "@aws-sdk/client-rds";
import { startLocalAws } from ".";
import { until } from "./host/processes";

jest.setTimeout(60_000);

const OWNER = `
  const { startLocalAws } = require(${JSON.stringify(join(__dirname, "index.ts"))});
  (async () => {
    const accounts = [{ id: "111111111111", profile: "redcap" }];
    const aws = await startLocalAws({ accounts, region: "eu-west-2" });
    const { endpoint, dataFolder } = aws;
    console.log(JSON.stringify({ endpoint, dataFolder, credentials: aws.credentials("111111111111") }));
    setInterval(() => undefined, 1000);
  })();`;

interface Started {
  endpoint: string;
  dataFolder: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString()));
    child.once("exit", (code) => reject(new Error(`The owner ended with ${code}.`)));
  });
}

const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

test.each(["SIGKILL", "SIGINT"] as const)("no server outlives an owner ended by %s", async (signal) => {
  const owner = spawn(process.execPath, ["--require", "tsx/cjs", "-e", OWNER], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const started = JSON.parse(await firstLine(owner)) as Started;
  const rds = new RDSClient({ region: "eu-west-2", endpoint: started.endpoint, credentials: started.credentials });
  await rds.send(
    new CreateDBClusterCommand({
      DBClusterIdentifier: "orphan",
      Engine: "aurora-mysql",
      MasterUsername: "admin",
      MasterUserPassword: "not-a-secret",
    }),
  );
  await until("the database", 30, async () => {
    const { DBClusters } = await rds.send(new DescribeDBClustersCommand({}));
    return DBClusters?.[0]?.Status === "available" ? true : undefined;
  });
  const servers = childrenOf(owner.pid as number);
  // moto and MariaDB, besides the helper that tsx compiles with.
  expect(servers.length).toBeGreaterThanOrEqual(2);

  owner.removeAllListeners("exit");
  owner.kill(signal);
  await until("the servers' end", 10, async () =>
    servers.some((pid) => existsSync(`/proc/${pid}`)) ? undefined : true,
  );
  await expect(fetch(started.endpoint)).rejects.toThrow();

  const next = await startLocalAws({ accounts: [{ id: "111111111111", profile: "redcap" }], region: "eu-west-2" });
  expect(existsSync(started.dataFolder)).toBe(false);
  await next.stop();
});
