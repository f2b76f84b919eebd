// What a test's stages have in place of AWS WAF: its rules cost Terraform as much as all the rest of a stage, so a test has
// them where it is about them.
export const WITHOUT_WAF = { type: "none", reason: "This test is about other things." } as const;
