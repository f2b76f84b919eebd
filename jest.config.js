// Two projects: `unit` needs nothing but Node; `integration` runs Terraform against the local AWS.
// Workers inherit it: the AWS SDK warns of Node 20 in every one.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

const shared = {
  transform: { "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }] },
  testEnvironment: "node",
  modulePathIgnorePatterns: ["<rootDir>/cdktf.out"],
};

module.exports = {
  // Both cores: jest would leave one idle.
  maxWorkers: "100%",
  testSequencer: "<rootDir>/test/longest-first.js",
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "\\.integration\\.test\\.ts$"],
    },
    { ...shared, displayName: "integration", testMatch: ["<rootDir>/test/**/*.integration.test.ts"] },
  ],
};
