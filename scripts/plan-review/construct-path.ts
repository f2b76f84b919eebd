// Where a resource stands in the code: cdktf writes each construct's path beside its resource in cdk.tf.json.
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";

const metadata = z.looseObject({ "//": z.looseObject({ metadata: z.looseObject({ path: z.string() }) }) });
const synthesized = z.looseObject({
  "//": z.looseObject({ metadata: z.looseObject({ stackName: z.string() }) }),
  resource: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});

export interface Constructs {
  /** E.g. app-prod. */
  stack: string;
  /** E.g. `app-prod/database/cluster`, of an address in Terraform. */
  pathOf: (address: string) => string;
}

/** `aws_subnet.network_public-1_2A5F0B71["a"]`: type, name, key. */
const ADDRESS = /^(?:module\.[^.]+\.)*([^.[]+)\.([^.[]+)/;

/**
 * cdktf's unique id without the synthesized file: parts of the path joined by "_", and a hash. A guess, since a part may
 * hold "_" itself.
 */
function guess(stack: string, address: string): string {
  const name = ADDRESS.exec(address)?.[2] ?? address;
  return `${stack}/${name.replace(/_[0-9A-F]{8}$/, "").replaceAll("_", "/")}`;
}

/**
 * Terraform drops cdktf's metadata, so that no plan holds it: it is read from the cdk.tf.json in the plan's folder, which
 * is where `terraform plan` was run. Without one, stack and paths are guessed from the file's name and the addresses.
 */
export function constructsOf(planFile: string): Constructs {
  const file = join(dirname(planFile), "cdk.tf.json");
  const unknown = basename(planFile).replace(/(\.tfplan)?\.json$/, "");
  if (existsSync(file)) return constructsIn(file);
  console.error(
    `${file} is not there: by the plan's file name, the stack is taken for ${unknown}. Leave the plan where it was made.`,
  );
  return { stack: unknown, pathOf: (address) => guess(unknown, address) };
}

/** @param file a synthesized stack's cdk.tf.json */
export function constructsIn(file: string): Constructs {
  const { "//": root, resource = {} } = synthesized.parse(JSON.parse(readFileSync(file, "utf8")));
  const stack = root.metadata.stackName;
  const paths = new Map<string, string>();
  for (const [type, resources] of Object.entries(resource)) {
    for (const [name, body] of Object.entries(resources)) {
      const found = metadata.safeParse(body);
      if (found.success) paths.set(`${type}.${name}`, found.data["//"].metadata.path);
    }
  }
  const configured = (address: string) => address.replace(/\[.*\]$/, "");
  return { stack, pathOf: (address) => paths.get(configured(address)) ?? guess(stack, address) };
}

/** The concern that a construct belongs to: the stack and the first construct below it. */
export const groupOf = (path: string): string => path.split("/").slice(0, 2).join("/");
