import { evaluatePolicy } from "../../local-aws/policy";
import { documentOf, policyStatements } from "../invariant";
import { all, one, policyJson, ref, type SynthesizedStack, synthesizeApp } from "../synth";

const TOPIC = "arn:aws:sns:eu-west-2:111111111111:redcap-prod-operations";
const stack = synthesizeApp({ email: "redcap-admins@example.org" });
const TOPIC_ADDRESS = Object.keys(stack.resource.aws_sns_topic ?? {}).find((id) => id.startsWith("notifications_"));

const policyOf = (attribute: unknown, { resource, data }: SynthesizedStack = stack): string =>
  policyJson(policyStatements(documentOf({ resource, data } as SynthesizedStack, attribute)), {
    [`aws_sns_topic.${TOPIC_ADDRESS}.arn`]: TOPIC,
  });
const topicPolicy = policyOf(one(stack, "aws_sns_topic_policy", "notifications_").policy);
const keyPolicy = policyOf(stack.resource.aws_kms_key?.notifications?.policy);

const asks = (document: string, action: string, service: string, context: Record<string, string>) =>
  evaluatePolicy(document, {
    principal: { kind: "service", service },
    action,
    resource: TOPIC,
    context: { "aws:SecureTransport": "true", ...context },
  });
const both = (service: string, context: Record<string, string>) => [
  asks(topicPolicy, "sns:Publish", service, context),
  asks(keyPolicy, "kms:GenerateDataKey", service, context),
];
const from = (account: string, sourceArn: string) => ({ "aws:SourceAccount": account, "aws:SourceArn": sourceArn });

test("one topic for operators, encrypted with the stage's key, sends emails to the stage's mailbox", () => {
  expect(one(stack, "aws_sns_topic", "notifications_")).toMatchObject({
    name: "redcap-prod-operations",
    kms_master_key_id: ref("aws_kms_key.notifications.arn"),
  });
  expect(one(stack, "aws_sns_topic_subscription", "notifications_")).toMatchObject({
    topic_arn: ref(`aws_sns_topic.${TOPIC_ADDRESS}.arn`),
    protocol: "email",
    endpoint: "redcap-admins@example.org",
  });
  expect(stack.output.operations_topic_arn?.value).toBe(ref(`aws_sns_topic.${TOPIC_ADDRESS}.arn`));
});

test("without a mailbox there is the topic for others to subscribe to", () => {
  expect(all(synthesizeApp({ email: undefined }), "aws_sns_topic_subscription")).toEqual([]);
});

test.each([
  ["cloudwatch.amazonaws.com", "arn:aws:cloudwatch:eu-west-2:111111111111:alarm:redcap-prod-cpu"],
  ["budgets.amazonaws.com", "arn:aws:budgets::111111111111:budget/redcap-prod"],
])("%s publishes and encrypts for this account alone", (service, arn) => {
  expect(both(service, from("111111111111", arn))).toEqual(["allow", "allow"]);
  const other = "999999999999";
  expect(both(service, from(other, arn.replace("111111111111", other)))).toEqual(["implicitDeny", "implicitDeny"]);
  expect(both(service, {})).toEqual(["implicitDeny", "implicitDeny"]);
});

test("EventBridge publishes and encrypts, though it says nothing of its rule's account", () => {
  expect(both("events.amazonaws.com", {})).toEqual(["allow", "allow"]);
});

test("SES may encrypt for other topics of the stage, but does not publish here", () => {
  const context = from("111111111111", "arn:aws:ses:eu-west-2:111111111111:identity/example.org");
  expect(both("ses.amazonaws.com", context)).toEqual(["implicitDeny", "allow"]);
});

test("nobody publishes in the clear", () => {
  expect(asks(topicPolicy, "sns:Publish", "events.amazonaws.com", { "aws:SecureTransport": "false" })).toBe("deny");
});
