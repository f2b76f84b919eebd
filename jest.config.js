// Two projects: `unit` needs nothing but Node; `integration` runs Terraform against the local AWS.
const shared = {
  transform: { "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }] },
  testEnvironment: "node",
  modulePathIgnorePatterns: ["<rootDir>/cdktf.out"],
};

module.exports = {
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
