import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StageConfig } from "../../../config";
import { requireUploads } from "../../../scripts/deploy/uploads";
import type { TerraformPlan } from "../../../scripts/gate/plan";

const releases = mkdtempSync(join(tmpdir(), "releases-"));
process.env.REDCAP_RELEASES_FOLDER = releases;
writeFileSync(join(releases, "redcap17.4.4.zip"), "zip");
afterAll(() => rmSync(releases, { recursive: true }));

const planOf = (address: string, action: "create" | "update" | "no-op"): TerraformPlan => ({
  format_version: "1.2",
  resource_changes: [
    {
      address,
      mode: "managed",
      type: address.split(".")[0] as string,
      name: address.split(".")[1] as string,
      change: { actions: [action], before: null, after: null },
    },
  ],
});
const stage = (redCapLocalVersion?: string) => ({ redCapLocalVersion }) as StageConfig;
const UPLOAD = "aws_s3_object.image_redcap_0123ABCD";
const PROJECT = "aws_codebuild_project.image_project_0123ABCD";

test("an upload, or another version, of a zip that is not here is refused with where to put it", () => {
  for (const plan of [planOf(UPLOAD, "create"), planOf(PROJECT, "update")])
    expect(() => requireUploads(stage("17.5.0"), plan)).toThrow(
      `${join(releases, "redcap17.5.0.zip")} is not there: put REDCap's full zip of 17.5.0 there`,
    );
});

test("nothing is asked of who has the zip, has none in the plan, or names one in S3", () => {
  requireUploads(stage("17.4.4"), planOf(UPLOAD, "create"));
  requireUploads(stage("17.5.0"), planOf(UPLOAD, "no-op"));
  requireUploads(stage("17.5.0"), planOf("aws_lb.x", "update"));
  requireUploads(stage(), planOf(PROJECT, "update"));
});
