// Plans after which a policy lets more through than before.
import { findings } from "../../../../scripts/gate/findings";
import { configuration, create, keep, plan, policy, read, replace, update } from "../plans";
import { type Case, dangersOf, testDangers } from "./dangers";

const ROLE_POLICY = "aws_iam_role_policy.task";
const BUCKET_POLICY = "aws_s3_bucket_policy.files";
const DOCUMENT = "data.aws_iam_policy_document.task";
const READ = { Action: ["s3:GetObject"], Resource: "arn:aws:s3:::files/*" };
const TLS_ONLY = {
  Sid: "OnlyOverTls",
  Effect: "Deny" as const,
  Action: "s3:*",
  Resource: "*",
  Principal: "*",
  Condition: { Bool: { "aws:SecureTransport": "false" } },
};
const ECS = { Action: "sts:AssumeRole", Principal: { Service: "ecs-tasks.amazonaws.com" } };
const root = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` });
const rolePolicy = (...statements: Parameters<typeof policy>) => ({ role: "task", policy: policy(...statements) });

const CASES: Case[] = [
  [
    "all actions",
    [update(ROLE_POLICY, rolePolicy(READ), rolePolicy(READ, { Action: "*", Resource: "*" }))],
    `allow-all-actions ${ROLE_POLICY}`,
  ],
  [
    "all actions of a service",
    [update(ROLE_POLICY, rolePolicy(READ), rolePolicy({ ...READ, Action: "s3:*" }))],
    `allow-all-actions ${ROLE_POLICY}`,
  ],
  [
    "all actions in a new policy",
    [create("aws_iam_policy.admin", { policy: policy({ Action: ["*"], Resource: "*" }) })],
    "allow-all-actions aws_iam_policy.admin",
  ],
  [
    "all actions in a document that is read while applying",
    plan(
      [
        read(
          DOCUMENT,
          { statement: [{ effect: null, actions: ["iam:*"], resources: [null], principals: [], condition: [] }] },
          { json: true, statement: [{ resources: [true] }] },
        ),
        create(ROLE_POLICY, { role: "task" }, { unknown: { policy: true } }),
      ],
      { configuration: configuration({ [ROLE_POLICY]: { policy: [`${DOCUMENT}.json`, DOCUMENT] } }) },
    ),
    `allow-all-actions ${ROLE_POLICY}`,
  ],
  [
    "everything but",
    [update(ROLE_POLICY, rolePolicy(READ), rolePolicy({ NotAction: "iam:*", Resource: "*" }))],
    `allow-all-but ${ROLE_POLICY}`,
  ],
  [
    "everybody reads the bucket",
    [update(BUCKET_POLICY, { policy: policy(TLS_ONLY) }, { policy: policy(TLS_ONLY, { ...READ, Principal: "*" }) })],
    `allow-everybody ${BUCKET_POLICY}`,
  ],
  [
    "everybody, spelt as AWS",
    [create(BUCKET_POLICY, { policy: policy({ ...READ, Principal: { AWS: ["*"] } }) })],
    `allow-everybody ${BUCKET_POLICY}`,
  ],
  [
    "another account reads the bucket",
    [
      update(
        BUCKET_POLICY,
        { policy: policy(TLS_ONLY) },
        { policy: policy(TLS_ONLY, { ...READ, Principal: root("333333333333") }) },
      ),
    ],
    `allow-principal ${BUCKET_POLICY}`,
  ],
  [
    "a key is given to another account",
    plan(
      [
        update(
          "aws_kms_key.files",
          { policy: policy() },
          { policy: policy({ Action: "kms:*", Resource: "*", Principal: root("333333333333") }) },
        ),
      ],
      { configuration: configuration({}, ["111111111111"]) },
    ),
    "allow-all-actions aws_kms_key.files",
    "allow-principal aws_kms_key.files",
  ],
  [
    "a role trusts somebody else",
    [
      update(
        "aws_iam_role.task",
        { assume_role_policy: policy(ECS) },
        { assume_role_policy: policy(ECS, { Action: "sts:AssumeRole", Principal: root("333333333333") }) },
      ),
    ],
    "change-trust aws_iam_role.task",
  ],
  [
    "a role loses a condition of its trust",
    [
      update(
        "aws_iam_role.ci",
        { assume_role_policy: policy({ ...ECS, Condition: { StringEquals: { "aws:SourceAccount": "1" } } }) },
        { assume_role_policy: policy(ECS) },
      ),
    ],
    "change-trust aws_iam_role.ci",
  ],
  [
    "a new role trusts another account",
    plan(
      [
        create("aws_iam_role.new", {
          assume_role_policy: policy({ Action: "sts:AssumeRole", Principal: root("333333333333") }),
        }),
      ],
      { configuration: configuration({}, ["111111111111"]) },
    ),
    "trust-account aws_iam_role.new",
  ],
  [
    "a role that everybody can take",
    [create("aws_iam_role.new", { assume_role_policy: policy({ Action: "sts:AssumeRole", Principal: { AWS: "*" } }) })],
    "allow-everybody aws_iam_role.new",
  ],
  [
    "every resource",
    [update(ROLE_POLICY, rolePolicy(READ), rolePolicy({ ...READ, Resource: "*" }))],
    `allow-all-resources ${ROLE_POLICY}`,
  ],
  [
    "a condition goes",
    [
      update(
        ROLE_POLICY,
        rolePolicy({ ...READ, Condition: { Bool: { "aws:ViaAWSService": "true" } } }),
        rolePolicy(READ),
      ),
    ],
    `drop-condition ${ROLE_POLICY}`,
  ],
  [
    "a Deny goes",
    [
      update(
        BUCKET_POLICY,
        { policy: policy(TLS_ONLY, { ...READ, Principal: root("1") }) },
        { policy: policy({ ...READ, Principal: root("1") }) },
      ),
    ],
    `drop-deny ${BUCKET_POLICY}`,
  ],
  [
    "an existing role may delete recovery points",
    [create(ROLE_POLICY, rolePolicy({ Action: "backup:Delete*", Resource: "arn:aws:backup:::x" }))],
    `allow-power ${ROLE_POLICY}`,
  ],
  [
    "a policy newly makes access keys",
    [
      update(
        ROLE_POLICY,
        rolePolicy(READ),
        rolePolicy(READ, { Action: "iam:CreateAccessKey", Resource: "arn:aws:iam::1:user/x" }),
      ),
    ],
    `allow-power ${ROLE_POLICY}`,
  ],
];
testDangers(CASES);

test("another condition is a danger in both directions: which is the wider one cannot be told", () => {
  const only = (stage: string) =>
    rolePolicy({ ...READ, Condition: { StringEquals: { "aws:ResourceTag/stage": stage } } });
  expect(dangersOf([update(ROLE_POLICY, only("dev"), only("prod"))])).toEqual([`change-condition ${ROLE_POLICY}`]);
});

test.each([
  [
    "a new key that its own account manages",
    plan(
      [
        create("aws_kms_key.files", {
          policy: policy({ Action: "kms:*", Resource: "*", Principal: root("111111111111") }),
        }),
      ],
      { configuration: configuration({}, ["111111111111"]) },
    ),
  ],
  [
    "a policy that only gets another form",
    [
      update(
        ROLE_POLICY,
        rolePolicy(READ),
        rolePolicy({ Sid: "Read", Action: "s3:GetObject", Resource: ["arn:aws:s3:::files/*"] }),
      ),
    ],
  ],
  [
    "one more action",
    [update(ROLE_POLICY, rolePolicy(READ), rolePolicy({ ...READ, Action: ["s3:GetObject", "s3:PutObject"] }))],
  ],
  [
    "everybody, from one account",
    [
      create("aws_sns_topic_policy.topic", {
        policy: policy({
          Action: "sns:Publish",
          Resource: "*",
          Principal: "*",
          Condition: { StringEquals: { "aws:SourceAccount": "1" } },
        }),
      }),
    ],
  ],
  [
    "a Deny that denies more",
    [update(BUCKET_POLICY, { policy: policy({ ...TLS_ONLY, Action: "s3:GetObject" }) }, { policy: policy(TLS_ONLY) })],
  ],
  [
    "a role that is replaced as it was",
    [replace("aws_iam_role.task", { assume_role_policy: policy(ECS) }, { assume_role_policy: policy(ECS) })],
  ],
  [
    "powers of a new role, which were reviewed as code",
    [
      create("aws_iam_role.task", { name: "task", assume_role_policy: policy(ECS) }),
      create(ROLE_POLICY, rolePolicy({ Action: "iam:CreateAccessKey", Resource: "arn:aws:iam::1:user/x" })),
    ],
  ],
  ["what is not changed", [keep(ROLE_POLICY, rolePolicy({ Action: "*", Resource: "*" }))]],
])("passes: %s", (_name, changes) => {
  expect(dangersOf(changes)).toEqual([]);
});

test("of a sensitive policy, nothing is shown", () => {
  const secret = [
    update(ROLE_POLICY, rolePolicy(READ), rolePolicy({ Action: "hidden:*", Resource: "*" }), {
      sensitive: { policy: true },
    }),
  ];
  const [found] = findings(plan(secret));
  expect(found).toMatchObject({ action: "allow-all-actions", what: "allows (sensitive)" });
});
