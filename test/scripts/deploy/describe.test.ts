// What the person is shown before "Apply this?": counts, dangers, then addresses.
import { describePlan } from "../../../scripts/deploy/describe";
import { create, plan, update } from "../gate/plans";

test("dangers that the gate leaves to a person come first, with what they are about", () => {
  const weaker = plan([
    create("aws_sns_topic.new", {}),
    update("aws_rds_cluster.cluster", { deletion_protection: true }, { deletion_protection: false }),
  ]);
  expect(describePlan("app-prod", weaker).split("\n")).toEqual([
    "app-prod: 0 to destroy, 0 to replace, 1 to change, 1 to create.",
    "  DANGER: unprotect aws_rds_cluster.cluster: deletion_protection from `true` to `false`: nothing keeps it from being deleted with its content",
    "  change aws_rds_cluster.cluster",
    "  create aws_sns_topic.new",
  ]);
});
