// Every resource type of the sample's stacks is in a locally built mirror, so that a missing one is found here, not by a user.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { validate } from "../../config";
import { buildApp } from "../../main";
import { missingFromMirror, readResourceTypes } from "../../scripts/providers/resource-types";
import { KEPT_SERVICES } from "../../scripts/providers/versions";
import sample from "../../stages.sample";

/** Types of resources, data sources and ephemeral resources in every stack of the sample. */
function synthesizedTypes(): Set<string> {
  const output = mkdtempSync(join(tmpdir(), "redcap-synth-"));
  try {
    buildApp(validate(sample), output).synth();
    const stacks = readdirSync(join(output, "stacks"));
    const types = stacks.flatMap((stack) => {
      const file = readFileSync(join(output, "stacks", stack, "cdk.tf.json"), "utf8");
      const { resource, data, ephemeral } = JSON.parse(file) as Record<string, Record<string, unknown>>;
      return [resource, data, ephemeral].flatMap((section) => Object.keys(section ?? {}));
    });
    return new Set(types);
  } finally {
    rmSync(output, { recursive: true });
  }
}

test("a local mirror has every resource type that the sample's stacks use", () => {
  const types = synthesizedTypes();
  expect(types).toContain("aws_rds_cluster");
  expect(missingFromMirror(types)).toEqual([]);
});

test("a resource type outside the mirror is named with what to add", () => {
  expect(missingFromMirror(["aws_rds_cluster", "aws_sagemaker_model", "random_id", "terraform_data"])).toEqual([
    'aws_sagemaker_model is missing from a local mirror: add "sagemaker" to KEPT_SERVICES in scripts/providers/versions.ts.',
  ]);
});

test("a resource type that the pinned versions do not know is named, too", () => {
  expect(missingFromMirror(["aws_no_such_thing"])).toEqual([
    "aws_no_such_thing is in neither aws 6.34.0 nor random 3.6.0.",
  ]);
});

test("every kept service exists, is listed once, and has types of its own", () => {
  const known = readResourceTypes();
  expect(KEPT_SERVICES.filter((service) => !known.get(service)?.length)).toEqual([]);
  expect(new Set(KEPT_SERVICES).size).toBe(KEPT_SERVICES.length);
});
