import { listUnmetElements, prepareRequest } from "../evaluate/decide.ts";
import type { PolicyRequest, StatementRef } from "../model/grant.ts";
import type { Proof } from "./proof.ts";

/** Cap on the output: more is noise. */
const maxNearest = 5;

/**
 * Returns the right side's statements closest to matching an example: matching Denies first, otherwise statements that
 * match its action and fail on the fewest other elements. Empty if no statement is about the action.
 */
export function listNearest(
  example: PolicyRequest,
  { decision, right, partition }: Proof,
): readonly StatementRef[] {
  const request = prepareRequest(example, partition);
  const candidates = right.flatMap((document, place) =>
    document.statements.flatMap((statement, index) => {
      const { sid, effect } = statement;
      if (decision === "explicitDeny" && effect === "Allow") return [];
      const unmet = listUnmetElements(statement, document, request);
      if (unmet.includes("action")) return [];
      // The right side does not allow the example: a Deny is the reason only if it matches.
      if (decision === "allowed" && effect === "Deny" && unmet.length > 0) return [];
      const ref: StatementRef = { document: place, statement: index, ...(sid !== undefined && { sid }) };
      return [{ ref, distance: effect === "Deny" && decision === "allowed" ? -1 : unmet.length }];
    }),
  );
  const least = candidates.reduce((min, { distance }) => Math.min(min, distance), Number.POSITIVE_INFINITY);
  return candidates
    .filter(({ distance }) => distance === least)
    .slice(0, maxNearest)
    .map(({ ref }) => ref);
}
