import { listUnmetElements, prepareRequest } from "../evaluate/decide.ts";
import type { PolicyRequest, StatementRef } from "../model/grant.ts";
import type { Proof } from "./proof.ts";

// More of them tell nobody more.
const mostNearest = 5;

/**
 * The statements of the taking side that come closest to a request which that side does not decide so: the Denies that
 * take it, or else those about its action that the fewest other elements keep from it.
 */
export function listNearest(
  request: PolicyRequest,
  { sought, taker, partition }: Proof,
): readonly StatementRef[] {
  const asked = prepareRequest(request, partition);
  const near = taker.flatMap((document, place) =>
    document.statements.flatMap((statement, index) => {
      const { sid, effect } = statement;
      if (sought === "explicitDeny" && effect === "Allow") return [];
      const unmet = listUnmetElements(statement, document, asked);
      // A Deny takes what it meets, and has no part in it otherwise.
      if (unmet.includes("action") || (sought === "allowed" && effect === "Deny" && unmet.length > 0))
        return [];
      const ref: StatementRef = { document: place, statement: index, ...(sid !== undefined && { sid }) };
      return [{ ref, distance: effect === "Deny" && sought === "allowed" ? -1 : unmet.length }];
    }),
  );
  const least = near.reduce((min, { distance }) => Math.min(min, distance), Number.POSITIVE_INFINITY);
  return near
    .filter(({ distance }) => distance === least)
    .slice(0, mostNearest)
    .map(({ ref }) => ref);
}
