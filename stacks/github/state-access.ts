// Terraform's state of an account, as roles need it: its objects, its lock, its key.
import type { DataAwsIamPolicyDocumentStatement as PolicyStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { arn, type Location, partitionOf, stateNames } from "../../config";

export class StateAccess {
  /** @param locations one per region in which the account has state */
  constructor(private readonly locations: Location[]) {}

  get buckets(): string[] {
    return this.locations.map((location) => `arn:${partitionOf(location.region)}:s3:::${stateNames(location).bucket}`);
  }
  get lockTables(): string[] {
    return this.locations.map((location) => arn("dynamodb", location, `table/${stateNames(location).lockTable}`));
  }
  /** @param stack whose state it is; `*` for all */
  files(stack: string): string[] {
    return this.objects(({ stateKey }) => stateKey(stack));
  }
  /** @param stack whose plans they are; `*` for all */
  plans(stack: string): string[] {
    return this.objects(({ planKey }) => planKey("*", stack));
  }

  /** @param actions such as kms:Decrypt, with the key of the state and no other */
  useKey(actions: string[]): PolicyStatement {
    return {
      sid: "UseKeyOfState",
      actions,
      resources: this.locations.map((location) => arn("kms", location, "key/*")),
      condition: [
        {
          test: "ForAnyValue:StringEquals",
          variable: "kms:ResourceAliases",
          values: [...new Set(this.locations.map((location) => stateNames(location).keyAlias))],
        },
      ],
    };
  }

  private objects(key: (names: ReturnType<typeof stateNames>) => string): string[] {
    return this.locations.map((location) => {
      const names = stateNames(location);
      return `arn:${partitionOf(location.region)}:s3:::${names.bucket}/${key(names)}`;
    });
  }
}
