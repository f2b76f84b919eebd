import { parseEvent } from "../../../functions/database-users/event";

const cluster = {
  identifier: "redcap-prod",
  host: "redcap-prod.cluster-x.eu-west-2.rds.amazonaws.com",
  port: 3_306,
  masterSecretArn: "arn:aws:secretsmanager:eu-west-2:111111111111:secret:rds!cluster-1",
};

test("ensure writes the secrets and keeps the passwords unless told otherwise", () => {
  expect(parseEvent({ action: "ensure", cluster })).toEqual({
    action: "ensure",
    cluster,
    writeSecrets: true,
  });
});

test("a rotation's step is Secrets Manager's, which may say more", () => {
  const rotation = { Step: "setSecret", SecretId: "arn", ClientRequestToken: "version" };
  expect(parseEvent({ ...rotation, RotationToken: "x" })).toEqual(rotation);
});

test("check needs no master secret", () => {
  const { masterSecretArn, ...rest } = cluster;
  expect(masterSecretArn).toBeDefined();
  expect(parseEvent({ action: "check", cluster: rest })).toEqual({ action: "check", cluster: rest });
});

test.each([
  [{ action: "drop", cluster }, /action: /],
  [{ action: "ensure" }, /cluster: /],
  [{ action: "ensure", cluster: { ...cluster, port: "3306" } }, /cluster\.port: .*number/],
  [{ action: "ensure", cluster: { ...cluster, masterSecretArn: "x" } }, /cluster\.masterSecretArn: /],
  [{ action: "ensure", cluster, newPasswords: true }, /newPasswords/],
  [{ Step: "createSecret", SecretId: "arn" }, /ClientRequestToken: /],
  [null, /^Invalid event\. /],
])("refuses %j", (event, message) => {
  expect(() => parseEvent(event)).toThrow(message);
});
