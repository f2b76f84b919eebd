// Service Quotas, of which moto knows those of VPC alone: AWS's defaults (endpoints and quotas pages of the AWS General
// Reference), and the values that an account was given.
import { AwsError, json, jsonBody, type Service } from "../service";

const DEFAULTS: Record<string, number> = {
  "vpc/L-F678F1CE": 5,
  "ec2/L-0263D0A3": 5,
  "elasticloadbalancing/L-53DA6B97": 50,
  "rds/L-952B80B8": 40,
  "rds/L-7B6409FD": 40,
  "fargate/L-3032A538": 6,
};

/** @param granted values by `service code/quota code`, which replace the defaults */
export function serviceQuotas(granted: Record<string, number>): Service {
  return async (request) => {
    if (request.service !== "servicequotas") return undefined;
    const values = { GetServiceQuota: { ...DEFAULTS, ...granted }, GetAWSDefaultServiceQuota: DEFAULTS }[
      request.action
    ];
    if (!values) return undefined;
    const { ServiceCode, QuotaCode } = jsonBody<{ ServiceCode: string; QuotaCode: string }>(request);
    const Value = values[`${ServiceCode}/${QuotaCode}`];
    if (Value === undefined) throw new AwsError("NoSuchResourceException", "The specified resource does not exist.");
    return json({ Quota: { ServiceCode, QuotaCode, Value, Adjustable: true } });
  };
}
