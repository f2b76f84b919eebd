// A customer-managed key with its policy and alias.
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Construct } from "constructs";
import { keep } from "./stateful";

export interface KeyProps {
  /** Logical id in the stack. */
  logicalId: string;
  /** Without `alias/`. */
  alias: string;
  description: string;
  policy: DataAwsIamPolicyDocumentStatement[];
  preventDestroy: boolean;
}

/** Days between the order to delete a key and its end, in which the order can be taken back; 30 is AWS's longest. */
const DELETION_DAYS = 30;

export class Key extends Construct {
  readonly key: KmsKey;

  constructor(scope: Construct, id: string, props: KeyProps) {
    super(scope, id);
    const policy = new DataAwsIamPolicyDocument(this, "policy", { statement: props.policy });
    this.key = keep(
      new KmsKey(this, "key", {
        description: props.description,
        enableKeyRotation: true,
        deletionWindowInDays: DELETION_DAYS,
        policy: policy.json,
      }),
      props.logicalId,
      props.preventDestroy,
    );
    new KmsAlias(this, "alias", { name: `alias/${props.alias}`, targetKeyId: this.key.keyId });
  }
}
