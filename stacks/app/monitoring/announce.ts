// Tells the operators' topic of an event: a rule of EventBridge, and the text that the email has.
import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target";
import type { Construct } from "constructs";
import type { Notifications } from "../notifications";

export interface AnnouncementProps {
  name: string;
  description: string;
  /** What events have in common (EventBridge user guide, event patterns). */
  pattern: Record<string, unknown>;
  /** Fields of the event by the name that `lines` use, such as `{ reason: "$.detail.reason" }`. */
  fields: Record<string, string>;
  /** Text of the message; `<reason>` stands for the field. */
  lines: string[];
  notifications: Notifications;
}

export function announce(scope: Construct, id: string, props: AnnouncementProps): CloudwatchEventRule {
  const rule = new CloudwatchEventRule(scope, id, {
    name: props.name,
    description: props.description,
    eventPattern: JSON.stringify(props.pattern),
  });
  new CloudwatchEventTarget(scope, `${id}-to-topic`, {
    rule: rule.name,
    arn: props.notifications.topic.arn,
    inputTransformer: {
      inputPaths: props.fields,
      // Each line is a JSON string: EventBridge takes text in no other form (user guide, input transformation).
      inputTemplate: props.lines.map((line) => JSON.stringify(line)).join("\n"),
    },
    dependsOn: [props.notifications.policy],
  });
  return rule;
}
