// What is counted in the lines that REDCap's containers write, by the name of its metric: in the log group of ECS by Terraform,
// in that of App Runner, which nobody knows before the service is there, by the deployment.
export const LOG_METRICS = {
  /** A container says that it cannot go on. */
  ContainerError: '{ $.type = "container" && $.level = "error" }',
  /** PHP says that database or S3 did not answer. */
  DatabaseError: '{ $.type = "server" && ($.message = "*mysqli*" || $.message = "*Not ready: *") }',
} as const;
