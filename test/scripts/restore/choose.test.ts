import { findStage, validate } from "../../../config";
import { requireStoppable } from "../../../scripts/restore/choose";
import { sampleInput } from "../../stacks/synth";

const prod = findStage(validate(sampleInput()), "prod");
const onAppRunner = { ...prod, service: { ...prod.service, type: "app-runner" } as never };

test("a stage on App Runner, which cannot be stopped, is not restored but rehearsed", () => {
  expect(() => requireStoppable(onAppRunner, false)).toThrow('Change service to type "fargate" and deploy');
  expect(() => requireStoppable(onAppRunner, true)).not.toThrow();
  expect(() => requireStoppable(prod, false)).not.toThrow();
});
