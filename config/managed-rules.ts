// The managed rule groups of AWS WAF that a web ACL of ours has: their rules, and the capacity (WCU) that each takes.
// AWS ignores an override of a rule that a group does not have, so a misspelt name must be found here
// (AWS WAF developer guide, AWS Managed Rules rule groups list).
export const MANAGED_RULES = {
  AWSManagedRulesAmazonIpReputationList: {
    capacity: 25,
    rules: ["AWSManagedIPReputationList", "AWSManagedReconnaissanceList", "AWSManagedIPDDoSList"],
  },
  AWSManagedRulesKnownBadInputsRuleSet: {
    capacity: 200,
    rules: [
      ...["JavaDeserializationRCE_HEADER", "JavaDeserializationRCE_BODY", "JavaDeserializationRCE_URIPATH"],
      ...["JavaDeserializationRCE_QUERYSTRING", "Host_localhost_HEADER", "PROPFIND_METHOD", "ExploitablePaths_URIPATH"],
      ...["Log4JRCE_HEADER", "Log4JRCE_QUERYSTRING", "Log4JRCE_BODY", "Log4JRCE_URIPATH", "ReactJSRCE_BODY"],
    ],
  },
  AWSManagedRulesCommonRuleSet: {
    capacity: 700,
    rules: [
      ...["NoUserAgent_HEADER", "UserAgent_BadBots_HEADER", "SizeRestrictions_QUERYSTRING"],
      ...["SizeRestrictions_Cookie_HEADER", "SizeRestrictions_BODY", "SizeRestrictions_URIPATH"],
      ...["EC2MetaDataSSRF_BODY", "EC2MetaDataSSRF_COOKIE", "EC2MetaDataSSRF_URIPATH"],
      ...["EC2MetaDataSSRF_QUERYARGUMENTS", "GenericLFI_QUERYARGUMENTS", "GenericLFI_URIPATH", "GenericLFI_BODY"],
      ...["RestrictedExtensions_URIPATH", "RestrictedExtensions_QUERYARGUMENTS", "GenericRFI_QUERYARGUMENTS"],
      ...["GenericRFI_BODY", "GenericRFI_URIPATH", "CrossSiteScripting_COOKIE", "CrossSiteScripting_QUERYARGUMENTS"],
      ...["CrossSiteScripting_BODY", "CrossSiteScripting_URIPATH"],
    ],
  },
  AWSManagedRulesSQLiRuleSet: {
    capacity: 200,
    rules: [
      ...["SQLi_QUERYARGUMENTS", "SQLiExtendedPatterns_QUERYARGUMENTS", "SQLi_BODY", "SQLiExtendedPatterns_BODY"],
      ...["SQLiExtendedPatterns_HEADER", "SQLiExtendedPatterns_URIPATH", "SQLi_COOKIE", "SQLi_URIPATH"],
    ],
  },
} as const;

export type ManagedRuleGroup = keyof typeof MANAGED_RULES;

/** In the order in which they are asked: cheap and certain before costly. */
export const MANAGED_RULE_GROUPS = Object.keys(MANAGED_RULES) as ManagedRuleGroup[];

export type ManagedRule = (typeof MANAGED_RULES)[ManagedRuleGroup]["rules"][number];

/** Of all groups; no two have a rule of the same name. */
export const MANAGED_RULE_NAMES = MANAGED_RULE_GROUPS.flatMap((group): ManagedRule[] => [
  ...MANAGED_RULES[group].rules,
]);
