import type { Drift } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import { inlinePart, managedPart } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import type { Reference } from "../reference/reference.ts";
import { compareTexts } from "./comparison.ts";
import { createEscalationCheck } from "./escalation.ts";
import { extendsItself } from "./remarks.ts";

/**
 * Returns drifts for the grants beyond a role's reference that let code with this role extend its own permissions. The
 * roles of jobs, instances and Kubernetes nodes have no other ceiling: only their owner knows what they need.
 */
export function findEscalation(role: Role, reference: Reference, now?: Date): readonly Drift[] {
  const check = createEscalationCheck(role, now, isBroad);
  const { attachments, floor, allowed } = localiseReference(reference, role.partition);
  const permitted = [...attachments, floor, allowed].flatMap((part) => (part ? [part.document] : []));
  const assessPolicy = (part: Drift["part"], text: string): readonly Drift[] => {
    const found = check(compareTexts([text, ...permitted], permitted, { kind: "identity" }).excess);
    if (found === undefined) return [];
    const detail = `${extendsItself} ${found.detail}`;
    return [
      { kind: "drift", part, side: "excess", grants: found.grants, denies: [], detail, escalates: true },
    ];
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
