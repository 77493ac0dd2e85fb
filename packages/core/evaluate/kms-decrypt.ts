import type { Need } from "../batch/role-use.ts";
import type { ResourceFacts } from "../model/resource-facts.ts";

/**
 * Returns the kms:Decrypt permission that reading a secret or parameter needs besides its own, or undefined. It is
 * needed only if a customer managed key encrypts the secret: a key that AWS manages needs no grant (R45, R46). `facts`
 * are by ARN of the secret or parameter; a secret without facts needs none, since its key is unknown.
 */
export function needKey(need: Need, facts: ReadonlyMap<string, ResourceFacts>): Need | undefined {
  const key = facts.get(need.resource)?.key;
  return key ? { action: "kms:Decrypt", resource: key, what: "key", at: need.at } : undefined;
}
