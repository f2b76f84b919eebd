// Terraform's providers: exact versions, which the registry and a locally built mirror both have.
export const PROVIDER_VERSIONS = { aws: "6.34.0", random: "3.6.0" } as const;

export type ProviderName = keyof typeof PROVIDER_VERSIONS;
