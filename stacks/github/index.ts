// What GitHub's workflows may do in one account: roles that read, for plans, and one per environment that deploys.
// Applied by a person, never by a workflow: the roles cannot change themselves.
import { IamOpenidConnectProvider } from "@cdktf/provider-aws/lib/iam-openid-connect-provider";
import type { Construct } from "constructs";
import { ENVIRONMENTS, type GithubConfig, githubNames, type Location, partitionOf, type Target } from "../../config";
import { BaseStack } from "../base-stack";
import { Role } from "../role";
import { deployPolicy, recordsPolicy } from "./deploy-policy";
import { keepPlansPolicy, planPolicy } from "./plan-policy";
import { StateAccess } from "./state-access";
import { AUDIENCE, fromGithub, ISSUER } from "./trust";

/** The one that the workflows deploy. */
const DEPLOYED_BRANCH = "main";
/** A deployment that makes or changes a database takes longer than IAM's usual hour. The workflow asks for as much. */
const DEPLOYMENT_SECONDS = 21_600;

export interface GithubStackProps {
  github: GithubConfig;
  /** What is deployed into the account; of the first are the region and the profile. */
  targets: [Target, ...Target[]];
}

export class GithubStack extends BaseStack {
  constructor(scope: Construct, id: string, { github, targets }: GithubStackProps) {
    const [{ accountId, region, profile }] = targets;
    super(scope, id, { accountId, region, ...(profile && { profile }), tags: github.tags });
    const { repository, iam } = github;
    const partition = partitionOf(region);
    const identityProviderArn = github.existingProviders.includes(accountId)
      ? `arn:${partition}:iam::${accountId}:oidc-provider/${ISSUER}`
      : new IamOpenidConnectProvider(this, "provider", { url: `https://${ISSUER}`, clientIdList: [AUDIENCE] }).arn;
    const state = new StateAccess(distinctLocations(targets));
    const managed = (name: string) => `arn:${partition}:iam::aws:policy/${name}`;

    const reading = { managedPolicyArns: [managed("ReadOnlyAccess")], iam, assumedBy: { identityProviderArn } };
    const plan = planPolicy(this, "plan-policy", { state, targets });

    new Role(this, "plan", {
      ...reading,
      name: githubNames.planRole,
      description: `Plans pull requests of ${repository}: reads settings and Terraform's state, and writes nothing`,
      // Pull requests from forks get no token of the repository (GitHub, Security hardening with OpenID Connect).
      assumeConditions: fromGithub(repository, ["pull_request"]),
      policies: { plan },
    });
    new Role(this, "ready", {
      ...reading,
      name: githubNames.readyRole,
      description: `Plans what main of ${repository} would deploy, and keeps the plans that wait for approval`,
      assumeConditions: fromGithub(repository, [`ref:refs/heads/${DEPLOYED_BRANCH}`]),
      policies: { plan, "keep-plans": keepPlansPolicy(this, "keep-plans-policy", state) },
    });
    for (const { environment } of targets) {
      const neverLoses = deployPolicy(this, `deploy-policy-${environment}`, { partition, accountId, targets });
      const isRecordsOnly = environment === ENVIRONMENTS.route53Ns;
      new Role(this, `deploy-${environment}`, {
        iam,
        name: githubNames.deployRole(environment),
        description: `Deploys the environment ${environment} of ${repository}, once it is approved`,
        assumedBy: { identityProviderArn },
        assumeConditions: fromGithub(repository, [`environment:${environment}`]),
        maxSessionSeconds: DEPLOYMENT_SECONDS,
        managedPolicyArns: [managed(isRecordsOnly ? "AmazonRoute53FullAccess" : "AdministratorAccess")],
        policies: {
          ...(isRecordsOnly && { state: recordsPolicy(this, "records-policy", state) }),
          "never-loses-data": neverLoses,
        },
      });
    }
  }
}

const distinctLocations = (locations: Location[]): Location[] => [
  ...new Map(locations.map(({ accountId, region }) => [region, { accountId, region }])).values(),
];
