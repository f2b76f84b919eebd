// What must be gone before a stage goes.
import { type Deployment, findStage, validate } from "../../config";
import { requireDestroyable } from "../../scripts/destroy/destroyable";
import { requireNoServer } from "../../scripts/maintenance/running";
import { Servers } from "../../scripts/maintenance/servers";
import { sampleInput } from "../stacks/synth";

jest.mock("@aws-sdk/client-rds", () => ({
  ...jest.requireActual("@aws-sdk/client-rds"),
  RDSClient: class {
    send = async () => ({ DBClusters: [] });
  },
}));

const input = sampleInput();
const config: Deployment = validate({
  ...input,
  stages: input.stages.map((stage) => ({ ...stage, protect: { enabled: false, reason: "Tried, and not used." } })),
});
const prod = findStage(config, "prod");

test("a name that the parent zone still leads to the stage's", async () => {
  await expect(requireDestroyable(prod, config)).rejects.toThrow(
    /leads redcap\.example\.org to the zone of stage prod.*Remove the app "redcap".*npm run cdktf -- deploy route53-ns/,
  );
});

test("a maintenance server that runs", async () => {
  const servers = (ids: string[]) =>
    Object.assign(Object.create(Servers.prototype) as Servers, {
      live: async () => ids.map((instanceId) => ({ instanceId, expires: undefined })),
    });
  await expect(requireNoServer(prod, servers(["i-0abc"]))).rejects.toThrow(
    "The maintenance server i-0abc of stage prod runs. End it first: npm run maintenance -- stop --stage prod",
  );
  await expect(requireNoServer(prod, servers([]))).resolves.toBeUndefined();
});
