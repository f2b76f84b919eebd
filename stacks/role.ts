// A role: with the configured path and boundary, assumable by one AWS service or identity provider, its policies inline.
import type { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import {
  type DataAwsIamPolicyDocumentStatementCondition as PolicyCondition,
  DataAwsIamPolicyDocument as PolicyDocument,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { IamConfig } from "../config";

export interface RoleProps {
  /** What the organization asks of every role. */
  iam: IamConfig;
  name: string;
  description: string;
  /** Service principal that may assume the role, e.g. `ecs-tasks.amazonaws.com`; or who an identity provider vouches for. */
  assumedBy: string | { identityProviderArn: string };
  /** What the service's request must carry, against being used for somebody else. */
  assumeConditions?: PolicyCondition[];
  /** Inline policies by name. */
  policies?: Record<string, DataAwsIamPolicyDocument>;
  managedPolicyArns?: string[];
  /** Longest session, in seconds; IAM's default is an hour, its most twelve. */
  maxSessionSeconds?: number;
}

export class Role extends Construct {
  readonly arn: string;
  readonly name: string;
  /** What to depend on before the role's rights are needed. */
  readonly rights: ITerraformDependable[];

  constructor(scope: Construct, id: string, props: RoleProps) {
    super(scope, id);
    const { iam, assumedBy, policies = {}, managedPolicyArns = [] } = props;
    const role = new IamRole(this, "role", {
      name: props.name,
      description: props.description,
      path: iam.rolePath,
      permissionsBoundary: iam.permissionsBoundaryArn,
      maxSessionDuration: props.maxSessionSeconds,
      assumeRolePolicy: new PolicyDocument(this, "trust", {
        statement: [
          typeof assumedBy === "string"
            ? {
                actions: ["sts:AssumeRole"],
                principals: [{ type: "Service", identifiers: [assumedBy] }],
                condition: props.assumeConditions,
              }
            : {
                actions: ["sts:AssumeRoleWithWebIdentity"],
                principals: [{ type: "Federated", identifiers: [assumedBy.identityProviderArn] }],
                condition: props.assumeConditions,
              },
        ],
      }).json,
    });
    this.arn = role.arn;
    this.name = role.name;
    this.rights = [
      ...Object.entries(policies).map(
        ([name, document]) =>
          new IamRolePolicy(this, `policy-${name}`, { name, role: role.name, policy: document.json }),
      ),
      ...managedPolicyArns.map(
        (policyArn) =>
          // By name, not by place in the list: taking one out must not move the others.
          new IamRolePolicyAttachment(this, policyArn.replace(/^.*\//, ""), { role: role.name, policyArn }),
      ),
    ];
  }
}

/** The request must come from this account. AWS IAM user guide, the confused deputy problem. */
export const fromAccount = (accountId: string): PolicyCondition => ({
  test: "StringEquals",
  variable: "aws:SourceAccount",
  values: [accountId],
});
