// The image that the stage builds for itself: repository, bucket with what it is built from, project that builds it and
// rolls it out, and the function that starts the first build. Later versions change no resource but the project.
import { DataAwsEcrLifecyclePolicyDocument } from "@cdktf/provider-aws/lib/data-aws-ecr-lifecycle-policy-document";
import { EcrLifecyclePolicy } from "@cdktf/provider-aws/lib/ecr-lifecycle-policy";
import { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
import type { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import type { LambdaInvocation } from "@cdktf/provider-aws/lib/lambda-invocation";
import { S3BucketLoggingA as BucketLogging } from "@cdktf/provider-aws/lib/s3-bucket-logging";
import { S3Object } from "@cdktf/provider-aws/lib/s3-object";
import { AssetType, TerraformAsset } from "cdktf";
import { Construct } from "constructs";
import { buildKeys, LIVE_TAG, type StageConfig, stageNames } from "../../config";
import { Bucket, encryptedWith, onlyWithKey } from "../bucket";
import { Key } from "../key";
import { ownerManages } from "../key-policy";
import { keep } from "../stateful";
import type { EncryptionKeys } from "./encryption-keys";
import { firstImage } from "./first-image";
import { imageContext } from "./image-context";
import { ImageProject } from "./image-project";
import { logGroup } from "./log-group";
import { BUILD_BUCKET_LOGS, type LogsBucket } from "./logs-bucket";
import { type RedcapZip, redcapZip } from "./redcap-zip";

/** Images to go back to. The one that runs is kept whatever its age. */
const KEPT_IMAGES = 10;
/** Days for which the zip and the sources of an earlier image can be looked at. */
const OLD_VERSION_DAYS = 365;

export interface ImageProps {
  stage: StageConfig;
  keys: EncryptionKeys;
  logsBucket: LogsBucket;
}

export class Image extends Construct {
  readonly repository: EcrRepository;
  readonly bucket: Bucket;
  /** Of bucket and repository. */
  readonly key: KmsKey;
  readonly zip: RedcapZip;
  readonly project: ImageProject;
  /** Done when the repository has an image to run. */
  readonly firstImage: LambdaInvocation;

  constructor(scope: Construct, id: string, { stage, keys, logsBucket }: ImageProps) {
    super(scope, id);
    const names = stageNames(stage);
    this.key = new Key(this, "key", {
      logicalId: "image",
      alias: `${names.prefix}-image`,
      description: `${names.prefix}: images, and what they are built from`,
      policy: [ownerManages(stage.accountId, stage.region)],
      preventDestroy: stage.protect.enabled,
    }).key;
    const { key } = this;
    this.repository = this.imageRepository(stage, key);
    this.bucket = this.buildBucket(stage, key, logsBucket);
    const logs = logGroup(this, "logs", { stage, name: `/aws/codebuild/${names.imageProject}`, key: keys.logs });
    const { zipFile, hash } = imageContext();
    const context = new S3Object(this, "context", {
      bucket: this.bucket.bucket.bucket,
      key: buildKeys.context,
      source: new TerraformAsset(this, "context-zip", { path: zipFile, type: AssetType.FILE, assetHash: hash }).path,
      sourceHash: hash,
      dependsOn: this.bucket.settings,
    });
    this.zip = redcapZip(this, stage, this.bucket);
    const { zip } = this;
    this.project = new ImageProject(this, "project", {
      stage,
      key,
      bucket: this.bucket.bucket,
      repository: this.repository,
      zip,
      logs,
    });
    this.firstImage = firstImage(this, "first-image", {
      stage,
      keys,
      repository: this.repository,
      project: this.project.project,
      buildLogs: logs,
      needs: [context, ...zip.needs, ...this.project.rights],
    });
  }

  private imageRepository(stage: StageConfig, key: KmsKey): EcrRepository {
    const repository = keep(
      new EcrRepository(this, "repository", {
        name: stageNames(stage).imageRepository,
        encryptionConfiguration: [{ encryptionType: "KMS", kmsKey: key.arn }],
        imageScanningConfiguration: { scanOnPush: true },
        // A version is what it was when it was pushed; only which one is live changes.
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilter: [{ filter: LIVE_TAG, filterType: "WILDCARD" }],
        forceDelete: !stage.protect.enabled,
      }),
      "image",
      stage.protect.enabled,
    );
    const tagged = (tagPatternList: string[], countNumber: number) => ({
      selection: [{ tagStatus: "tagged", tagPatternList, countType: "imageCountMoreThan", countNumber }],
      action: [{ type: "expire" }],
    });
    new EcrLifecyclePolicy(this, "lifecycle", {
      repository: repository.name,
      policy: new DataAwsEcrLifecyclePolicyDocument(this, "lifecycle-policy", {
        rule: [
          // There is never more than one, so that this expires nothing; and what matches a rule is out of reach of those
          // with higher numbers (ECR user guide, how lifecycle policies work).
          { priority: 1, description: "The image that runs", ...tagged([LIVE_TAG], 1) },
          { priority: 2, description: "Earlier images", ...tagged(["*"], KEPT_IMAGES) },
        ],
      }).json,
    });
    return repository;
  }

  /** REDCap is licensed, and additions may be confidential: nobody but the build reads here. */
  private buildBucket(stage: StageConfig, key: KmsKey, logsBucket: LogsBucket): Bucket {
    const build = new Bucket(this, "build", {
      protect: stage.protect.enabled,
      logicalId: "build",
      name: stageNames(stage).buildBucket,
      encryption: encryptedWith(key),
      lifecycle: [
        {
          id: "old-versions",
          status: "Enabled",
          filter: [{ prefix: "" }],
          noncurrentVersionExpiration: [{ noncurrentDays: OLD_VERSION_DAYS }],
        },
      ],
      statements: (bucketArn) => onlyWithKey(bucketArn, key),
    });
    new BucketLogging(this, "access-logs", {
      bucket: build.bucket.id,
      targetBucket: logsBucket.logs.bucket.id,
      targetPrefix: BUILD_BUCKET_LOGS,
      dependsOn: [logsBucket.logs.policy],
    });
    return build;
  }
}
