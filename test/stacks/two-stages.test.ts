// Two stages of one account and region: nothing that AWS names is called the same.
import { validate } from "../../config";
import { onAppRunner, type StageInput, type SynthesizedStack, sampleInput, sampleStage, synthesize } from "./synth";

/** Attributes by which AWS knows a resource in its account and region. */
const NAME = /^(name|bucket|family|identifier|alias|.+_(name|identifier))$/;
/** What names something else, or is unique within something that is the stage's. */
const ELSEWHERE = [
  "aws_appautoscaling_policy name",
  "aws_cloudwatch_metric_alarm metric_name",
  "aws_iam_role_policy name",
  "aws_iam_user_policy name",
  "aws_rds_cluster database_name",
  "aws_rds_cluster_instance ca_cert_identifier",
  "aws_rds_cluster_parameter_group family",
  "aws_scheduler_schedule name",
  "aws_sesv2_configuration_set_event_destination event_destination_name",
  "aws_vpc_endpoint service_name",
];

function namesOf({ resource }: SynthesizedStack): string[] {
  return Object.entries(resource).flatMap(([type, blocks]) =>
    Object.values(blocks).flatMap((block) =>
      Object.entries(block).flatMap(([attribute, value]) => {
        const isName = NAME.test(attribute) && typeof value === "string" && !/^\$\{[^}]*\}$/.test(value);
        return isName && !ELSEWHERE.includes(`${type} ${attribute}`) ? [`${type} ${attribute} ${value}`] : [];
      }),
    ),
  );
}

/** The same stage twice, under two names and addresses. */
function twins(change: Partial<StageInput>): [SynthesizedStack, SynthesizedStack] {
  const { service, ...prod } = sampleStage("prod");
  const stages = ["one", "two"].map((name) => ({
    ...{ ...prod, service, ...change, name, subdomain: name, delegated: true, email: "admins@example.org" },
    budget: { monthlyUsd: 100 },
  }));
  const stacks = synthesize(validate({ ...sampleInput(), stages }));
  const app = (name: string) => stacks.find((stack) => stack.name === `app-${name}`) as SynthesizedStack;
  return [app("one"), app("two")];
}

const { image: _, ...building } = sampleStage("prod").service as { image?: string };

test.each<[string, Partial<StageInput>]>([
  ["on Fargate, with an image of their own", { redCapLocalVersion: "17.4.4", service: building as never }],
  ["on App Runner", onAppRunner()],
])("%s", (_, change) => {
  const [one, two] = twins(change).map(namesOf) as [string[], string[]];
  expect(one.length).toBeGreaterThan(60);
  expect(one.filter((name) => two.includes(name))).toEqual([]);
});
