// What planning needs beside ReadOnlyAccess, and what of it goes too far: a pull request runs code that nobody has read yet.
import {
  DataAwsIamPolicyDocument as PolicyDocument,
  type DataAwsIamPolicyDocumentStatement as PolicyStatement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import type { Construct } from "constructs";
import { arn, type Location, stageNames, type stateNames, type Target } from "../../config";

type State = Location & ReturnType<typeof stateNames>;

export interface PlanPolicyProps {
  partition: string;
  /** Where Terraform's state of the account is, one per region. */
  states: State[];
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

export function planPolicy(scope: Construct, id: string, { partition, states, targets }: PlanPolicyProps) {
  const inBuckets = (path: (state: State) => string[]) =>
    states.flatMap((state) => path(state).map((key) => `arn:${partition}:s3:::${state.bucket}/${key}`));
  const stateFiles = inBuckets(({ stateKey }) => [stateKey("*")]);
  const plans = inBuckets(({ plansPrefix }) => [`${plansPrefix}*`]);
  const lockTables = states.map((state) => arn("dynamodb", state, `table/${state.lockTable}`));
  // Terraform asks for the heads of the objects that images are built from.
  const builds = targets.flatMap(({ stage }) =>
    stage ? [`arn:${partition}:s3:::${stageNames(stage).buildBucket}/*`] : [],
  );
  const stateKeys: PolicyStatement["condition"] = [
    {
      test: "ForAnyValue:StringEquals",
      variable: "kms:ResourceAliases",
      values: [...new Set(states.map(({ keyAlias }) => keyAlias))],
    },
  ];
  return new PolicyDocument(scope, id, {
    statement: [
      { sid: "KeepPlans", actions: ["s3:PutObject"], resources: plans },
      {
        sid: "LockState",
        actions: ["s3:PutObject", "s3:DeleteObject"],
        resources: inBuckets(({ stateKey }) => [`${stateKey("*")}.tflock`]),
      },
      {
        sid: "LockStateInTable",
        actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"],
        resources: lockTables,
      },
      {
        sid: "UseKeyOfState",
        actions: ["kms:Decrypt", "kms:GenerateDataKey"],
        resources: ["*"],
        condition: stateKeys,
      },
      {
        sid: "NoObjects",
        effect: "Deny",
        actions: ["s3:GetObject", "s3:GetObjectVersion"],
        notResources: [...stateFiles, ...stateFiles.map((file) => `${file}.tflock`), ...plans, ...builds],
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
        notResources: lockTables,
      },
      { sid: "NoData", effect: "Deny", actions: DATA, resources: ["*"] },
    ],
  });
}
