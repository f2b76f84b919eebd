// What would be encrypted less: at rest, with another key, or on its way.
import { isStateful } from "../../../config";
import { type Detected, type Detector, danger, notice } from "../finding";

/** Attributes that name the key. */
const KEYS = [
  "kms_key_id",
  "kms_key_arn",
  "kms_master_key_id",
  "master_user_secret_kms_key_id",
  "performance_insights_kms_key_id",
];

const key: Detector = (change) => {
  if (change.isCreate || change.isDelete) return undefined;
  return KEYS.flatMap((attribute): Detected[] => {
    const [before, after] = [change.before(attribute), change.after(attribute)];
    if (!before || change.isUnknown(attribute) || before === after) return [];
    if (!after) return [danger("drop-key", `${change.fromTo(attribute)}: no key of your own any more`)];
    const changed = `${change.fromTo(attribute)}: what is there stays under the old key`;
    return [(isStateful(change.type, change.entry.name) ? danger : notice)("change-key", changed)];
  });
};

/** Switches that are on where data is encrypted. */
const SWITCHES = [
  "storage_encrypted",
  "encrypted",
  "enable_key_rotation",
  "transit_encryption_enabled",
  "sqs_managed_sse_enabled",
];

const switchedOff: Detector = (change) => {
  if (change.isDelete) return undefined;
  return SWITCHES.flatMap((attribute): Detected[] => {
    if (change.after(attribute) !== false) return [];
    const isNew =
      change.isCreate &&
      attribute !== "enable_key_rotation" &&
      /^aws_(rds_cluster|db_instance|ebs_volume|efs_file_system)$/.test(change.type);
    return isNew || change.before(attribute) === true
      ? [danger(attribute === "enable_key_rotation" ? "stop-key-rotation" : "unencrypt", change.fromTo(attribute))]
      : [];
  });
};

const bucket: Detector = (change) => {
  if (change.type !== "aws_s3_bucket_server_side_encryption_configuration" || change.isCreate) return undefined;
  if (change.isDelete) return danger("drop-key", "the bucket's own encryption goes; S3's default key stays");
  const path = ["rule", 0, "apply_server_side_encryption_by_default", 0];
  const isKms = (value: unknown) => typeof value === "string" && value.startsWith("aws:kms");
  if (isKms(change.before(...path, "sse_algorithm")) && !isKms(change.after(...path, "sse_algorithm")))
    return danger("drop-key", change.fromTo(...path, "sse_algorithm"));
  const [before, after] = [change.before(...path, "kms_master_key_id"), change.after(...path, "kms_master_key_id")];
  if (!before || before === after || change.isUnknown(...path, "kms_master_key_id")) return undefined;
  return danger(after ? "change-key" : "drop-key", change.fromTo(...path, "kms_master_key_id"));
};

const disabledKey: Detector = (change) =>
  change.type === "aws_kms_key" && change.before("is_enabled") === true && change.after("is_enabled") === false
    ? danger("disable-key", "nothing that is encrypted with it can be read")
    : undefined;

/** Names of security policies that let TLS 1.0 or 1.1 through: "Security policies for your Application Load Balancer". */
const oldTls = (policy: unknown): boolean =>
  typeof policy === "string" && /TLS-1-[01]-|TLS13-1-[01]-|-2015-|-2016-08$|FS-2018-06$|FS-1-1-/.test(policy);

const listener: Detector = (change) => {
  if (change.type !== "aws_lb_listener" || change.isDelete) return undefined;
  const found: Detected[] = [];
  const action = (side: "before" | "after") =>
    (side === "before" ? change.before : change.after).call(change, "default_action", 0, "type");
  if (oldTls(change.after("ssl_policy")) && !oldTls(change.before("ssl_policy")))
    found.push(danger("weaken-tls", `${change.fromTo("ssl_policy")}: lets TLS 1.0 or 1.1 through`));
  if (change.before("protocol") === "HTTPS" && change.after("protocol") === "HTTP")
    found.push(danger("weaken-tls", change.fromTo("protocol")));
  else if (change.after("protocol") === "HTTP" && action("before") === "redirect" && action("after") === "forward")
    found.push(danger("weaken-tls", "answers without encryption what it redirected to HTTPS"));
  return found;
};

const parameter: Detector = (change) => {
  if (change.type !== "aws_rds_cluster_parameter_group" || change.isCreate || change.isDelete) return undefined;
  const value = (side: "before" | "after") =>
    change.blocks(side, "parameter").find(({ name }) => name === "require_secure_transport")?.value;
  const isOn = (text: unknown) => /^(on|1|true)$/i.test(String(text));
  if (!isOn(value("before")) || isOn(value("after"))) return undefined;
  return danger(
    "weaken-tls",
    `the database takes connections without TLS: require_secure_transport becomes ${change.say("parameter", value("after"))}`,
  );
};

const mail: Detector = (change) => {
  const path = ["delivery_options", 0, "tls_policy"];
  if (change.type !== "aws_sesv2_configuration_set" || change.before(...path) !== "REQUIRE" || change.isDelete)
    return undefined;
  return change.after(...path) === "REQUIRE" ? undefined : danger("weaken-tls", change.fromTo(...path));
};

export const encryption: Detector[] = [key, switchedOff, bucket, disabledKey, listener, parameter, mail];
