// Mail: what SES has in each scenario of a domain, which records are made and which are put out, and what REDCap may do.
import { documentOf, policyStatements } from "../invariant";
import {
  all,
  type Block,
  blocks,
  byId,
  one,
  ref,
  type StageInput,
  type SynthesizedStack,
  sampleStage,
  statements,
  synthesizeApp,
} from "../synth";
import type { Container } from "./task";

const NO_DOMAIN = { domain: undefined, subdomain: undefined, hostInRoute53: undefined, delegated: undefined };
const deploy = (change: Partial<StageInput>) =>
  // A maintenance server has a way to the relay of its own.
  synthesizeApp({ ...NO_DOMAIN, email: undefined, mail: undefined, maintenanceServer: undefined, ...change });
const service = (change: object) => ({ ...sampleStage("prod").service, ...change }) as never;

const SPF = "v=spf1 include:amazonses.com ~all";
const DMARC = "v=DMARC1; p=quarantine";
const FEEDBACK = "10 feedback-smtp.eu-west-2.amazonses.com";

/** Mail's records as `TYPE name value`, tokens by number. */
const described = (records: { type: unknown; name: unknown; values: unknown }[]) =>
  records
    .map(({ type, name, values }) => `${type} ${name} ${[values].flat().join()}`)
    .map((text) =>
      text.replace(/\$\{aws_sesv2_email_identity\.\w+\.dkim_signing_attributes\[0\]\.tokens\.(\d)\}/g, "<$1>"),
    )
    .filter((text) => /amazonses|DMARC/.test(text));
const made = (stack: SynthesizedStack) =>
  described(all(stack, "aws_route53_record").map(({ type, name, records }) => ({ type, name, values: records })));
const putOut = (stack: SynthesizedStack, name: string) => described((stack.output[name]?.value ?? []) as never);

const dkim = (host: string) => [0, 1, 2].map((n) => `CNAME <${n}>._domainkey.${host} <${n}>.dkim.amazonses.com`);
const mailFrom = (host: string) => [`MX mail.${host} ${FEEDBACK}`, `TXT mail.${host} ${SPF}`];
const policies = (host: string) => [`TXT ${host} ${SPF}`, `TXT _dmarc.${host} ${DMARC}`];

const domainIdentity = (host: string) => ({
  email_identity: host,
  dkim_signing_attributes: { next_signing_key_length: "RSA_2048_BIT" },
  configuration_set_name: expect.stringContaining("aws_sesv2_configuration_set."),
});

describe.each([
  ["5.1.1: a subdomain of a zone in the stage's account", { domain: "acme.com", hostInRoute53: "acme.com" }],
  ["5.2.1: a subdomain, the domain in another AWS account", { domain: "acme.com", hostInRoute53: true }],
  [
    "5.3.1: a subdomain, the domain with another DNS provider",
    { domain: "acme.com", hostInRoute53: true, delegated: true },
  ],
])("%s", (_, config) => {
  const stack = deploy({ ...config, subdomain: "redcap" });
  const host = "redcap.acme.com";

  test("has every record in its own zone, and leaves none to a person", () => {
    expect(one(stack, "aws_sesv2_email_identity")).toMatchObject(domainIdentity(host));
    expect(made(stack).sort()).toEqual([...dkim(host), ...mailFrom(host), ...policies(host)].sort());
    for (const { zone_id } of all(stack, "aws_route53_record").filter(({ ttl, type }) => ttl && type !== "NS"))
      expect(zone_id).toBe(ref("aws_route53_zone.zone.zone_id"));
    expect([putOut(stack, "dns_records"), putOut(stack, "mail_policy_records")]).toEqual([[], []]);
  });
});

describe("5.1.2: a zone in the stage's account, without a subdomain", () => {
  const stack = deploy({ domain: "acme.com", hostInRoute53: "acme.com" });

  test("has new names only: MX, SPF and DMARC of the zone's own names stay as they are", () => {
    expect(one(stack, "aws_sesv2_email_identity")).toMatchObject(domainIdentity("acme.com"));
    expect(made(stack).sort()).toEqual([...dkim("acme.com"), ...mailFrom("acme.com")].sort());
    for (const record of all(stack, "aws_route53_record")) expect(record.allow_overwrite).toBeUndefined();
    expect(putOut(stack, "dns_records")).toEqual([]);
    expect(putOut(stack, "mail_policy_records")).toEqual(policies("acme.com"));
  });
});

describe.each([["5.2.2: the domain itself, in another AWS account"], ["5.3.2: with another DNS provider"]])(
  "%s",
  () => {
    const stack = deploy({ domain: "acme.com", hostInRoute53: false });

    test("has no record, and puts all out", () => {
      expect(one(stack, "aws_sesv2_email_identity")).toMatchObject(domainIdentity("acme.com"));
      expect(made(stack)).toEqual([]);
      expect(putOut(stack, "dns_records")).toEqual([...dkim("acme.com"), ...mailFrom("acme.com")]);
      expect(putOut(stack, "mail_policy_records")).toEqual(policies("acme.com"));
    });
  },
);

describe("5.4: no domain", () => {
  const stack = deploy({ email: "admins@example.org" });

  test("has an identity of the mailbox, and no record", () => {
    const identity = one(stack, "aws_sesv2_email_identity");
    expect(identity).toMatchObject({ email_identity: "admins@example.org" });
    expect(identity.dkim_signing_attributes).toBeUndefined();
    expect(byId(stack, "aws_sesv2_email_identity_mail_from_attributes")).toEqual({});
    expect(made(stack)).toEqual([]);
    expect(environmentsOf(stack, "redcap")[0]?.MAIL_FROM).toBe("admins@example.org");
  });

  test("and no mailbox: nothing is sent, nothing is made", () => {
    const silent = deploy({});
    for (const type of ["aws_sesv2_email_identity", "aws_sesv2_configuration_set"])
      expect(byId(silent, type)).toEqual({});
    expect(environmentsOf(silent, "redcap").flatMap(Object.keys).join()).not.toContain("MAIL");
    expect(byId(silent, "aws_secretsmanager_secret")).not.toHaveProperty("mail");
  });
});

describe("with SES", () => {
  const stack = deploy({ domain: "acme.com", subdomain: "redcap", email: "admins@example.org" });
  const set = `aws_sesv2_configuration_set.${Object.keys(byId(stack, "aws_sesv2_configuration_set"))[0]}`;
  const topic = Object.keys(byId(stack, "aws_sns_topic")).find((id) => id.startsWith("mail_"));

  test("the envelope is of mail.<domain>, and mail goes on where its MX record is not found", () => {
    expect(one(stack, "aws_sesv2_email_identity_mail_from_attributes")).toMatchObject({
      mail_from_domain: "mail.redcap.acme.com",
      behavior_on_mx_failure: "USE_DEFAULT_VALUE",
    });
    const other = deploy({ domain: "acme.com", mail: { type: "ses", mailFromDomain: "bounce.acme.com" } });
    expect(one(other, "aws_sesv2_email_identity_mail_from_attributes").mail_from_domain).toBe("bounce.acme.com");
    expect(made(other)).toEqual(
      expect.arrayContaining([`MX bounce.acme.com ${FEEDBACK}`, `TXT bounce.acme.com ${SPF}`]),
    );
  });

  test("every message goes over TLS, and never again to who bounced or complained", () => {
    expect(one(stack, "aws_sesv2_configuration_set")).toMatchObject({
      configuration_set_name: "redcap-prod",
      delivery_options: { tls_policy: "REQUIRE" },
      reputation_options: { reputation_metrics_enabled: true },
      suppression_options: { suppressed_reasons: ["BOUNCE", "COMPLAINT"] },
    });
    expect(one(stack, "aws_sesv2_email_identity").configuration_set_name).toBe(ref(`${set}.configuration_set_name`));
    for (const container of ["redcap", "cron"].flatMap((name) => environmentsOf(stack, name)))
      expect(container.MAIL_CONFIGURATION_SET).toBe(ref(`${set}.configuration_set_name`));
  });

  test("bounces, complaints and rejects go to an encrypted topic, and from there to a mailbox", () => {
    const destination = one(stack, "aws_sesv2_configuration_set_event_destination");
    expect(destination).toMatchObject({
      configuration_set_name: ref(`${set}.configuration_set_name`),
      event_destination: {
        enabled: true,
        matching_event_types: ["BOUNCE", "COMPLAINT", "REJECT"],
        sns_destination: { topic_arn: ref(`aws_sns_topic.${topic}.arn`) },
      },
    });
    // SES tries the topic out when the destination is made.
    expect(destination.depends_on).toEqual([expect.stringMatching(/^aws_sns_topic_policy\.mail_/)]);
    expect(one(stack, "aws_sns_topic", "mail_").kms_master_key_id).toBe(ref("aws_kms_key.notifications.arn"));
    const publishers = (idStart: string) =>
      statements(stack, idStart).filter(({ principals }) => principals?.[0]?.identifiers.includes("ses.amazonaws.com"));
    const ofAccount = { test: "StringEquals", variable: "aws:SourceAccount", values: ["111111111111"] };
    for (const idStart of ["mail_events_topic-policy", "keys_notifications"])
      expect(publishers(idStart)).toEqual([
        expect.objectContaining({ condition: expect.arrayContaining([ofAccount]) }),
      ]);
    expect(one(stack, "aws_sns_topic_subscription", "mail_").endpoint).toBe("admins@example.org");
    const own = deploy({ email: "admins@example.org", bounceNotificationEmail: "bounces@example.org" });
    expect(one(own, "aws_sns_topic_subscription", "mail_").endpoint).toBe("bounces@example.org");
  });

  test("the user may send from one address, and nothing else", () => {
    const [rights] = all(stack, "aws_iam_user_policy")
      .filter(({ user }) => String(user).includes("mail_key_user"))
      .map(({ policy }) => policyStatements(documentOf(stack, policy)));
    expect(rights).toEqual([
      {
        actions: ["ses:SendRawEmail"],
        resources: ["arn:aws:ses:eu-west-2:111111111111:identity/*", ref(`${set}.arn`)],
        condition: [{ test: "StringEquals", variable: "ses:FromAddress", values: ["redcap@redcap.acme.com"] }],
      },
    ]);
  });

  test("its SMTP credentials are made and rotated by the function, in no state", () => {
    expect(one(stack, "aws_lambda_function", "mail_key_function")).toMatchObject({
      function_name: "redcap-prod-mail-key",
      environment: {
        variables: {
          PURPOSE: "mail",
          SMTP_ENDPOINT: "email-smtp.eu-west-2.amazonaws.com:587",
          KEY_SECRET_ARN: ref("aws_secretsmanager_secret.mail.arn"),
        },
      },
    });
    const rotation = one(stack, "aws_secretsmanager_secret_rotation", "mail_key");
    expect(rotation.secret_id).toBe(ref("aws_secretsmanager_secret.mail.arn"));
    expect(blocks(rotation.rotation_rules)).toEqual([{ automatically_after_days: 30 }]);
    expect(byId(stack, "aws_secretsmanager_secret").mail).toMatchObject({ name: "redcap-prod/mail" });
    expect(byId(stack, "aws_secretsmanager_secret_version")).toEqual({});
    expect(byId(stack, "aws_iam_access_key")).toEqual({});
  });

  test("pages and cron are told of it, installation and upgrade are not; no task starts before the credentials are there", () => {
    for (const name of ["redcap", "cron"])
      expect(environmentsOf(stack, name)).toEqual([
        expect.objectContaining({
          MAIL_SECRET_ARN: ref("aws_secretsmanager_secret.mail.arn"),
          MAIL_FROM: "redcap@redcap.acme.com",
        }),
      ]);
    for (const name of ["prepare", "upgrade"])
      for (const found of environmentsOf(stack, name)) expect(Object.keys(found).join()).not.toContain("MAIL");
    const firstKey = Object.keys(byId(stack, "aws_lambda_invocation")).find((id) => id.startsWith("mail_key"));
    expect(one(stack, "aws_ecs_service").depends_on).toContain(`aws_lambda_invocation.${firstKey}`);
    expect(statements(stack, "tasks_roles_mail-secret")).toEqual([
      { actions: ["secretsmanager:GetSecretValue"], resources: [ref("aws_secretsmanager_secret.mail.arn")] },
      expect.objectContaining({ actions: ["kms:Decrypt"], resources: [ref("aws_kms_key.database.arn")] }),
    ]);
  });

  test("an identity of somebody else's is used and left alone", () => {
    const borrowed = deploy({ domain: "redcap.acme.com", mail: { type: "ses", existingIdentity: "acme.com" } });
    for (const type of ["aws_sesv2_email_identity", "aws_sesv2_email_identity_mail_from_attributes"])
      expect(byId(borrowed, type)).toEqual({});
    expect(made(borrowed)).toEqual([]);
    expect([putOut(borrowed, "dns_records"), putOut(borrowed, "mail_policy_records")]).toEqual([[], []]);
    // Its bounces are the stage's own all the same.
    expect(environmentsOf(borrowed, "redcap")[0]).toMatchObject({
      MAIL_FROM: "redcap@acme.com",
      MAIL_CONFIGURATION_SET: expect.stringContaining("aws_sesv2_configuration_set."),
    });
    expect(all(borrowed, "aws_sesv2_configuration_set_event_destination")).toHaveLength(1);
  });
});

describe("the way to the relay", () => {
  const rules = (stack: SynthesizedStack, port: number) =>
    Object.entries(byId(stack, "aws_vpc_security_group_egress_rule"))
      .filter(([id, rule]) => id.startsWith("tasks_") && rule.from_port === port)
      .map(([, rule]) => rule);
  const stage = { email: "admins@example.org" };

  test("is open on SES's port, once, though the configuration says it, too", () => {
    expect(rules(deploy(stage), 587)).toEqual([expect.objectContaining({ cidr_ipv4: "0.0.0.0/0", to_port: 587 })]);
    const egress = [{ port: 587, cidr: "0.0.0.0/0" }];
    expect(rules(deploy({ ...stage, service: service({ egress }) }), 587)).toHaveLength(1);
    expect(rules(deploy({}), 587)).toEqual([]);
  });

  test("without NAT is an endpoint in the VPC that only tasks and the maintenance server reach, in zones that have it", () => {
    const stack = deploy({ ...stage, maintenanceServer: {}, network: { type: "create", nat: "none" } });
    const endpoint = one(stack, "aws_vpc_endpoint", "endpoints_email-smtp");
    const [group] = endpoint.security_group_ids as string[];
    expect(endpoint).toMatchObject({
      service_name: "com.amazonaws.eu-west-2.email-smtp",
      vpc_endpoint_type: "Interface",
      private_dns_enabled: true,
      subnet_ids: expect.stringMatching(
        /if contains\(data\.aws_vpc_endpoint_service\..*, subnet\.availability_zone\)\]\}$/,
      ),
    });
    expect(endpoint.policy).toBeUndefined();
    expect(rules(stack, 587)).toEqual([expect.objectContaining({ referenced_security_group_id: group })]);
    const ingress = all(stack, "aws_vpc_security_group_ingress_rule").filter(
      (rule) => rule.security_group_id === group,
    );
    expect(ingress).toEqual([
      expect.objectContaining({ referenced_security_group_id: expect.stringContaining("maintenance_"), to_port: 587 }),
      expect.objectContaining({ referenced_security_group_id: rules(stack, 587)[0]?.security_group_id, to_port: 587 }),
    ]);
    expect(one(stack, "aws_ecs_service").depends_on).toContain(
      `aws_vpc_endpoint.${Object.keys(byId(stack, "aws_vpc_endpoint")).find((id) => id.includes("email-smtp"))}`,
    );
    const silent = deploy({ network: { type: "create", nat: "none" } });
    expect(Object.keys(byId(silent, "aws_vpc_endpoint")).join()).not.toContain("smtp");
  });
});

describe("with a relay of one's own", () => {
  const secretArn = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:relay-AbCdEf";
  const secretKeyArn = "arn:aws:kms:eu-west-2:111111111111:key/00000000-0000-4000-8000-000000000001";
  const relay = { type: "smtp", secretArn, port: 465, cidr: "192.0.2.0/24", fromAddress: "redcap@acme.org" } as const;

  test("nothing is made at SES, and REDCap reads that secret and calls that address", () => {
    const stack = deploy({ domain: "acme.com", mail: { ...relay, secretKeyArn } });
    for (const type of ["aws_sesv2_email_identity", "aws_sesv2_configuration_set"])
      expect(byId(stack, type)).toEqual({});
    expect(made(stack)).toEqual([]);
    expect(environmentsOf(stack, "redcap")[0]).toMatchObject({
      MAIL_SECRET_ARN: secretArn,
      MAIL_FROM: "redcap@acme.org",
    });
    expect(environmentsOf(stack, "redcap")[0]).not.toHaveProperty("MAIL_CONFIGURATION_SET");
    expect(statements(stack, "tasks_roles_mail-secret")).toEqual([
      { actions: ["secretsmanager:GetSecretValue"], resources: [secretArn] },
      expect.objectContaining({ actions: ["kms:Decrypt"], resources: [secretKeyArn] }),
    ]);
    expect(all(stack, "aws_vpc_security_group_egress_rule")).toContainEqual(
      expect.objectContaining({ cidr_ipv4: "192.0.2.0/24", from_port: 465, to_port: 465 }),
    );
  });

  test("a secret with AWS's own key needs no right to one", () => {
    expect(statements(deploy({ mail: relay }), "tasks_roles_mail-secret")).toHaveLength(1);
  });
});

test("without mail, nothing is told or opened", () => {
  const stack = deploy({
    ...{ domain: "acme.com", email: "admins@example.org" },
    mail: { type: "none", reason: "A test system that writes to nobody." },
  });
  expect(Object.keys(stack.resource).filter((type) => type.startsWith("aws_sesv2"))).toEqual([]);
  expect(made(stack)).toEqual([]);
  expect(environmentsOf(stack, "redcap").flatMap(Object.keys).join()).not.toContain("MAIL");
});

/** Of the containers of this name in all task definitions. */
function environmentsOf(stack: SynthesizedStack, name: string): Record<string, string>[] {
  return all(stack, "aws_ecs_task_definition").flatMap(({ container_definitions }: Block) =>
    (JSON.parse(String(container_definitions)) as Container[])
      .filter((container) => container.name === name)
      .map(({ environment: list }) => Object.fromEntries(list.map((entry) => [entry.name, entry.value]))),
  );
}
