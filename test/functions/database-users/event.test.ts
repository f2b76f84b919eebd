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
    newPasswords: false,
  });
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
  [{ action: "ensure", cluster, newPassword: true }, /newPassword/],
  [
    { action: "ensure", cluster, writeSecrets: false, newPasswords: true },
    /newPasswords: New passwords must be written/,
  ],
  [null, /^Invalid event\. /],
])("refuses %j", (event, message) => {
  expect(() => parseEvent(event)).toThrow(message);
});
