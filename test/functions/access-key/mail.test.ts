// SES's SMTP credentials: the password that a key stands for, and their form.
import { mail, parseEndpoint } from "../../../functions/access-key/mail";
import { smtpPassword } from "../../../functions/access-key/smtp-password";

/** Of the AWS provider's own tests of the same conversion (hashicorp/terraform-provider-aws, internal/service/iam). */
test.each([
  ["eu-central-1", "some+secret+key", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"],
  ["eu-central-1", "another+secret+key", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"],
  ["us-west-1", "some+secret+key", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"],
  ["us-west-1", "another+secret+key", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"],
])("the password in %s of %s", (region, secretAccessKey, password) => {
  expect(smtpPassword(secretAccessKey, region)).toBe(password);
});

describe("the secret's value", () => {
  const endpoint = { host: "email-smtp.eu-central-1.amazonaws.com", port: 587 };
  const purpose = mail(endpoint, "eu-central-1");
  const value = purpose.valueOf({ accessKeyId: "AKIA1", secretAccessKey: "some+secret+key" });

  test("is what the container reads, and has no part of the key but its id", () => {
    const password = "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2";
    expect(value).toEqual({ ...endpoint, username: "AKIA1", password });
    expect(purpose.keyId(value)).toBe("AKIA1");
    expect(purpose.schema.parse(value)).toEqual(value);
  });

  test.each(["host", "port", "username", "password"])("is none without %s", (name) => {
    expect(purpose.schema.safeParse({ ...value, [name]: undefined }).success).toBe(false);
  });
});

test("an endpoint has a port", () => {
  expect(parseEndpoint("email-smtp.eu-west-2.amazonaws.com:587")).toEqual({
    host: "email-smtp.eu-west-2.amazonaws.com",
    port: 587,
  });
  for (const text of ["email-smtp.eu-west-2.amazonaws.com", ":587", "a:b"])
    expect(() => parseEndpoint(text)).toThrow(`${text} is not host:port.`);
});
