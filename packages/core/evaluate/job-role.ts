import { comparePolicies } from "@drift-guard/policy/compare";
import type { Drift } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import type { Role } from "../model/role.ts";
import { isEscalating } from "./severity.ts";

/**
 * The grants by which whoever acts as a role can give himself more: what is looked for in a job role, of which
 * nobody but its owner knows what else it needs.
 */
export function findEscalation(role: Role): readonly Drift[] {
  const look = (part: Drift["part"], text: string): readonly Drift[] => {
    const { excess } = comparePolicies(text, [], { kind: "identity" });
    const grants = excess.filter((grant) => isEscalating(grant) && isBroad(grant));
    const detail = "It lets a job give itself more than the role has.";
    return grants.length === 0 ? [] : [{ kind: "drift", part, side: "excess", grants, denies: [], detail }];
  };
  return [
    ...role.attached.flatMap(({ arn, version }) =>
      version.observed ? look(`managed:${arn}`, version.value.text) : [],
    ),
    ...role.inline.flatMap(({ name, text }) => look(`inline:${name}`, text)),
  ];
}

// One function to update or one role to pass is somebody's choice; all of them are a way to everything.
function isBroad({ resources, exceptResources }: Grant): boolean {
  return (
    exceptResources !== undefined || (resources ?? ["*"]).some((resource) => /(?:^|[:/])\*$/.test(resource))
  );
}
