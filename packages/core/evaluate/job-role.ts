import { comparePolicies } from "@drift-guard/policy/compare";
import type { Drift } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import { inlinePart, managedPart } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import { isEscalating } from "./severity.ts";

/**
 * Returns drifts for the grants that let code with this role extend its own permissions. The roles of jobs, instances and
 * Kubernetes nodes have no other ceiling: only their owner knows what they need.
 */
export function findEscalation(role: Role): readonly Drift[] {
  const assessPolicy = (part: Drift["part"], text: string): readonly Drift[] => {
    const { excess } = comparePolicies(text, [], { kind: "identity" });
    const grants = excess.filter((grant) => isEscalating(grant) && isBroad(grant));
    const detail = "It lets code that runs with this role, such as a job, extend its own permissions.";
    return grants.length === 0 ? [] : [{ kind: "drift", part, side: "excess", grants, denies: [], detail }];
  };
  return [
    ...role.attached.flatMap(({ arn, version }) =>
      version.observed ? assessPolicy(managedPart(arn), version.value.text) : [],
    ),
    ...role.inline.flatMap(({ name, text }) => assessPolicy(inlinePart(name), text)),
  ];
}

// A single function to update or role to pass is a choice; all of them lead to any permission.
function isBroad({ resources, exceptResources }: Grant): boolean {
  return (
    exceptResources !== undefined || (resources ?? ["*"]).some((resource) => /(?:^|[:/])\*$/.test(resource))
  );
}
