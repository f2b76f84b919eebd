// Checks of Checkov that fail on purpose: each with the resources it is about, and the reason.
// A skip that matches nothing any more fails the test.

export interface Skip {
  check: string;
  /** Of `<stack>: <resource>`. */
  where: RegExp;
  reason: string;
}

const KEY_POLICY = "In a key's policy `*` means the key itself, and the account decides by IAM who uses it.";
const FUNCTION = /_function_/;

export const SKIPS: Skip[] = [
  {
    check: "CKV_AWS_274",
    where: /^github-\d+: resource\.deploy-/,
    reason: "A stage has some forty services; another policy denies what loses data, and each deployment is approved.",
  },
  { check: "CKV_AWS_109", where: /_policy_/, reason: KEY_POLICY },
  { check: "CKV_AWS_111", where: /_policy_/, reason: KEY_POLICY },
  {
    check: "CKV_AWS_111",
    where: /access-policy_/,
    reason: "In a vault's policy `*` means the vault's own recovery points.",
  },
  {
    check: "CKV_AWS_356",
    where: /access-policy_/,
    reason: "In a vault's policy `*` means the vault's own recovery points.",
  },
  {
    check: "CKV_AWS_111",
    where: /network-interfaces_/,
    reason: "Lambda makes its network interfaces with this right, and names no resource before they are there.",
  },
  {
    check: "CKV_AWS_284",
    where: /maintenance_machine_/,
    reason: "Its history shows every step already; traces would add nothing.",
  },
  {
    check: "CKV_AWS_338",
    where: /^app-dev: /,
    reason: "The development stage has nobody's data, and says in its configuration how long it keeps logs.",
  },
  {
    check: "CKV2_AWS_38",
    where: /aws_route53_zone\.zone/,
    reason:
      "DNSSEC needs a record that a person enters at the parent; a chain that breaks takes the whole domain down.",
  },
  {
    check: "CKV2_AWS_39",
    where: /aws_route53_zone\.zone/,
    reason: "Who looks a name up is no record of REDCap's, and the log would have to be in us-east-1.",
  },
  {
    check: "CKV2_AWS_76",
    where: /aws_lb\.load-balancer_/,
    reason: "The web ACL has AWS's rules of known bad inputs, Log4j's among them; Checkov does not find them there.",
  },
  { check: "CKV_AWS_356", where: /_policy_/, reason: KEY_POLICY },
  { check: "CKV_AWS_115", where: FUNCTION, reason: "A new account's quota of 10 concurrent runs has none to reserve." },
  {
    check: "CKV_AWS_116",
    where: FUNCTION,
    reason:
      "Nobody could do anything with a letter: the next rotation or apply runs it again, and alarms tell of failures.",
  },
  {
    check: "CKV_AWS_117",
    where: /access-key|files-key|mail|first-image|installation|recovery-kit/,
    reason: "It calls AWS's public APIs alone, and has no way to the database this way.",
  },
  {
    check: "CKV_AWS_173",
    where: FUNCTION,
    reason:
      "The variables are names and ARNs; AWS encrypts them with its own key, and secrets are read when they are needed.",
  },
  {
    check: "CKV_AWS_272",
    where: FUNCTION,
    reason: "Code comes from Terraform alone, by hash; signing would add a profile that the same role could use.",
  },
  {
    check: "CKV_AWS_50",
    where: FUNCTION,
    reason: "Each does one short thing and logs it; traces would show nothing more.",
  },
  {
    check: "CKV_AWS_139",
    where: /^app-dev: /,
    reason: "The development stage says in its configuration that and why it is not protected.",
  },
  {
    check: "CKV_AWS_150",
    where: /^app-dev: /,
    reason: "The development stage says in its configuration that and why it is not protected.",
  },
  {
    check: "CKV_AWS_316",
    where: /image_project_/,
    reason:
      "Docker builds images with it only; the project is in no network of the stage and may push and roll out, no more.",
  },
  {
    check: "CKV_AWS_51",
    where: /resource\.image$/,
    reason:
      "All tags but live are; Checkov does not know the exclusion. What live names is moved by the pipeline alone.",
  },
  {
    check: "CKV_AWS_326",
    where: /^app-dev: /,
    reason: "The development stage can be loaded again, and backtrack costs by the change.",
  },
  {
    check: "CKV2_AWS_8",
    where: /aws_rds_cluster\.cluster/,
    reason: "The plan is in the stack backup-source-<stage>, which selects the cluster by its tag.",
  },
  {
    check: "CKV_AWS_226",
    where: /resource\.(writer|reader-\d+)/,
    reason: "Aurora's long-term-support line: the version is in the configuration, and changes there.",
  },
  {
    check: "CKV_AWS_144",
    where: /aws_s3_bucket\./,
    reason: "AWS Backup copies the files into a second account; a regulator may forbid another region.",
  },
  {
    check: "CKV_AWS_145",
    where: /aws_s3_bucket\.logs/,
    reason: "Load balancers and S3 write access logs into buckets with S3's own key only.",
  },
  {
    check: "CKV2_AWS_62",
    where: /aws_s3_bucket\./,
    reason: "Nothing reacts to single objects; CloudTrail's data events record who touched them.",
  },
  {
    check: "CKV2_AWS_57",
    where: /aws_secretsmanager_secret\.salt/,
    reason: "REDCap's salt must never change: another one makes its hashes worthless.",
  },
  {
    check: "CKV_AWS_273",
    where: /_user_/,
    reason: "REDCap's S3 client and SMTP know no roles; the users' keys are rotated every 30 days.",
  },
  {
    check: "CKV_AWS_40",
    where: /_user-policy_/,
    reason: "One user each with one right: a group would have one member.",
  },
  {
    check: "CKV_AWS_297",
    where: /(cron_schedule|maintenance_sweep)_/,
    reason: "The key would hold for a payload, and there is none.",
  },
  {
    check: "CKV_AWS_297",
    where: /recovery-kit_schedule_/,
    reason: "Its payload is the stage's configuration, which holds no secret; AWS encrypts it with its own key.",
  },
  {
    check: "CKV2_AWS_34",
    where: /aws_ssm_parameter\.recovery-kit_memory_/,
    reason: "It holds what was kept when: no secret, and no hash of one.",
  },
  {
    check: "CKV_AWS_18",
    where: /aws_s3_bucket\.recovery-kit/,
    reason: "The account's trail records every access to its objects; logs would need a bucket that can be deleted.",
  },
  {
    check: "CKV_AWS_394",
    where: /network_zones_/,
    reason: "Subnets keep their zone: the list of zones is read at their creation only.",
  },
];
