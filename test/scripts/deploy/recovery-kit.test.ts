// What a deployment says of the recovery kit.
import { SSMClient } from "@aws-sdk/client-ssm";
import { findStage, validate } from "../../../config";
import { imageWarnings, unkeptKit } from "../../../scripts/deploy/recovery-kit";
import type { TerraformPlan } from "../../../scripts/gate/plan";
import { sampleInput, synthesizeApp } from "../../stacks/synth";

const stage = findStage(validate(sampleInput()), "prod");

describe("an image of the stage's own account", () => {
  const planOf = (...addresses: string[]) =>
    ({
      resource_changes: addresses.map((address) => ({ address, change: { actions: ["create"] } })),
    }) as unknown as TerraformPlan;
  const name = Object.keys(synthesizeApp().resource.aws_lambda_function ?? {}).find((id) => /^recovery-kit_/.test(id));
  const plan = planOf("aws_lb.x", `aws_lambda_function.${name}`);

  test("is warned of with the remedy", () => {
    expect(imageWarnings(stage, plan)).toEqual([
      expect.stringMatching(/the name of 111111111111\.dkr\.ecr.*Keep REDCap's zip elsewhere.*redCapLocalVersion/),
    ]);
  });

  test("not where it is elsewhere, or the stage builds its own, or there is no kit", () => {
    expect(imageWarnings({ ...stage, accountId: "333333333333" }, plan)).toEqual([]);
    const service = { ...stage.service, image: undefined };
    expect(imageWarnings({ ...stage, service }, plan)).toEqual([]);
    expect(imageWarnings(stage, planOf("aws_lb.x"))).toEqual([]);
  });
});

describe("a kit that was not written", () => {
  const refused = { kept: false, written: [], reason: "NoSuchBucket. Deploy it.", time: "2026-01-02T00:00:00.000Z" };
  const said = (result: object, Value: string, written: string) => {
    const Parameter = { Value, LastModifiedDate: new Date(written) };
    jest.spyOn(SSMClient.prototype, "send").mockImplementation(async () => ({ Parameter }) as never);
    return unkeptKit(stage, { recovery_kit: JSON.stringify(result) });
  };

  test("is told of with the reason, and with what there is of it", async () => {
    expect(await said(refused, "{}", "2026-01-01")).toBe(
      "The recovery kit was not written. NoSuchBucket. Deploy it. Nothing of it is kept yet.",
    );
    // Deployed again from nothing: the parameter is newer, and empty.
    expect(await said(refused, "{}", "2026-01-03")).toContain("Nothing of it is kept yet.");
    expect(await said(refused, '{"salt.json":{}}', "2026-01-01")).toContain(
      "It was written last on 2026-01-01T00:00:00.000Z.",
    );
  });

  test("is none where it was written, then or later, or where there is none", async () => {
    expect(await said(refused, '{"salt.json":{}}', "2026-01-03")).toBeUndefined();
    expect(await said({ kept: true, written: [] }, "{}", "2026-01-01")).toBeUndefined();
    expect(await unkeptKit(stage, {})).toBeUndefined();
  });
});
