// Invariants on policies: who is let in, and what roles may do.
import { documentOf, type Invariant, policyStatements } from "./invariant";
import { byId } from "./synth";

/**
 * Neither everybody nor every account (`arn:aws:iam::*:root`). In a VPC endpoint's policy the principal is always `*` (AWS
 * PrivateLink guide): there, a condition names the account, or it is reading ECR's own layers or Amazon Linux's packages.
 */
export const noStarPrincipal: Invariant = (stack) => {
  const ofEndpoints = Object.values(byId(stack, "aws_vpc_endpoint")).map(({ policy }) => documentOf(stack, policy));
  return Object.entries(stack.data.aws_iam_policy_document ?? {}).flatMap(([id, document]) => {
    const bad = policyStatements(document).some(
      ({ effect = "Allow", principals = [], condition = [], ...statement }) => {
        const open = principals.some(({ identifiers }) => identifiers.some((identifier) => identifier.includes("*")));
        if (effect !== "Allow" || !open) return false;
        if (!ofEndpoints.includes(document)) return true;
        const ownAccount = condition.some(({ variable }) => variable === "aws:PrincipalAccount");
        const awsOwn =
          statement.actions?.join() === "s3:GetObject" &&
          /^arn:[\w-]+:s3:::(prod-[\w-]+-starport-layer-bucket|al2023-repos-[\w-]+-de612dc2)\/\*$/.test(
            statement.resources?.join() ?? "",
          );
        return !ownAccount && !awsOwn;
      },
    );
    return bad ? [`data.aws_iam_policy_document.${id}`] : [];
  });
};

/** Policies that grant nothing. */
const NO_RIGHTS = ["aws_ecr_lifecycle_policy"];

/** Policies written as text would escape the invariants on policy documents. */
export const policiesAreDocuments: Invariant = (stack) =>
  Object.entries(stack.resource).flatMap(([type, resources]) =>
    NO_RIGHTS.includes(type)
      ? []
      : Object.entries(resources).flatMap(([id, block]) =>
          ["policy", "assume_role_policy"].some((name) => block[name] !== undefined && !documentOf(stack, block[name]))
            ? [`${type}.${id}`]
            : [],
        ),
  );

/** Sets of actions that may name every resource, and why. */
const ON_EVERY_RESOURCE: Record<string, string> = {
  "apprunner:ListServices": "knows no resources (service authorization reference, App Runner)",
  "ecr:GetAuthorizationToken": "knows no resources (service authorization reference, ECR)",
  [["ec2:DescribeInstances", "ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation"].join()]:
    "know no resources (service authorization reference, EC2 and Systems Manager)",
  [[
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
  ].join()]: "know no resources (service authorization reference, Session Manager Message Gateway Service)",
  [[
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
  ].join()]: "as Step Functions asks for it (developer guide, logging to CloudWatch Logs)",
  "logs:DescribeLogGroups": "cannot be limited to one group (service authorization reference, CloudWatch Logs)",
  "secretsmanager:GetRandomPassword": "concerns no resource",
  [[
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ].join()]: "of Lambda in a VPC: the interface does not exist yet (Lambda developer guide, VPC access)",
};

/** What a role or user may do is named, action and resource; no service as a whole. */
export const rightsAreNamed: Invariant = (stack) =>
  ["aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_policy"].flatMap((type) =>
    Object.entries(byId(stack, type)).flatMap(([id, { policy }]) =>
      policyStatements(documentOf(stack, policy)).flatMap(({ effect = "Allow", actions = [], resources = [] }) => {
        const everything = actions.some((action) => /^(\*|[\w-]+:\*)$/.test(action));
        const everywhere = resources.includes("*") && !Object.hasOwn(ON_EVERY_RESOURCE, [...actions].sort().join());
        return effect === "Allow" && (everything || everywhere) ? [`${type}.${id}`] : [];
      }),
    ),
  );
