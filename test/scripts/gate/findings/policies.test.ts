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

const OTHER = { ...READ, Principal: root("999999999999") };
const own = configuration({}, ["111111111111"]);
const withTarget = (target: Parameters<typeof plan>[0][number]) =>
  plan([target, create(BUCKET_POLICY, { bucket: "files", policy: policy(OTHER) })], {
    configuration: configuration({ [BUCKET_POLICY]: { bucket: ["aws_s3_bucket.files.id", "aws_s3_bucket.files"] } }, [
      "111111111111",
    ]),
  });

test("another account let in by a new policy of a bucket that is there", () => {
  expect(dangersOf(withTarget(keep("aws_s3_bucket.files")))).toEqual([`allow-principal ${BUCKET_POLICY}`]);
  const named = plan([create(BUCKET_POLICY, { bucket: "files", policy: policy(OTHER) })], { configuration: own });
  expect(dangersOf(named)).toEqual([`allow-principal ${BUCKET_POLICY}`]);
});

test("of a bucket that the same plan makes, it was reviewed as code", () => {
  expect(dangersOf(withTarget(create("aws_s3_bucket.files", { bucket: "files" })))).toEqual([]);
});

test("of a key that is made with its policy, too", () => {
  const key = create("aws_kms_key.vault", { policy: policy(OTHER) }, { unknown: { arn: true, key_id: true } });
  expect(dangersOf(plan([key], { configuration: own }))).toEqual([]);
});

test.each([
  ["any principal", { StringLike: { "aws:PrincipalArn": "*" } }],
  ["any account", { ArnLike: { "aws:SourceArn": "arn:aws:sns:*:*:x" } }],
  ["all accounts but one", { StringNotEquals: { "aws:SourceAccount": "111111111111" } }],
  ["who does not say", { StringEqualsIfExists: { "aws:SourceAccount": "111111111111" } }],
  ["any bucket", { ArnLike: { "aws:SourceArn": "arn:aws:s3:::*" } }],
  ["any topic", { ArnLike: { "aws:SourceArn": "arn:aws:sns:*" } }],
  ["any organization", { StringLike: { "aws:PrincipalOrgID": "o-*" } }],
  ["every tenth account", { StringLike: { "aws:SourceAccount": "1*" } }],
  ["one account or any", { StringLike: { "aws:SourceAccount": ["111111111111", "*"] } }],
])("everybody stays everybody where a condition lets in %s", (_, Condition) => {
  const changes = [create(BUCKET_POLICY, { policy: policy({ ...READ, Principal: "*", Condition }) })];
  expect(dangersOf(changes)).toEqual([`allow-everybody ${BUCKET_POLICY}`]);
});

test("a condition that is not known yet stands for itself, not for another that goes", () => {
  const arn = { "aws:SourceArn": "arn:aws:sns:eu-west-2:111111111111:x" };
  const document = (condition: object[]) => ({
    statement: [
      {
        actions: ["s3:GetObject"],
        resources: ["arn:aws:s3:::files/*"],
        principals: [{ type: "Service", identifiers: ["x.amazonaws.com"] }],
        condition,
      },
    ],
  });
  const before = {
    ...READ,
    Principal: { Service: "x.amazonaws.com" },
    Condition: { ArnEquals: arn, StringEquals: { "aws:SourceAccount": "111111111111" } },
  };
  const unknownArn = { test: "ArnEquals", variable: "aws:SourceArn", values: [null] };
  const account = { test: "StringEquals", variable: "aws:SourceAccount", values: ["111111111111"] };
  const changes = (...conditions: object[]) =>
    plan(
      [
        read(DOCUMENT, document(conditions), { json: true }),
        update(BUCKET_POLICY, { policy: policy(before) }, {}, { unknown: { policy: true } }),
      ],
      { configuration: configuration({ [BUCKET_POLICY]: { policy: [`${DOCUMENT}.json`, DOCUMENT] } }) },
    );
  expect(dangersOf(changes(unknownArn, account))).toEqual([]);
  expect(dangersOf(changes(unknownArn))).toEqual([`drop-condition ${BUCKET_POLICY}`]);
});

test("of a document with something sensitive in it, nothing is shown", () => {
  const statement = [{ actions: ["hidden:*"], resources: ["*"], principals: [], condition: [] }];
  const [found] = findings(
    plan(
      [
        {
          ...read(DOCUMENT, { statement }, { json: true }),
          change: {
            actions: ["read"],
            before: null,
            after: { statement },
            after_sensitive: { statement: [{ condition: true }] },
          },
        },
        create(ROLE_POLICY, { role: "task" }, { unknown: { policy: true } }),
      ],
      { configuration: configuration({ [ROLE_POLICY]: { policy: [`${DOCUMENT}.json`, DOCUMENT] } }) },
    ),
  );
  expect(found).toMatchObject({ action: "allow-all-actions", what: "allows (sensitive)" });
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
