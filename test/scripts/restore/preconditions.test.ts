// A restore stops the service that is deployed, which must be the one of the configuration.
import { S3Client } from "@aws-sdk/client-s3";
import { findStage, stageNames, validate } from "../../../config";
import { serviceIsAsConfigured } from "../../../scripts/restore/steps/preconditions";
import { sampleInput } from "../../stacks/synth";

const stage = findStage(validate(sampleInput()), "prod");
const options = { keepIdentifier: false, rehearse: false, rollback: false };

function check(deployed: string | undefined, rehearse = false): Promise<void> {
  const s3 = new S3Client({ region: stage.region });
  const state = JSON.stringify({ resources: [{ type: "aws_rds_cluster" }, { type: deployed }] });
  jest.spyOn(s3, "send").mockImplementation((async () => {
    if (!deployed) throw Object.assign(new Error("No such key."), { name: "NoSuchKey" });
    return { Body: { transformToString: async () => state } };
  }) as never);
  return serviceIsAsConfigured({ s3, stage, names: stageNames(stage), options: { ...options, rehearse } });
}

test("another type than the one that runs is refused: it would go on writing", async () => {
  await expect(check("aws_apprunner_service")).rejects.toThrow(
    /service\.type of stage prod is "fargate", which is not deployed: app-prod has an aws_apprunner_service/,
  );
});

test("the type that runs, a lost state, and a rehearsal, which stops nothing, pass", async () => {
  await expect(check("aws_ecs_service")).resolves.toBeUndefined();
  await expect(check(undefined)).resolves.toBeUndefined();
  await expect(check("aws_apprunner_service", true)).resolves.toBeUndefined();
});
