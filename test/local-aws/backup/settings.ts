// Settings of the region (which resource types AWS Backup protects) and of the organization (cross-account backup).
// https://docs.aws.amazon.com/aws-backup/latest/devguide/service-opt-in.html

import { accessDenied, invalidParameter, invalidRequest } from "./errors";
import type { Permissions } from "./permissions";
import type { Handlers } from "./protocol";
import type { BackupState, ResourceType } from "./state";

/** Resource types AWS Backup knows, with what an account starts from: the two this project needs are not opted in. */
const OPT_IN_DEFAULTS: Record<string, boolean> = {
  Aurora: false,
  CloudFormation: false,
  DSQL: false,
  DocumentDB: false,
  DynamoDB: true,
  EBS: true,
  EC2: true,
  EFS: true,
  EKS: false,
  FSx: true,
  Neptune: false,
  RDS: true,
  Redshift: false,
  "Redshift Serverless": false,
  S3: false,
  "SAP HANA on Amazon EC2": false,
  "Storage Gateway": true,
  Timestream: false,
  VirtualMachine: true,
};
const MANAGEMENT_DEFAULTS: Record<string, boolean> = { DynamoDB: false, EFS: false };

/** Settings of the organization that AWS Backup lists; the others are not modelled. */
const CROSS_ACCOUNT = "isCrossAccountBackupEnabled";

export function settingsHandlers(state: BackupState, permissions: Permissions): Handlers {
  return {
    DescribeRegionSettings: (_input, { account }) => ({
      ResourceTypeOptInPreference: { ...OPT_IN_DEFAULTS, ...Object.fromEntries(state.of(account).optIn) },
      ResourceTypeManagementPreference: { ...MANAGEMENT_DEFAULTS, ...Object.fromEntries(state.of(account).management) },
    }),

    UpdateRegionSettings: (input, { account }) => {
      merge(state.of(account).optIn, OPT_IN_DEFAULTS, input.ResourceTypeOptInPreference, "opt in");
      merge(state.of(account).management, MANAGEMENT_DEFAULTS, input.ResourceTypeManagementPreference, "management");
      return {};
    },

    DescribeGlobalSettings: async (_input, { account }) => {
      if (!(await permissions.organizationOf(account))) {
        throw invalidRequest("Account is not a member of an AWS Organizations organization.");
      }
      return {
        GlobalSettings: { [CROSS_ACCOUNT]: String(state.globalSettings.isCrossAccountBackupEnabled) },
        LastUpdateTime: state.globalSettings.lastUpdateTime,
      };
    },

    // Only the organization's management account can set it:
    // https://docs.aws.amazon.com/aws-backup/latest/devguide/manage-cross-account.html#enable-xaccount-management
    UpdateGlobalSettings: async (input, { account }) => {
      const organization = await permissions.organizationOf(account);
      if (organization?.MasterAccountId !== account) {
        throw accessDenied("Only the management account of an organization can update global settings.");
      }
      const unknown = Object.keys(input.GlobalSettings ?? {}).find((key) => key !== CROSS_ACCOUNT);
      if (unknown) throw invalidParameter(`Invalid global setting: ${unknown}`);
      const wanted = input.GlobalSettings?.[CROSS_ACCOUNT];
      if (wanted !== undefined) state.globalSettings.isCrossAccountBackupEnabled = wanted === "true";
      state.globalSettings.lastUpdateTime = state.now();
      return {};
    },

    GetSupportedResourceTypes: () => ({ ResourceTypes: Object.keys(OPT_IN_DEFAULTS) }),
  };
}

function merge(
  settings: Map<string, boolean>,
  known: Record<string, boolean>,
  changes: Record<string, boolean> | undefined,
  name: string,
): void {
  for (const [type, value] of Object.entries(changes ?? {})) {
    if (!Object.hasOwn(known, type)) {
      throw invalidParameter(
        `Element present in resource type ${name} preference has invalid values. ` +
          "Please use describeRegionSettings API to know the supported resource types",
      );
    }
    settings.set(type, value);
  }
}

export function isOptedIn(state: BackupState, account: string, type: ResourceType): boolean {
  return state.of(account).optIn.get(type) ?? OPT_IN_DEFAULTS[type] ?? false;
}
