import type { Remainder } from "../compiled/combination.ts";
import type { Side, UndecidedReason } from "../model/comparison.ts";
import type { BoundaryRemains, Grant } from "../model/grant.ts";
import { tryCharge } from "../support/step-budget.ts";
import { type Block, groupRemainders, makeGrant, referToStatements } from "./grouping.ts";
import { listNearest } from "./nearest-statements.ts";
import { isProven, type Proof } from "./proof.ts";
import { listReadableExamples } from "./readable-example.ts";

/** Grants with a confirmed example each, and the differences that no example confirms. */
export interface ProvenGrants {
  readonly grants: readonly Grant[];
  readonly unproven: readonly UndecidedReason[];
}

/** How many remainders of a block are tried for an example that `decide` confirms. */
const maxExamples = 8;

/**
 * Groups remainders into grants, each with an example that `decide` confirms. A difference without such an example is
 * not reported as a grant, but as undecided.
 */
export function proveGrants(
  remainders: readonly Remainder[],
  side: Side,
  proof: Proof,
  checkBoundary?: (block: Block) => BoundaryRemains,
): ProvenGrants {
  const grants: Grant[] = [];
  const unproven: UndecidedReason[] = [];
  for (const block of groupRemainders(remainders)) {
    const length = block[0].example.resource?.length ?? 0;
    const isCharged = tryCharge(proof.budget, 1 + ((proof.characters * (1 + (length >> 6))) >> 10));
    const example = (isCharged ? block.slice(0, maxExamples) : [])
      .flatMap(listReadableExamples)
      .find((request) => isProven(request, proof));
    if (example) {
      const nearest = listNearest(example, proof);
      grants.push({
        ...makeGrant(block, example),
        ...(checkBoundary && { remains: checkBoundary(block) }),
        ...(nearest.length > 0 && { nearest }),
      });
    } else {
      const [{ combination }] = block;
      unproven.push({
        code: isCharged ? "unproven" : "budget",
        message: `A difference at ${combination.action.selector.written} was found, but no request that shows it.`,
        side,
        statements: referToStatements(block, side),
      });
    }
  }
  return { grants, unproven };
}
