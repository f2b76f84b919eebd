// The drill never reaches a real account.
import { adopt, assertLoopback } from "./loopback";

const local = { AWS_ENDPOINT_URL: "http://127.0.0.1:4566", HTTP_PROXY: "http://127.0.0.1:4566" };

it.each<[string, NodeJS.ProcessEnv, string]>([
  ["no endpoint", {}, "AWS_ENDPOINT_URL is not set"],
  ["AWS's own endpoint", { AWS_ENDPOINT_URL: "https://rds.eu-west-2.amazonaws.com" }, "127.0.0.1 only"],
  ["one service elsewhere", { ...local, AWS_ENDPOINT_URL_S3: "https://s3.amazonaws.com" }, "AWS_ENDPOINT_URL_S3"],
  ["a name that only looks local", { AWS_ENDPOINT_URL: "http://127.0.0.1.example.org" }, "127.0.0.1 only"],
  [
    "plain http to a name, with a proxy elsewhere",
    { ...local, HTTP_PROXY: "http://proxy:8080", AWS_ENDPOINT_URL_S3_CONTROL: "http://s3-control.local.aws" },
    "S3_CONTROL",
  ],
])("stops at %s", (_, env, message) => {
  expect(() => assertLoopback(env)).toThrow(message);
});

it("takes loopback, and names that a proxy on loopback catches", () => {
  expect(() => assertLoopback({ ...local, AWS_ENDPOINT_URL_S3_CONTROL: "http://s3-control.local.aws" })).not.toThrow();
});

it("drops every AWS setting of the caller", () => {
  process.env.AWS_PROFILE = "hospital";
  process.env.AWS_ACCESS_KEY_ID = "AKIA";
  process.env.TF_CLI_ARGS_plan = "-destroy";
  adopt(local);
  expect(Object.keys(process.env).filter((name) => name.startsWith("AWS_") && !name.startsWith("AWS_SDK_JS_"))).toEqual(
    ["AWS_ENDPOINT_URL"],
  );
  expect(process.env.TF_CLI_ARGS_plan).toBeUndefined();
});
