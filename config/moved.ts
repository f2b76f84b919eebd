// Spellings of the REDCap-on-AWS systems that people come from, and where each setting lives here.

/** Key of a stage there (dots for nesting) to its path here. */
export const MOVED: Record<string, string> = {
  appRunnerConcurrency: 'service.concurrency (with service.type "app-runner")',
  appRunnerMaxSize: 'service.maxSize (with service.type "app-runner")',
  appRunnerMinSize: 'service.minSize (with service.type "app-runner")',
  cpu: "service.cpu",
  memory: "service.memory",
  cronMinutes: "service.cron.minutes",
  cronSecret:
    'service.cron: a scheduled task that needs no secret, or with service.type "app-runner" via: "http", whose secret is made by itself',
  port: "service.port",
  ec2ServerStack: "maintenanceServer, with hours instead of ec2StackDuration",
  ecs: 'service, with type "fargate"',
  dbReaders: "db.dbReaders",
  dbSnapshotId: "db.dbSnapshotId",
  engineVersion: "db.engineVersion",
  maxAllowedPacket: "db.maxAllowedPacket",
  parameterGroupParameters: "db.maxAllowedPacket, db.readRndBufferSize and db.sortBufferSize",
  preferredMaintenanceWindow: "db.preferredMaintenanceWindow",
  scaling: "db.scaling for the database, service.scaling for the containers",
  mailFromDomain: 'mail.mailFromDomain (with mail.type "ses")',
  certificate: "service.certificateArn",
};
