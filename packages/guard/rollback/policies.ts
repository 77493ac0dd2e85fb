import type { WatchedRole } from "@drift-guard/core/config/watched-role";
import { isOwnedByAws, type LivePolicy } from "@drift-guard/core/model/managed-policy";
import { localiseReference } from "@drift-guard/core/reference/built-in";
import type { RollbackPorts } from "../ports.ts";
import type { Observation } from "./observation.ts";

/**
 * Reads the reference's customer-managed policies that a drift concerns, by ARN: what a repair would bring into force. A
 * policy that cannot be read is left out. Throws `RoleUnreadableError`.
 */
export async function readDriftedPolicies(
  { reference }: Pick<WatchedRole, "reference">,
  observation: Observation,
  { policies }: Pick<RollbackPorts, "policies">,
): Promise<ReadonlyMap<string, LivePolicy>> {
  if (observation.status === "absent") return new Map();
  const { role, assessments } = observation;
  const { attachments, boundary } = localiseReference(reference, role.partition);
  const parts = assessments.flatMap((each) => (each.kind === "drift" ? [each.part] : []));
  const arns = [
    ...attachments.flatMap(({ arn }) => (parts.some(({ name }) => name === arn) ? [arn] : [])),
    ...(typeof boundary === "object" && parts.some(({ kind }) => kind === "boundary") ? [boundary.arn] : []),
  ].filter((arn) => !isOwnedByAws(arn));
  const read = await Promise.all([...new Set(arns)].map((arn) => policies.readPolicy(arn)));
  return new Map(read.flatMap((policy) => (policy ? [[policy.arn, policy]] : [])));
}
