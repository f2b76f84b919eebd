// The drill's stages: the sample's, without AWS WAF. Nothing of it is restored, and its rules cost Terraform as much of every
// plan as all the rest; test/stages/sample.integration.test.ts deploys them.
import { defineDeployment } from "../../config";
import sample from "../../stages.sample";

export const WITHOUT_WAF = { type: "none", reason: "The drill is about what can be restored." } as const;

export default defineDeployment({ ...sample, stages: sample.stages.map((stage) => ({ ...stage, waf: WITHOUT_WAF })) });
