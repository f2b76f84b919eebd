// Copy this file to stages.ts, edit it, and commit it in your own fork: it holds no secret.
//   cp stages.sample.ts stages.ts
// Every field is documented in docs/configuration.md; a misspelt one is refused before anything is planned.
import { defineDeployment } from "./config";

export default defineDeployment({
  stages: [
    {
      // Small and cheap, for trying a REDCap version or a change of infrastructure.
      name: "dev",
      accountId: "111111111111",
      region: "eu-west-2",
      profile: "redcap",
      allowedIps: ["198.51.100.0/24"],
      generalLogRetention: 30,
      protect: { enabled: false, reason: "Development data can be loaded again." },
      db: {
        dbReaders: 0,
        backupRetentionDays: 7,
        backtrackHours: 0,
        scaling: { minCapacityAcu: 0, maxCapacityAcu: 2 },
      },
      service: {
        type: "fargate",
        // An image that you built and pushed. Instead, beside `service`: redCapLocalVersion: "17.4.4", and the stage builds it
        // from releases/redcap17.4.4.zip.
        image: "111111111111.dkr.ecr.eu-west-2.amazonaws.com/redcap:17.4.4",
        cpu: "1 vCPU",
        memory: "2 GB",
        // Off, so that the database can pause.
        cron: { minutes: 0 },
        certificateArn: "arn:aws:acm:eu-west-2:111111111111:certificate/00000000-0000-4000-8000-000000000001",
        scaling: { maxContainers: 1 },
      },
      backup: { enabled: false, optOutReason: "Development data can be loaded again." },
    },
    {
      // Production: three zones, a reader, daily and monthly backups, each copied to the backup account.
      name: "prod",
      accountId: "111111111111",
      region: "eu-west-2",
      profile: "redcap",
      // REDCap is at redcap.example.org, in a hosted zone of its own. Its name servers are an output: enter them where
      // example.org is hosted, here by route53Ns below, then add delegated: true.
      domain: "example.org",
      subdomain: "redcap",
      hostInRoute53: true,
      // For everyone, as surveys need: ["0.0.0.0/0", "::/0"].
      allowedIps: ["198.51.100.0/24", "2001:db8::/32"],
      tags: { "data-classification": "clinical" },
      network: { type: "create", cidr: "10.1.0.0/16", zones: 3, nat: "per-zone" },
      db: {
        dbReaders: 1,
        scaling: { minCapacityAcu: 1, maxCapacityAcu: 16 },
      },
      service: {
        type: "fargate",
        image: "111111111111.dkr.ecr.eu-west-2.amazonaws.com/redcap:17.4.4",
        // One that is there already. Leave it out, and ACM issues one once the domain is delegated.
        certificateArn: "arn:aws:acm:eu-west-2:111111111111:certificate/00000000-0000-4000-8000-000000000001",
        scaling: { minContainers: 2, maxContainers: 6 },
      },
      // For imports that take hours: nothing runs, and costs, until `npm run maintenance -- start --stage prod`.
      maintenanceServer: { hours: 3 },
      backup: {
        enabled: true,
        lock: { mode: "governance", minRetentionDays: 7, maxRetentionDays: 400 },
        notificationEmail: "redcap-admins@example.org",
        rules: [
          { name: "daily", schedule: "cron(0 2 * * ? *)", deleteAfterDays: 35, copy: { deleteAfterDays: 90 } },
          { name: "monthly", schedule: "cron(0 4 1 * ? *)", deleteAfterDays: 365, copy: { deleteAfterDays: 365 } },
        ],
      },
    },
  ],

  // A second account, which nobody who works in the first one can reach.
  backupDestination: {
    accountId: "222222222222",
    region: "eu-west-2",
    profile: "redcap-backup",
    // Compliance: once changeableForDays are over, nobody takes it back, AWS neither. To try things out: governance.
    lock: { mode: "compliance", changeableForDays: 14, minRetentionDays: 30, maxRetentionDays: 400 },
    notificationEmail: "redcap-admins@example.org",
  },

  // A third account, where the parent domain is hosted in one: name-server records for the zones of the applications.
  route53Ns: {
    accountId: "333333333333",
    region: "eu-west-2",
    profile: "dns",
    domain: "example.org",
    apps: [
      {
        name: "redcap",
        // The output name_servers of app-prod.
        nsRecords: ["ns-1.awsdns-01.org", "ns-2.awsdns-02.com", "ns-3.awsdns-03.net", "ns-4.awsdns-04.co.uk"],
      },
    ],
  },
});
