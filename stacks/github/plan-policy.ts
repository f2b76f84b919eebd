// What planning needs beside ReadOnlyAccess, and what of that goes too far: a pull request runs code that nobody has read yet.
import { DataAwsIamPolicyDocument as PolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { Construct } from "constructs";
import { arn, partitionOf, stageNames, type Target } from "../../config";
import type { StateAccess } from "./state-access";

export interface PlanPolicyProps {
  state: StateAccess;
  /** What is planned in the account. */
  targets: Target[];
}

/** Reads of data, rather than of settings, that ReadOnlyAccess allows. */
const DATA = [
  "athena:GetQueryResults*",
  "cloudtrail:GetQueryResults",
  "cloudtrail:LookupEvents",
  "codebuild:BatchGetBuilds",
  "ec2:GetConsoleOutput",
  "ec2:GetConsoleScreenshot",
  "ec2:GetPasswordData",
  "ecr:BatchGetImage",
  "ecr:GetDownloadUrlForLayer",
  "logs:FilterLogEvents",
  "logs:Get*Event*",
  "logs:GetLogObject",
  "logs:GetLogRecord",
  "logs:GetQueryResults",
  "logs:StartLiveTail",
  "logs:StartQuery",
  "logs:Unmask",
  "rds:DownloadCompleteDBLogFile",
  "rds:DownloadDBLogFilePortion",
  "rds-data:*",
  "secretsmanager:BatchGetSecretValue",
  "secretsmanager:GetSecretValue",
  "sqs:ReceiveMessage",
  "states:GetExecutionHistory",
];

/** It writes nothing, no lock either: code that nobody has read could take away somebody else's. */
export function planPolicy(scope: Construct, id: string, { state, targets }: PlanPolicyProps) {
  const stages = targets.flatMap(({ stage }) => stage ?? []);
  // Terraform asks for the heads of the objects that images are built from.
  const builds = stages.map((stage) => `arn:${partitionOf(stage.region)}:s3:::${stageNames(stage).buildBucket}/*`);
  const parameters = stages.map((stage) => arn("ssm", stage, `parameter${stageNames(stage).recoveryKitParameter}`));
  return new PolicyDocument(scope, id, {
    statement: [
      state.useKey(["kms:Decrypt"]),
      {
        sid: "NoObjects",
        effect: "Deny",
        actions: ["s3:GetObject", "s3:GetObjectVersion"],
        notResources: [...state.files("*"), ...builds],
      },
      {
        sid: "NoItems",
        effect: "Deny",
        actions: [
          "dynamodb:GetItem",
          "dynamodb:BatchGetItem",
          "dynamodb:Query",
          "dynamodb:Scan",
          "dynamodb:GetRecords",
          "dynamodb:PartiQLSelect",
        ],
        notResources: state.lockTables,
      },
      {
        sid: "NoParameters",
        effect: "Deny",
        actions: ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:GetParameterHistory"],
        ...(parameters.length > 0 ? { notResources: parameters } : { resources: ["*"] }),
      },
      { sid: "NoData", effect: "Deny", actions: DATA, resources: ["*"] },
    ],
  });
}

/** Beside that, of code that was reviewed: the plans that wait for an approval. */
export const keepPlansPolicy = (scope: Construct, id: string, state: StateAccess) =>
  new PolicyDocument(scope, id, {
    statement: [
      { sid: "KeepPlans", actions: ["s3:PutObject"], resources: state.plans("*") },
      { ...state.useKey(["kms:GenerateDataKey"]), sid: "EncryptPlans" },
    ],
  });
