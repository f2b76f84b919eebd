// What every stack has: its state backend, the AWS provider bound to one account, default tags.
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { S3Backend, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { effectiveProfile, type Location, PROVIDER_VERSIONS, stateNames } from "../config";

export interface BaseStackProps extends Location {
  /** Profile whose credentials reach the account. */
  profile?: string;
  /** Tags of every resource of the stack. */
  tags: Record<string, string>;
}

export class BaseStack extends TerraformStack {
  constructor(scope: Construct, id: string, props: BaseStackProps) {
    super(scope, id);
    const profile = effectiveProfile(props.profile);

    new AwsProvider(this, "aws", {
      region: props.region,
      profile,
      // The wrong credentials stop here, before anything is read or changed.
      allowedAccountIds: [props.accountId],
      // Last, so that no tag of the configuration takes its place: the backup role's right to the keys depends on it.
      defaultTags: [{ tags: { ...props.tags, "redcap:stack": id } }],
    });
    // Exact versions, which the registry and a locally built mirror both have.
    this.addOverride("terraform.required_version", ">= 1.10");
    this.addOverride("terraform.required_providers.aws.version", PROVIDER_VERSIONS.aws);

    const state = stateNames(props);
    // No `encrypt`: it would ask for S3's own key, where the bucket's default is the account's KMS key.
    new S3Backend(this, {
      bucket: state.bucket,
      key: state.stateKey(id),
      region: props.region,
      dynamodbTable: state.lockTable,
      profile,
    });
    // cdktf 0.21 does not know S3's own lock file, which replaces the DynamoDB table from Terraform 1.11 on.
    this.addOverride("terraform.backend.s3.use_lockfile", true);
  }
}
