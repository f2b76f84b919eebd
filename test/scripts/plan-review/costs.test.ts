// What a plan changes of the monthly bill.
import { costChanges } from "../../../scripts/plan-review/costs";
import { costText } from "../../../scripts/plan-review/words";
import { create, destroy, plan, replace, update } from "../gate/plans";

type Changes = Parameters<typeof plan>[0];
const changes = (...all: Changes) => costChanges(plan(all));
const text = (...all: Changes) => costText(changes(...all));

test("nothing that is paid, nothing said", () => {
  expect(text(create("aws_iam_role.x", {}))).toBeUndefined();
});

test("what stands costs the same whether used or not", () => {
  expect(text(create("aws_nat_gateway.a", {}), create("aws_lb.b", {}), destroy("aws_kms_key.c", {}))).toBe(
    "Monthly cost: +$48.28 without any use (us-east-1, November 2026): more: 1 aws_nat_gateway, 1 aws_lb; less: 1 aws_kms_key",
  );
});

test("an endpoint costs by zone, and one to S3 nothing; a web ACL by rule", () => {
  const interfaceIn = (...subnet_ids: string[]) => ({ vpc_endpoint_type: "Interface", subnet_ids });
  expect(changes(create("aws_vpc_endpoint.a", interfaceIn("a", "b"))).standingUsd).toBe(14.6);
  expect(changes(create("aws_vpc_endpoint.a", { vpc_endpoint_type: "Gateway" })).standingUsd).toBe(0);
  expect(changes(update("aws_vpc_endpoint.a", interfaceIn("a"), interfaceIn("a", "b"))).standingUsd).toBe(7.3);
  expect(changes(update("aws_wafv2_web_acl.a", { rule: [1, 2] }, { rule: [1] })).standingUsd).toBe(-1);
});

test("what is paid by use, or by the kind of an instance, has no figure, and it is said", () => {
  expect(text(create("aws_rds_cluster_instance.reader", {}))).toBe(
    "Monthly cost: no figure at hand: more: 1 aws_rds_cluster_instance",
  );
  expect(text(update("aws_ecs_task_definition.x", { cpu: "1024" }, { cpu: "2048" }))).toBe(
    "Monthly cost: no figure at hand: another size: aws_ecs_task_definition.x",
  );
});

test("an endpoint whose zones are not known yet is named, not guessed", () => {
  expect(text(create("aws_vpc_endpoint.a", { vpc_endpoint_type: "Interface" }))).toBe(
    "Monthly cost: +$0.00 without any use (us-east-1, November 2026): more: 1 aws_vpc_endpoint. " +
      "no figure at hand: known after the apply: aws_vpc_endpoint.a",
  );
});

test("what is replaced by the same costs nothing more", () => {
  expect(text(replace("aws_nat_gateway.a", {}, {}))).toBeUndefined();
});
