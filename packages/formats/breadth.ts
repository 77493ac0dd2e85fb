import type { Drift, Evidence } from "@drift-guard/core/model/evidence";
import type { Grant } from "@drift-guard/core/model/grant";

/**
 * Ranks evidence of one severity by how much it lets an attacker do: 0 is the widest. A trust policy comes before
 * permissions, since a stranger gets all of the role's by it, and `s3:*` on `*` before `sqs:SendMessage`.
 */
export function rankBreadth(evidence: Evidence): number {
  switch (evidence.kind) {
    case "impersonation":
      return 0;
    case "drift":
      return rankDrift(evidence);
    case "attempt":
      return ranks.others;
    case "undecided":
    case "vendor-change":
    case "note":
      return ranks.others + 1;
  }
}

const ranks = { anyone: 1, trust: 2, everything: 3, escalation: 4, absence: 5, service: 6, others: 9 };

function rankDrift({ part, side, grants, escalates }: Drift): number {
  if (side === "missing") return part.kind === "role" || part.kind === "trust" ? ranks.absence : ranks.others;
  if (side === "altered") return escalates ? ranks.escalation : ranks.others;
  if (part.kind === "trust") return grants.some(admitsAnyone) ? ranks.anyone : ranks.trust;
  const widest = Math.min(ranks.others, ...grants.map(rankGrant));
  return escalates ? Math.min(widest, ranks.escalation) : widest;
}

function admitsAnyone({ principals = [], conditions }: Grant): boolean {
  return conditions.length === 0 && principals.some(({ id }) => id === "*");
}

// A grant on every resource comes before the same on some.
function rankGrant({ actions, resources = ["*"] }: Grant): number {
  const onAll = resources.includes("*");
  if (actions.includes("*")) return onAll ? ranks.everything : ranks.service;
  const isService = actions.some((action) => action.endsWith(":*"));
  if (isService) return onAll ? ranks.service : ranks.service + 1;
  return onAll ? ranks.others - 1 : ranks.others;
}
