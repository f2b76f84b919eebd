// What App Runner refuses at once (App Runner API reference and developer guide).
import type { MotoClient, Place } from "../host/moto-client";
import type { Parsed } from "../host/xml";
import { type Input, invalid } from "./state";

const ECR = /^\d{12}\.dkr\.ecr\.[a-z-]+-\d{1,2}\.amazonaws\.com\/.+/;
const PUBLIC_ECR = /^public\.ecr\.aws\/.+\/.+/;
/** MiB by CPU units (developer guide, supported configurations). */
const MEMORY: Record<number, number[]> = {
  256: [512, 1024],
  512: [1024],
  1024: [2048, 3072, 4096],
  2048: [4096, 6144],
  4096: [8192, 10240, 12288],
};

/** `1 vCPU` and `2 GB` are `1024` and `2048`. */
function units(text: unknown, otherwise: string): string {
  const [, number = "", unit] = /^([\d.]+)( vCPU| GB)?$/.exec(String(text ?? otherwise)) ?? [];
  return String(Number(number) * (unit ? 1024 : 1));
}

export function instance(input: Input = {}): Input {
  const Cpu = units(input.Cpu, "1024");
  const Memory = units(input.Memory, "2048");
  if (!MEMORY[Number(Cpu)]?.includes(Number(Memory)))
    throw invalid(`Cpu ${Cpu} and Memory ${Memory} are no supported combination.`);
  return { Cpu, Memory, ...(input.InstanceRoleArn ? { InstanceRoleArn: input.InstanceRoleArn } : {}) };
}

export function healthCheck(input: Input = {}): Input {
  const check = {
    ...{ Protocol: "TCP", Path: "/", Interval: 5, Timeout: 2, HealthyThreshold: 1, UnhealthyThreshold: 5 },
    ...input,
  };
  for (const name of ["Interval", "Timeout", "HealthyThreshold", "UnhealthyThreshold"] as const)
    if (!(Number(check[name]) >= 1 && Number(check[name]) <= 20)) throw invalid(`${name} must be 1 to 20.`);
  return check;
}

export function network(input: Input = {}): Input {
  return {
    EgressConfiguration: { EgressType: "DEFAULT", ...(input.EgressConfiguration as Input) },
    IngressConfiguration: { IsPubliclyAccessible: true, ...(input.IngressConfiguration as Input) },
    IpAddressType: input.IpAddressType ?? "IPV4",
  };
}

export function scaling({ MaxConcurrency = 100, MaxSize = 25, MinSize = 1 }: Input): Input {
  const within = (name: string, value: unknown, most: number) => {
    if (!(Number(value) >= 1 && Number(value) <= most)) throw invalid(`${name} must be 1 to ${most}.`);
  };
  within("MaxConcurrency", MaxConcurrency, 200);
  within("MaxSize", MaxSize, 25);
  within("MinSize", MinSize, 25);
  if (Number(MinSize) > Number(MaxSize)) throw invalid("MinSize must not be above MaxSize.");
  return { MaxConcurrency, MaxSize, MinSize };
}

/** The image's registry, and the role that fetches it. */
export async function source(moto: MotoClient, place: Place, input: Input): Promise<void> {
  const { ImageIdentifier, ImageRepositoryType, ImageConfiguration } = (input.ImageRepository ?? {}) as Input;
  const name = String(ImageIdentifier);
  if (!(ImageRepositoryType === "ECR" ? ECR : PUBLIC_ECR).test(name))
    throw invalid(`ImageIdentifier ${name} is not of type ${String(ImageRepositoryType)}.`);
  const { AccessRoleArn } = (input.AuthenticationConfiguration ?? {}) as Input;
  if (ImageRepositoryType === "ECR") {
    if (!AccessRoleArn) throw invalid("Authentication configuration is required for an ECR image repository.");
    await assumable(moto, place, String(AccessRoleArn), "build.apprunner.amazonaws.com", "access");
  }
  const variables = Object.keys(((ImageConfiguration ?? {}) as Input).RuntimeEnvironmentVariables ?? {});
  const reserved = variables.find((variable) => variable.startsWith("AWSAPPRUNNER"));
  if (reserved) throw invalid(`Environment variable ${reserved}: keys with the prefix AWSAPPRUNNER are reserved.`);
}

/** Developer guide, App Runner IAM roles: the access role is build's, the instance role tasks'. */
export async function assumable(
  moto: MotoClient,
  place: Place,
  roleArn: string,
  principal: string,
  kind: "access" | "instance",
): Promise<void> {
  const error = invalid(`Error in assuming ${kind} role ${roleArn}`);
  const { Role } = await moto
    .query(place, "iam", { Action: "GetRole", Version: "2010-05-08", RoleName: roleArn.replace(/^.*\//, "") })
    .catch(() => {
      throw error;
    });
  const document = decodeURIComponent(String((Role as Parsed).AssumeRolePolicyDocument));
  const { Statement } = JSON.parse(document) as { Statement: { Principal?: { Service?: string | string[] } }[] };
  if (![Statement].flat().some((one) => [one.Principal?.Service].flat().includes(principal))) throw error;
}
