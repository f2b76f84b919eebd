// A resource that was destroyed and made again under the same name and id is counted, a restored cluster is not.
import type { TerraformState } from "../../scripts/terraform";
import { type CreationDates, countDestroyed, identitiesOf } from "./identities";

interface Facts {
  key: string;
  cluster: string;
  secret: string;
  bucket: string;
  vault: string;
  zone: string;
}

const FACTS: Facts = {
  key: "k-1",
  cluster: "cluster-OLD",
  secret: "Ab12Cd",
  bucket: "2026-01-01",
  vault: "2026-01-02",
  zone: "Z1",
};
const CLUSTER = "app-prod aws_rds_cluster.cluster[0]";

function stateOf(facts: Facts): TerraformState {
  const resource = (type: string, attributes: Record<string, unknown>, mode = "managed") => ({
    mode,
    type,
    name: type.replace(/.*_/, ""),
    instances: [{ attributes }],
  });
  return {
    version: 4,
    serial: 1,
    outputs: {},
    resources: [
      resource("aws_kms_key", { id: "x", key_id: facts.key }),
      resource("aws_rds_cluster", { id: "redcap-prod", cluster_resource_id: facts.cluster }),
      resource("aws_secretsmanager_secret", { id: "x", arn: `arn:aws:secretsmanager:::secret:ddl-${facts.secret}` }),
      resource("aws_s3_bucket", { id: "files" }),
      resource("aws_backup_vault", { id: "redcap-prod" }),
      resource("aws_route53_zone", { id: "x", zone_id: facts.zone }),
      resource("aws_security_group", { id: String(Math.random()) }),
      resource("aws_kms_key", { id: String(Math.random()) }, "data"),
    ],
  };
}

const datesOf =
  (facts: Facts): CreationDates =>
  async (type) =>
    new Date(type === "aws_s3_bucket" ? facts.bucket : facts.vault);

const identities = (facts: Facts) => identitiesOf("app-prod", stateOf(facts), datesOf(facts));

async function destroyed(changes: Partial<Facts>, restored = "cluster-NEW") {
  const after = { ...FACTS, cluster: "cluster-NEW", ...changes };
  return countDestroyed(await identities(FACTS), await identities(after), { [CLUSTER]: restored });
}

test("the restored cluster alone is another one: nothing was destroyed", async () => {
  expect(Object.keys(await identities(FACTS))).toHaveLength(6);
  expect(await destroyed({})).toBe(0);
});

test.each<[string, Partial<Facts>]>([
  ["key", { key: "k-2" }],
  ["secret", { secret: "Ef34Gh" }],
  ["bucket", { bucket: "2026-02-01" }],
  ["vault", { vault: "2026-02-01" }],
  ["zone", { zone: "Z2" }],
  ["cluster, by another than the restored one,", { cluster: "cluster-EMPTY" }],
])("a %s made again under the same name is counted", async (_, changes) => {
  expect(await destroyed(changes)).toBe(1);
});

test("what is gone is counted", async () => {
  const before = await identities(FACTS);
  expect(countDestroyed(before, {}, {})).toBe(6);
  expect(countDestroyed(before, {}, { [CLUSTER]: "cluster-NEW" })).toBe(6);
});

test("a bucket that only the state knows, and a stateful type without a known identity, stop the comparison", async () => {
  await expect(identitiesOf("app-prod", stateOf(FACTS), async () => undefined)).rejects.toThrow(
    "app-prod aws_s3_bucket.bucket[0] has no identity",
  );
  const table = {
    mode: "managed",
    type: "aws_dynamodb_table",
    name: "locks",
    instances: [{ attributes: { id: "x" } }],
  };
  await expect(identitiesOf("app-prod", { ...stateOf(FACTS), resources: [table] }, datesOf(FACTS))).rejects.toThrow(
    "aws_dynamodb_table.locks[0] has no identity",
  );
});
