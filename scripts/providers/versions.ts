// The one home of the providers' versions.
export const PROVIDER_VERSIONS = { aws: "6.34.0", random: "3.6.0" } as const;
