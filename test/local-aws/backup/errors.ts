// The errors of AWS Backup's API, by their documented names.
// Source: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Operations.html (Errors of each action)

import { AwsError } from "../service";

export const invalidParameter = (message: string) => new AwsError("InvalidParameterValueException", message);
export const invalidRequest = (message: string) => new AwsError("InvalidRequestException", message);
export const missingParameter = (message: string) => new AwsError("MissingParameterValueException", message);
export const notFound = (message: string) => new AwsError("ResourceNotFoundException", message);
export const invalidState = (message: string) => new AwsError("InvalidResourceStateException", message);
export const accessDenied = (message: string) => new AwsError("AccessDeniedException", message, 403);
export const alreadyExists = (message: string, arn: string, creatorRequestId?: string) =>
  new AwsError("AlreadyExistsException", message, 400, { Arn: arn, CreatorRequestId: creatorRequestId });

/**
 * What AWS Backup answers when a vault does not exist: it does not tell whether there is one.
 * Source: the Terraform provider treats this code as "not found" for vaults (internal/service/backup/vault.go).
 */
export const noSuchVault = () => accessDenied("Insufficient privileges to perform this action.");
