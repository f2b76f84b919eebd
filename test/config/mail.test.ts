// Mail in the configuration: what holds by default, and what is refused, with its remedy.
import { ConfigurationError, mailOf, validate } from "../../config";
import { sampleInput, sampleStage } from "../stacks/synth";

const NO_DOMAIN = { domain: undefined, subdomain: undefined, hostInRoute53: undefined, delegated: undefined };
const MAIL = { mail: undefined, email: undefined };

/** What each stage sends with; both are in one account and region. */
function mails(prod: object, dev: object = {}) {
  const stages = [
    { ...sampleStage("dev"), ...NO_DOMAIN, ...MAIL, ...dev },
    { ...sampleStage("prod"), ...NO_DOMAIN, ...MAIL, ...prod },
  ];
  return validate({ ...sampleInput(), stages }).stages.map(mailOf);
}
const mail = (prod: object) => mails(prod)[1];

function problem(prod: object, dev: object = {}): string {
  try {
    mails(prod, dev);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return "accepted";
}

const email = "admins@example.org";
const host = { domain: "acme.com", subdomain: "redcap" };
const ses = (change: object) => ({ mail: { type: "ses", ...change } });

describe("by default", () => {
  test("REDCap sends from its DNS name, else from the mailbox, else not", () => {
    expect(mail({ ...host, email })).toEqual({
      type: "ses",
      identity: "redcap.acme.com",
      created: true,
      mailFromDomain: "mail.redcap.acme.com",
      fromAddress: "redcap@redcap.acme.com",
    });
    const mailbox = { type: "ses", identity: email, created: true, mailFromDomain: undefined, fromAddress: email };
    expect(mail({ email })).toEqual(mailbox);
    expect(mail({})).toBeUndefined();
  });

  test("an identity that is there already has no MAIL FROM domain of the stage's", () => {
    expect(mail({ ...host, ...ses({ existingIdentity: "acme.com" }) })).toEqual({
      type: "ses",
      identity: "acme.com",
      created: false,
      mailFromDomain: undefined,
      fromAddress: "redcap@acme.com",
    });
    expect(mail(ses({ existingIdentity: email }))).toMatchObject({ identity: email, fromAddress: email });
  });
});

test("no mail needs a reason", () => {
  expect(mail({ email, mail: { type: "none", reason: "Nobody is written to here." } })).toBeUndefined();
  expect(problem({ mail: { type: "none" } })).toContain("stages[prod].mail.reason: missing.");
  expect(problem({ mail: { type: "none", reason: "no" } })).toContain("Say in a sentence");
});

describe("SES", () => {
  test.each([
    [ses({}), "mail.type", "add domain or email"],
    [{ email, ...ses({ mailFromDomain: "mail.example.org" }) }, "mail.mailFromDomain", "remove it"],
    [
      { ...host, ...ses({ existingIdentity: "acme.com", mailFromDomain: "mail.acme.com" }) },
      "mail.mailFromDomain",
      "remove it",
    ],
    [{ ...host, ...ses({ mailFromDomain: "mail.acme.com" }) }, "mail.mailFromDomain", "below redcap.acme.com only"],
    [{ ...host, ...ses({ mailFromDomain: "redcap.acme.com" }) }, "mail.mailFromDomain", "below redcap.acme.com only"],
    [{ ...host, ...ses({ fromAddress: "redcap@acme.com" }) }, "mail.fromAddress", "redcap.acme.com does not cover it"],
    [{ ...host, ...ses({ fromAddress: "a@evilredcap.acme.com" }) }, "mail.fromAddress", "does not cover it"],
    [{ email, ...ses({ fromAddress: "other@example.org" }) }, "mail.fromAddress", `${email} does not cover it`],
    [ses({ existingIdentity: "nowhere" }), "mail.existingIdentity", "Write a domain or an email address"],
  ])("%j is refused at %s", (stage, field, remedy) => {
    expect(problem(stage)).toMatch(`stages[prod].${field}: `);
    expect(problem(stage)).toContain(remedy);
  });

  test("takes an address and a MAIL FROM domain below its own", () => {
    expect(
      problem({ ...host, ...ses({ fromAddress: "a@b.redcap.acme.com", mailFromDomain: "x.y.redcap.acme.com" }) }),
    ).toBe("accepted");
  });

  test("two stages of an account and region do not make the same identity; one may use the other's", () => {
    expect(problem({ email }, { email })).toContain(
      `stages[prod].mail: Stage "dev" makes the SES identity ${email} in this account and region: write mail: { type: "ses", existingIdentity: "${email}" }`,
    );
    expect(problem({ email, ...ses({ existingIdentity: email }) }, { email })).toBe("accepted");
    expect(problem({ email }, { email, region: "eu-west-1", service: sampleStage("prod").service })).not.toContain(
      "SES identity",
    );
    expect(problem({ email, ...host }, { email })).toBe("accepted");
    expect(problem({ email }, { email, mail: { type: "none", reason: "Nobody is written to here." } })).toBe(
      "accepted",
    );
  });
});

describe("a relay of one's own", () => {
  const secretArn = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:relay-AbCdEf";
  const relay = { type: "smtp", secretArn, port: 587, fromAddress: "redcap@acme.org" };

  test("is anywhere unless an address is written", () => {
    expect(mail({ mail: relay })).toEqual({ ...relay, cidr: "0.0.0.0/0" });
  });

  test.each([
    [{ port: undefined }, "port"],
    [{ fromAddress: undefined }, "fromAddress"],
    [{ cidr: "192.0.2.1/24" }, "cidr"],
    [{ secretArn: "relay" }, "secretArn"],
    [{ secretArn: secretArn.replace("eu-west-2", "eu-west-1") }, "secretArn"],
    [{ secretArn: secretArn.replace("111111111111", "222222222222") }, "secretArn"],
    [{ secretKeyArn: "alias/relay" }, "secretKeyArn"],
  ])("%j is refused", (change, field) => {
    expect(problem({ mail: { ...relay, ...change } })).toContain(`stages[prod].mail.${field}: `);
  });
});

test("the old place of mailFromDomain is known", () => {
  expect(problem({ mailFromDomain: "mail.acme.com" })).toContain("this setting is now mail.mailFromDomain");
});
