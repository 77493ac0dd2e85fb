import type { Need } from "../batch/role-use.ts";

/**
 * Returns the resources by which a policy may allow a need, the one that a fix names first: a log group with and without
 * `:*` (T11).
 */
export function resourcesOf({ resource, what }: Need): readonly string[] {
  return what === "log" ? [resource, resource.replace(/:\*$/, "")] : [resource];
}
