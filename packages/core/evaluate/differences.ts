import type { Comparison } from "@drift-guard/policy/comparison";
import type { Assessment, Drift, DriftSide } from "../model/evidence.ts";
import type { Part } from "../model/part.ts";

/** Returns the drifts and undecided assessments that a comparison amounts to at a part; `sides` turns a side off. */
export function describeDifferences(
  part: Part,
  comparison: Comparison,
  sides: { readonly excess?: boolean; readonly missing?: boolean } = {},
  detail?: string,
): readonly Assessment[] {
  const { excess, missing, deniesAdded, deniesRemoved } = comparison;
  const withDetail = detail !== undefined && { detail };
  return [
    ...(sides.excess !== false && excess.length + deniesRemoved.length > 0
      ? [drift(part, "excess", { grants: excess, denies: deniesRemoved, ...withDetail })]
      : []),
    // An added Deny is reported even if missing grants are not: it may contain an incident.
    ...((sides.missing !== false && missing.length > 0) || deniesAdded.length > 0
      ? [drift(part, "missing", { grants: missing, denies: deniesAdded, ...withDetail })]
      : []),
    ...undecidedPart(part, comparison),
  ];
}

/** Returns an undecided assessment if the comparison has reasons or no relation, else nothing. */
export function undecidedPart(
  part: Part,
  { undecided: reasons, relation }: Comparison,
): readonly Assessment[] {
  if (reasons.length > 0)
    return [
      undecided(
        part,
        reasons.map(({ message }) => message),
      ),
    ];
  return relation === "undecided" ? [undecided(part, ["The comparison could not be decided."])] : [];
}

/** Returns an undecided assessment of a part. */
export function undecided(part: Part, reasons: readonly string[]): Assessment {
  return { kind: "undecided", part, reasons };
}

/** Returns a drift at a part, without grants and Denies unless given. */
export function drift(
  part: Part,
  side: DriftSide,
  { grants = [], denies = [], detail }: Partial<Pick<Drift, "grants" | "denies" | "detail">>,
): Drift {
  return { kind: "drift", part, side, grants, denies, ...(detail !== undefined && { detail }) };
}
