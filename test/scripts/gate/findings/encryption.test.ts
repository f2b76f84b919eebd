// Plans after which less is encrypted, with another key, or with older TLS.
import { create, replace, update } from "../plans";
import { type Case, dangersOf, testDangers } from "./dangers";

const KEY = "arn:aws:kms:eu-west-2:111111111111:key/1";
const SSE = "aws_s3_bucket_server_side_encryption_configuration.files";
const LISTENER = "aws_lb_listener.https";
const sse = (sse_algorithm: string, kms_master_key_id: string | null) => ({
  rule: [{ apply_server_side_encryption_by_default: [{ sse_algorithm, kms_master_key_id }], bucket_key_enabled: true }],
});
const parameters = (value: string) => ({
  parameter: [{ name: "require_secure_transport", value, apply_method: "immediate" }],
});
const MODERN = "ELBSecurityPolicy-TLS13-1-2-2021-06";

const CASES: Case[] = [
  [
    "a secret loses its key",
    [update("aws_secretsmanager_secret.salt", { kms_key_id: KEY }, { kms_key_id: "" })],
    "drop-key aws_secretsmanager_secret.salt",
  ],
  [
    "a topic loses its key",
    [update("aws_sns_topic.operations", { kms_master_key_id: KEY }, { kms_master_key_id: null })],
    "drop-key aws_sns_topic.operations",
  ],
  [
    "a database without encryption",
    [create("aws_rds_cluster.cluster", { storage_encrypted: false })],
    "unencrypt aws_rds_cluster.cluster",
  ],
  [
    "a disk without encryption",
    [update("aws_ebs_volume.data", { encrypted: true }, { encrypted: false })],
    "unencrypt aws_ebs_volume.data",
  ],
  [
    "a key is not rotated any more",
    [update("aws_kms_key.files", { enable_key_rotation: true }, { enable_key_rotation: false })],
    "stop-key-rotation aws_kms_key.files",
  ],
  [
    "a key is disabled",
    [update("aws_kms_key.files", { is_enabled: true }, { is_enabled: false })],
    "disable-key aws_kms_key.files",
  ],
  ["a bucket goes back to S3's own key", [update(SSE, sse("aws:kms", KEY), sse("AES256", null))], `drop-key ${SSE}`],
  ["a bucket's key is AWS's", [update(SSE, sse("aws:kms", KEY), sse("aws:kms", null))], `drop-key ${SSE}`],
  [
    "TLS 1.0 is let through",
    [update(LISTENER, { ssl_policy: MODERN }, { ssl_policy: "ELBSecurityPolicy-2016-08" })],
    `weaken-tls ${LISTENER}`,
  ],
  [
    "a listener without TLS",
    [replace(LISTENER, { protocol: "HTTPS" }, { protocol: "HTTP" })],
    `weaken-tls ${LISTENER}`,
  ],
  [
    "port 80 answers itself",
    [
      update(
        "aws_lb_listener.http",
        { protocol: "HTTP", default_action: [{ type: "redirect" }] },
        { protocol: "HTTP", default_action: [{ type: "forward" }] },
      ),
    ],
    "weaken-tls aws_lb_listener.http",
  ],
  [
    "the database takes connections without TLS",
    [update("aws_rds_cluster_parameter_group.db", parameters("ON"), parameters("OFF"))],
    "weaken-tls aws_rds_cluster_parameter_group.db",
  ],
  [
    "mail is sent without TLS",
    [
      update(
        "aws_sesv2_configuration_set.mail",
        { delivery_options: [{ tls_policy: "REQUIRE" }] },
        { delivery_options: [{ tls_policy: "OPTIONAL" }] },
      ),
    ],
    "weaken-tls aws_sesv2_configuration_set.mail",
  ],
];
testDangers(CASES);

test("another key is a danger where data lies, in both directions, and elsewhere a notice", () => {
  const change = (address: string) => [update(address, { kms_key_id: KEY }, { kms_key_id: `${KEY}2` })];
  expect(dangersOf(change("aws_secretsmanager_secret.salt"))).toEqual(["change-key aws_secretsmanager_secret.salt"]);
  expect(dangersOf(change("aws_cloudwatch_log_group.audit"))).toEqual([]);
});

test.each([
  [
    "a key that is not known yet",
    [update("aws_sns_topic.operations", { kms_master_key_id: KEY }, {}, { unknown: { kms_master_key_id: true } })],
  ],
  ["AWS's key becomes one's own", [update(SSE, sse("AES256", null), sse("aws:kms", KEY))]],
  ["newer TLS", [update(LISTENER, { ssl_policy: "ELBSecurityPolicy-2016-08" }, { ssl_policy: MODERN })]],
  ["a bucket for logs of the load balancer, which takes no KMS", [create(SSE, sse("AES256", null))]],
])("passes: %s", (_name, changes) => {
  expect(dangersOf(changes)).toEqual([]);
});
