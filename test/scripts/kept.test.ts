// What a destroyed stage left, and what a deployment makes of it.
import { NotFoundException } from "@aws-sdk/client-kms";
import { ResourceNotFoundException } from "@aws-sdk/client-secrets-manager";
import { findStage, validate } from "../../config";
import { importsOfKept } from "../../scripts/kept";
import type { TerraformState } from "../../scripts/terraform";
import { sampleInput } from "../stacks/synth";

const mockAccount: { salt?: object; keys: Record<string, object> } = { keys: {} };

jest.mock("@aws-sdk/client-secrets-manager", () => ({
  ...jest.requireActual("@aws-sdk/client-secrets-manager"),
  SecretsManagerClient: class {
    send = async () => {
      if (mockAccount.salt) return mockAccount.salt;
      throw new ResourceNotFoundException({ message: "", $metadata: {} });
    };
  },
}));
jest.mock("@aws-sdk/client-kms", () => ({
  ...jest.requireActual("@aws-sdk/client-kms"),
  KMSClient: class {
    send = async ({ input: { KeyId } }: { input: { KeyId: string } }) => {
      if (mockAccount.keys[KeyId]) return { KeyMetadata: mockAccount.keys[KeyId] };
      throw new NotFoundException({ message: "", $metadata: {} });
    };
  },
}));

const stage = findStage(validate(sampleInput()), "prod");
const ARN = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:redcap-prod/salt-Ab12Cd";
const KEY_ARN = "arn:aws:kms:eu-west-2:111111111111:key/k-1";
const key = (change: object = {}) => ({
  ...{ KeyId: "k-1", KeyState: "Enabled", Description: "redcap-prod: Aurora cluster" },
  ...change,
});
const SALT = { to: "aws_secretsmanager_secret.salt", id: ARN };
const KEY = { to: "aws_kms_key.database", id: "k-1" };
const stateWith = (...addresses: [type: string, name: string][]) =>
  ({
    resources: addresses.map(([type, name]) => ({
      mode: "managed",
      type,
      name,
      instances: [{ attributes: { id: "x" } }],
    })),
  }) as unknown as TerraformState;

/** @param salt its secret, in an account with these keys by what they are asked for */
function account(salt: object | undefined, keys: Record<string, object>) {
  if (salt) mockAccount.salt = salt;
  else delete mockAccount.salt;
  mockAccount.keys = keys;
}

test("key and salt are taken back; the secret names the key, whose alias is gone", async () => {
  account({ ARN, KmsKeyId: KEY_ARN }, { [KEY_ARN]: key() });
  expect(await importsOfKept(stage, undefined)).toEqual([KEY, SALT]);
});

test("only what the state lacks", async () => {
  account({ ARN, KmsKeyId: KEY_ARN }, { [KEY_ARN]: key() });
  expect(await importsOfKept(stage, stateWith(["aws_kms_key", "database"]))).toEqual([SALT]);
  const both = stateWith(["aws_kms_key", "database"], ["aws_secretsmanager_secret", "salt"]);
  expect(await importsOfKept(stage, both)).toEqual([]);
});

test("in an empty account, nothing", async () => {
  account(undefined, {});
  expect(await importsOfKept(stage, undefined)).toEqual([]);
});

test("a key that is not the stage's stays whose it is", async () => {
  account({ ARN, KmsKeyId: "theirs" }, { theirs: key({ Description: "Our secrets" }) });
  expect(await importsOfKept(stage, undefined)).toEqual([SALT]);
});

test("what waits for its deletion is named, with the command that takes it back", async () => {
  account({ ARN, KmsKeyId: KEY_ARN, DeletedDate: new Date() }, { [KEY_ARN]: key() });
  await expect(importsOfKept(stage, undefined)).rejects.toThrow("restore-secret --secret-id redcap-prod/salt");
  account({ ARN, KmsKeyId: KEY_ARN }, { [KEY_ARN]: key({ KeyState: "PendingDeletion" }) });
  await expect(importsOfKept(stage, undefined)).rejects.toThrow("cancel-key-deletion --key-id k-1");
});
