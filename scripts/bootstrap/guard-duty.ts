// GuardDuty's detector with protection for what the project uses: S3, RDS and Lambda.
import {
  CreateDetectorCommand,
  type DetectorFeature,
  GetDetectorCommand,
  GuardDutyClient,
  ListDetectorsCommand,
  UpdateDetectorCommand,
} from "@aws-sdk/client-guardduty";
import { type Account, clientConfig } from "../aws";
import { findingOf, type Item, OWN_TAG } from "./item";

const FEATURES: DetectorFeature[] = ["S3_DATA_EVENTS", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS"];

export function guardDuty(account: Account): Item {
  const client = new GuardDutyClient(clientConfig(account));
  // A region has one detector at most.
  const detectorId = async () => (await client.send(new ListDetectorsCommand({}))).DetectorIds?.[0];
  const wanted = { Enable: true, Features: FEATURES.map((Name) => ({ Name, Status: "ENABLED" as const })) };
  return {
    name: `GuardDuty detector in ${account.region}`,
    async inspect() {
      const DetectorId = await detectorId();
      if (!DetectorId) return { state: "missing" };
      const detector = await client.send(new GetDetectorCommand({ DetectorId }));
      if (detector.Status !== "ENABLED") return { state: "wrong", what: "disabled" };
      // Somebody else's detector keeps the features that they chose.
      if (detector.Tags?.[OWN_TAG.key] !== OWN_TAG.value) return { state: "existing" };
      const on =
        detector.Features?.filter(({ Status }) => Status === "ENABLED").map(({ Name }) => Name as string) ?? [];
      return findingOf(Object.fromEntries(FEATURES.map((feature) => [feature, on.includes(feature)])));
    },
    async apply() {
      const DetectorId = await detectorId();
      if (DetectorId) await client.send(new UpdateDetectorCommand({ DetectorId, ...wanted }));
      else await client.send(new CreateDetectorCommand({ ...wanted, Tags: { [OWN_TAG.key]: OWN_TAG.value } }));
    },
  };
}
