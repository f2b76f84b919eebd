// Protects what cannot be made again: a fixed address in the state, and prevent_destroy.
import type { TerraformResource } from "cdktf";

/**
 * Gives a stateful resource an address that stays when its construct moves in the tree (a changed address would
 * destroy and create it), and lets Terraform refuse to destroy it.
 * @param logicalId name within the stack, e.g. `cluster` for `aws_rds_cluster.cluster`
 * @param preventDestroy false only for a stage whose protection was turned off with a reason
 */
export function keep<T extends TerraformResource>(resource: T, logicalId: string, preventDestroy = true): T {
  resource.overrideLogicalId(logicalId);
  resource.lifecycle = { ...resource.lifecycle, preventDestroy };
  return resource;
}
