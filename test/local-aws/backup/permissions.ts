// What AWS Backup asks other services before it acts: may it assume the role, use the key, and do both accounts belong
// to one organization? Decided by the policy model from the policies that stand in IAM, KMS and Organizations.

import { GetAccessKeyLastUsedCommand, GetRoleCommand } from "@aws-sdk/client-iam";
import { DescribeKeyCommand, GetKeyPolicyCommand, type KeyMetadata, ListAliasesCommand } from "@aws-sdk/client-kms";
import { DescribeOrganizationCommand, type Organization } from "@aws-sdk/client-organizations";
import { evaluatePolicy, type Principal } from "../policy";
import type { ClientsOf } from "./clients";
import { invalidParameter } from "./errors";

export const BACKUP_PRINCIPAL: Principal = { kind: "service", service: "backup.amazonaws.com" };

/** Copies are made by the destination account's service-linked role. */
export const serviceLinkedRole = (account: string): Principal => ({
  kind: "aws",
  arn: `arn:aws:iam::${account}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup`,
});

/**
 * What the user of a key must be allowed to do to copy something that it encrypts.
 * https://repost.aws/knowledge-center/backup-troubleshoot-cross-account-copy
 */
const COPY_ACTIONS = [
  "kms:DescribeKey",
  "kms:CreateGrant",
  "kms:Decrypt",
  "kms:ReEncryptFrom",
  "kms:ReEncryptTo",
  "kms:GenerateDataKey",
];

export class Permissions {
  private readonly callers = new Map<string, string>();

  constructor(
    private readonly clientsOf: ClientsOf,
    private readonly region: string,
    private readonly organizationAccountIds: string[],
  ) {}

  /**
   * The role must exist and trust AWS Backup.
   * https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html
   *
   * @throws AwsError InvalidParameterValueException, in AWS's words.
   */
  async requireAssumableRole(account: string, roleArn: string): Promise<void> {
    const refused = invalidParameter(`IAM Role ${roleArn} cannot be assumed by AWS Backup`);
    const name = /^arn:aws[^:]*:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(roleArn);
    if (!name || name[1] !== account) throw refused;
    const trust = await this.clientsOf(account)
      .iam.send(new GetRoleCommand({ RoleName: name[2] }))
      .catch((error: unknown) => {
        if (isNamed(error, "NoSuchEntityException")) throw refused;
        throw error;
      });
    const document = decodeURIComponent(trust.Role?.AssumeRolePolicyDocument ?? "");
    const request = { principal: BACKUP_PRINCIPAL, action: "sts:AssumeRole", resource: roleArn };
    const context = { "aws:SourceAccount": account };
    if (evaluatePolicy(document, { ...request, context }) !== "allow") throw refused;
  }

  /** The key's metadata, or undefined if there is no such key; ids and aliases are understood as KMS does. */
  async findKey(account: string, keyId: string): Promise<KeyMetadata | undefined> {
    const owner = keyId.startsWith("arn:") ? (keyId.split(":")[4] ?? account) : account;
    try {
      const found = await this.clientsOf(owner).kms.send(new DescribeKeyCommand({ KeyId: keyId }));
      return found.KeyMetadata;
    } catch (error) {
      if (isNamed(error, "NotFoundException")) return undefined;
      throw error;
    }
  }

  /** Whether AWS manages the key (`aws/rds`, `aws/backup`, …): nobody can let another account use such a key. */
  async isAwsManaged(keyArn: string): Promise<boolean> {
    const account = keyArn.split(":")[4] ?? "";
    const key = await this.findKey(account, keyArn);
    if (!key || key.KeyManager === "AWS") return true;
    const aliases = await this.clientsOf(account).kms.send(new ListAliasesCommand({}));
    return (aliases.Aliases ?? []).some(
      (alias) => alias.TargetKeyId === key.KeyId && alias.AliasName?.startsWith("alias/aws/"),
    );
  }

  /** Whether the key's policy lets the principal use it for a copy on behalf of a service such as `rds`. */
  async allowsCopy(keyArn: string, principal: Principal, service: string): Promise<boolean> {
    return this.keyAllows(keyArn, principal, COPY_ACTIONS, {
      "kms:ViaService": `${service}.${this.region}.amazonaws.com`,
      "kms:GrantIsForAWSResource": "true",
    });
  }

  /** Whether the key is enabled and its policy allows every one of the actions. */
  async keyAllows(
    keyArn: string,
    principal: Principal,
    actions: string[],
    context: Record<string, string> = {},
  ): Promise<boolean> {
    const owner = keyArn.split(":")[4] ?? "";
    const key = await this.findKey(owner, keyArn);
    if (!key?.Enabled) return false;
    const policy = await this.clientsOf(owner).kms.send(
      new GetKeyPolicyCommand({ KeyId: key.KeyId, PolicyName: "default" }),
    );
    const asked = { ...(await this.contextOf(principal)), "kms:CallerAccount": accountOf(principal), ...context };
    return actions.every(
      (action) =>
        evaluatePolicy(policy.Policy ?? "", { principal, action, resource: keyArn, context: asked }) === "allow",
    );
  }

  /** Condition keys that tell a principal's account and organization. */
  async contextOf(principal: Principal): Promise<Record<string, string | string[]>> {
    if (principal.kind === "service") return { "aws:PrincipalIsAWSService": "true" };
    const account = accountOf(principal);
    const organization = await this.organizationOf(account);
    return {
      "aws:PrincipalArn": principal.arn,
      "aws:PrincipalAccount": account,
      "aws:PrincipalIsAWSService": "false",
      ...(organization?.Id && { "aws:PrincipalOrgID": organization.Id }),
    };
  }

  /** The organization of the account, or undefined if it is in none. */
  async organizationOf(account: string): Promise<Organization | undefined> {
    const isMember = this.organizationAccountIds.includes(account);
    // Of an account outside there are no credentials; a member can tell whether it is the management account.
    const asked = isMember ? account : this.organizationAccountIds[0];
    if (asked === undefined) return undefined;
    const { Organization: found } = await this.clientsOf(asked).organizations.send(new DescribeOrganizationCommand({}));
    return isMember || found?.MasterAccountId === account ? found : undefined;
  }

  /** ARN of the IAM user who owns the access key; the account's root if it is no user's key. */
  async callerArn(account: string, accessKeyId: string): Promise<string> {
    const known = this.callers.get(accessKeyId);
    if (known) return known;
    const root = `arn:aws:iam::${account}:root`;
    const arn = await this.clientsOf(account)
      .iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId }))
      .then((owner) => (owner.UserName ? `arn:aws:iam::${account}:user/${owner.UserName}` : root))
      .catch((error: unknown) => {
        if (isNamed(error, "NoSuchEntityException")) return root;
        throw error;
      });
    this.callers.set(accessKeyId, arn);
    return arn;
  }
}

export function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

function accountOf(principal: Principal): string {
  return principal.kind === "aws" ? (principal.arn.split(":")[4] ?? "") : "";
}
