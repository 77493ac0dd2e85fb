import type { Question } from "../compiled/question.ts";
import type { UndecidedReason } from "../model/comparison.ts";
import type { Grant } from "../model/grant.ts";
import { createBoundaryCheck } from "./boundary-check.ts";
import type { Direction } from "./direction.ts";
import { type ProvenGrants, proveGrants } from "./grants.ts";
import { splitHardening } from "./hardening.ts";
import { createProof } from "./proof.ts";
import { type Difference, findRemainders } from "./remainders.ts";

/** What the left side of a direction denies and the right side does not. */
export interface DenyDifference {
  readonly grants: readonly Grant[];
  /** Why `grants` may be incomplete. */
  readonly reasons: readonly UndecidedReason[];
}

/** What the left side of a direction allows and the right side does not. */
export interface AllowDifference extends DenyDifference {
  /** Grants that only hardening conditions of the right side take away; they are not among `grants`. */
  readonly hardening: readonly Grant[];
  /** Grants of which the own account may lose nothing, depending on its organisation; they are not among `grants`. */
  readonly possibleHardening: readonly Grant[];
}

/** Finds the grants that the left side allows and the right side does not. */
export function findAllowDifference(direction: Direction): AllowDifference {
  const { left, right, side, settings } = direction;
  const question = { left, right };
  const difference = findReadDifference(question, direction);
  const { lost, hardening, possible } = splitHardening(difference.remainders, question, direction);
  const proof = createProof("allowed", direction);
  const prove = (remainders: Difference["remainders"]): ProvenGrants => {
    const checkBoundary = settings.boundary && createBoundaryCheck(settings.boundary, left.denies, settings);
    return proveGrants(remainders, side, proof, checkBoundary);
  };
  const [proven, provenHardening, provenPossible] = [prove(lost), prove(hardening), prove(possible)];
  const unproven = [proven, provenHardening, provenPossible].flatMap((each) => each.unproven);
  return {
    grants: proven.grants,
    hardening: provenHardening.grants,
    possibleHardening: provenPossible.grants,
    reasons: [...difference.reasons, ...unproven],
  };
}

/** Finds the requests that the left side denies and the right side does not, whatever either side allows. */
export function findDenyDifference(direction: Direction): DenyDifference {
  const { left, right, side } = direction;
  const question = {
    left: { allows: left.denies, denies: [] },
    right: { allows: right.denies, denies: [] },
  };
  const { remainders, reasons } = findReadDifference(question, direction);
  const { grants, unproven } = proveGrants(remainders, side, createProof("explicitDeny", direction));
  return { grants, reasons: [...reasons, ...unproven] };
}

/** Finds nothing if a document of the right side could not be read: it may allow or deny the same. */
function findReadDifference(question: Question, { right, side, settings }: Direction): Difference {
  return right.reasons.length > 0
    ? { remainders: [], reasons: [] }
    : findRemainders(question, side, settings);
}
