// Plans that let somebody in other than by a policy's text.
import { create, update } from "../plans";
import { type Case, testDangers } from "./dangers";

const flags = (on: boolean) => ({
  block_public_acls: on,
  block_public_policy: on,
  ignore_public_acls: on,
  restrict_public_buckets: on,
});

const CASES: Case[] = [
  [
    "an administrator's policy is attached",
    [create("aws_iam_role_policy_attachment.admin", { policy_arn: "arn:aws:iam::aws:policy/AdministratorAccess" })],
    "allow-all-actions aws_iam_role_policy_attachment.admin",
  ],
  [
    "a permissions boundary goes",
    [
      update(
        "aws_iam_role.task",
        { permissions_boundary: "arn:aws:iam::1:policy/limit" },
        { permissions_boundary: null },
      ),
    ],
    "drop-boundary aws_iam_role.task",
  ],
  [
    "a bucket may become public",
    [update("aws_s3_bucket_public_access_block.files", flags(true), flags(false))],
    "unblock-public-access aws_s3_bucket_public_access_block.files",
  ],
  [
    "a bucket is public by its ACL",
    [create("aws_s3_bucket_acl.files", { acl: "public-read" })],
    "allow-everybody aws_s3_bucket_acl.files",
  ],
  [
    "everybody may call a function",
    [create("aws_lambda_permission.all", { principal: "*", action: "lambda:InvokeFunction" })],
    "allow-everybody aws_lambda_permission.all",
  ],
  [
    "a snapshot is shared",
    [update("aws_db_cluster_snapshot.last", { shared_accounts: [] }, { shared_accounts: ["333333333333"] })],
    "share-snapshot aws_db_cluster_snapshot.last",
  ],
];
testDangers(CASES);
