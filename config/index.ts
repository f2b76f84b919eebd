// The one door to the configuration.
export * from "./backtrack";
export * from "./credentials";
export * from "./database-settings";
export * from "./load";
export * from "./names";
export * from "./provider-versions";
export * from "./redcap-settings";
export type * from "./schema/backup";
export type { IamConfig } from "./schema/common";
export type * from "./schema/database";
export type * from "./schema/deployment";
export { accountSettings } from "./schema/deployment";
export { hostName, isDelegated } from "./schema/domain";
export type * from "./schema/network";
export type { Route53NsConfig } from "./schema/route53-ns";
export type * from "./schema/service";
export type * from "./schema/stage";
export { PROTECTING_TYPES, STATEFUL_TYPES } from "./stateful-types";
