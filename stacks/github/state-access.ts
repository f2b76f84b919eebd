// Terraform's state of an account, as roles need it: its objects, its lock, its key.
import type { DataAwsIamPolicyDocumentStatement as PolicyStatement } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { arn, type Location, partitionOf, stateNames } from "../../config";

export class StateAccess {
  /** @param locations one per region in which the account has state */
  constructor(private readonly locations: Location[]) {}

  get buckets(): string[] {
    return this.locations.map((location) => `arn:${partitionOf(location.region)}:s3:::${stateNames(location).bucket}`);
  }
  get files(): string[] {
    return this.objects(({ stateKey }) => stateKey("*"));
  }
  get locks(): string[] {
    return this.files.map((file) => `${file}.tflock`);
  }
  get plans(): string[] {
    return this.objects(({ plansPrefix }) => `${plansPrefix}*`);
  }
  get lockTables(): string[] {
    return this.locations.map((location) => arn("dynamodb", location, `table/${stateNames(location).lockTable}`));
  }

  /** The lock and the key, without which nobody plans; who may write state or plans says so itself. */
  lockAndKey(): PolicyStatement[] {
    return [
      { sid: "LockState", actions: ["s3:PutObject", "s3:DeleteObject"], resources: this.locks },
      {
        sid: "LockStateInTable",
        actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"],
        resources: this.lockTables,
      },
      {
        sid: "UseKeyOfState",
        actions: ["kms:Decrypt", "kms:GenerateDataKey"],
        resources: this.locations.map((location) => arn("kms", location, "key/*")),
        condition: [
          {
            test: "ForAnyValue:StringEquals",
            variable: "kms:ResourceAliases",
            values: [...new Set(this.locations.map((location) => stateNames(location).keyAlias))],
          },
        ],
      },
    ];
  }

  private objects(key: (names: ReturnType<typeof stateNames>) => string): string[] {
    return this.locations.map((location) => {
      const names = stateNames(location);
      return `arn:${partitionOf(location.region)}:s3:::${names.bucket}/${key(names)}`;
    });
  }
}
