// A Lambda function from functions/, bundled, that logs JSON into a group of the stage's.
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { LambdaFunction, type LambdaFunctionConfig } from "@cdktf/provider-aws/lib/lambda-function";
import { AssetType, TerraformAsset } from "cdktf";
import type { Construct } from "constructs";
import type { Role } from "../role";
import { LAMBDA_RUNTIME, lambdaBundle } from "./lambda-bundle";

export interface NodeFunctionProps extends Pick<LambdaFunctionConfig, "description" | "vpcConfig"> {
  /** Folder in functions/. */
  source: string;
  functionName: string;
  role: Role;
  logs: CloudwatchLogGroup;
  /** Seconds. */
  timeout: number;
  /** MiB. */
  memorySize: number;
  variables: Record<string, string>;
}

/** No reserved concurrency: a new account's quota of 10 has none to reserve. Functions must stand a second run beside them. */
export function nodeFunction(scope: Construct, props: NodeFunctionProps): LambdaFunction {
  const { source, role, logs, variables, ...settings } = props;
  const bundle = lambdaBundle(source);
  return new LambdaFunction(scope, "function", {
    ...settings,
    runtime: LAMBDA_RUNTIME,
    architectures: ["arm64"],
    handler: "index.handler",
    filename: new TerraformAsset(scope, "code", { path: bundle.zipFile, type: AssetType.FILE }).path,
    sourceCodeHash: bundle.codeHash,
    role: role.arn,
    environment: { variables },
    loggingConfig: { logFormat: "JSON", logGroup: logs.name },
    dependsOn: role.rights,
  });
}
