// The drill's stages: the sample's, without AWS WAF, of which nothing is restored.
import { defineDeployment } from "../../config";
import sample from "../../stages.sample";
import { WITHOUT_WAF } from "../without-waf";

export default defineDeployment({ ...sample, stages: sample.stages.map((stage) => ({ ...stage, waf: WITHOUT_WAF })) });
