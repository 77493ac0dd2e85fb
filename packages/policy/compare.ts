import { pairs } from "./catalogue/pairs.generated.ts";
import { readPairTable } from "./catalogue/pairs.ts";
import { profileKeys } from "./compiled/key-profile.ts";
import { splitPairs } from "./compiled/pair-split.ts";
import { type CompiledSide, compileSide } from "./compiled/side.ts";
import { listDeletedPrincipals } from "./difference/deleted-principals.ts";
import { findAllowDifference, findDenyDifference } from "./difference/difference.ts";
import type { Direction } from "./difference/direction.ts";
import { findImpossibleDifference, type GrantSplit, splitGrants } from "./difference/impossible-pairs.ts";
import type { Comparison, ComparisonOptions, LatentGrant, Relation, Side } from "./model/comparison.ts";
import type { PolicyInput } from "./model/document.ts";
import type { Grant } from "./model/grant.ts";
import { createBudget } from "./support/step-budget.ts";
import { uniqueBy } from "./support/unique.ts";

export type { PolicyInput } from "./model/document.ts";

/** Steps. The largest of AWS's documents needs a fifth of it against itself with a statement for each action. */
const defaultBudget = 300_000;

const acceptsArn = readPairTable(pairs);

/**
 * Compares two sets of policies by meaning: which requests one allows or denies and the other does not. A pair of action
 * and resource that no AWS service accepts is `latent` and changes no other list.
 *
 * Never throws on its input: what cannot be read or decided is listed under `undecided`, and the relation is then not
 * `equal`. Equal input gives an equal result: the effort is counted in steps, not in time.
 */
export function comparePolicies(
  candidate: PolicyInput,
  reference: PolicyInput,
  options: ComparisonOptions = {},
): Comparison {
  const candidateSide = compileSide(candidate, "candidate", options);
  const referenceSide = compileSide(reference, "reference", options);
  const unread = [...candidateSide.reasons, ...referenceSide.reasons];
  const dangling = [
    ...listDeletedPrincipals(candidateSide, "candidate"),
    ...listDeletedPrincipals(referenceSide, "reference"),
  ];
  if (unread.length === 0 && haveEqualStatements(candidateSide, referenceSide)) {
    return { ...noDifference, dangling };
  }

  const { boundary, kind: _, ...boundaryOptions } = options;
  const boundarySide = boundary === undefined ? undefined : compileSide(boundary, undefined, boundaryOptions);
  const { partition = "aws", budget = defaultBudget } = options;
  const makeSettings = (sides: readonly CompiledSide[]): Direction["settings"] => ({
    partition,
    profile: profileKeys(
      [...sides, ...(boundarySide ? [boundarySide] : [])].flatMap((side) => side.statements),
    ),
    budget: createBudget(budget),
    proofs: createBudget(budget),
    boundary: boundarySide,
  });
  const ours = splitPairs(candidateSide, acceptsArn);
  const theirs = splitPairs(referenceSide, acceptsArn);
  const settings = makeSettings([ours.possible, theirs.possible]);
  const forward = { left: ours.possible, right: theirs.possible, side: "candidate", settings } as const;
  const back = { left: theirs.possible, right: ours.possible, side: "reference", settings } as const;
  const gained = findAllowDifference(forward);
  const lost = findAllowDifference({ ...back, hardening: options });
  const added = findDenyDifference(forward);
  const removed = findDenyDifference(back);

  // Impossible pairs are compared with whole sides and steps of their own: they change none of the results above.
  const whole = makeSettings([candidateSide, referenceSide]);
  const wholeForward: Direction = { ...forward, left: candidateSide, right: referenceSide, settings: whole };
  const wholeBack: Direction = { ...back, left: referenceSide, right: candidateSide, settings: whole };
  const ahead = { direction: forward, whole: wholeForward };
  const behind = { direction: back, whole: wholeBack };
  const excess = splitGrants(gained.grants, acceptsArn, "allowed", ahead);
  const missing = splitGrants(lost.grants, acceptsArn, "allowed", behind);
  const deniesAdded = splitGrants(added.grants, acceptsArn, "explicitDeny", ahead);
  const deniesRemoved = splitGrants(removed.grants, acceptsArn, "explicitDeny", behind);
  const onlyOurs = findImpossibleDifference(ours.impossible, wholeForward);
  const onlyTheirs = findImpossibleDifference(theirs.impossible, wholeBack);
  const latent = [
    describeLatent(excess, onlyOurs.allowed, "candidate", "Allow"),
    describeLatent(missing, onlyTheirs.allowed, "reference", "Allow"),
    describeLatent(deniesAdded, onlyOurs.denied, "candidate", "Deny"),
    describeLatent(deniesRemoved, onlyTheirs.denied, "reference", "Deny"),
  ].flat();
  const mayAllow = (side: Side) => latent.some((grant) => grant.side === side && grant.effect === "Allow");

  const undecided = [...[gained, lost, added, removed].flatMap(({ reasons }) => reasons), ...unread];
  return {
    relation: relate(
      excess.possible.length > 0 || mayAllow("candidate"),
      missing.possible.length + lost.hardening.length + lost.possibleHardening.length > 0 ||
        mayAllow("reference"),
      undecided.length > 0,
    ),
    excess: excess.possible,
    missing: missing.possible,
    hardening: lost.hardening,
    possibleHardening: lost.possibleHardening,
    deniesAdded: deniesAdded.possible,
    deniesRemoved: deniesRemoved.possible,
    latent,
    dangling,
    // An ambiguous statement can be a reason in several directions.
    undecided: uniqueBy([...undecided, ...(boundarySide?.reasons ?? [])], (reason) => JSON.stringify(reason)),
  };
}

function describeLatent(
  { impossible }: GrantSplit,
  grants: readonly Grant[],
  side: Side,
  effect: LatentGrant["effect"],
): readonly LatentGrant[] {
  const nothing = effect === "Allow" ? "allow nothing" : "deny nothing";
  const reason = `No AWS service accepts these actions on these resources, so they ${nothing} (service authorization data of ${pairs.date}).`;
  return [...impossible, ...grants].map((grant) => ({ ...grant, side, effect, cause: "no-pair", reason }));
}

const noDifference: Comparison = {
  relation: "equal",
  excess: [],
  missing: [],
  hardening: [],
  possibleHardening: [],
  deniesAdded: [],
  deniesRemoved: [],
  latent: [],
  dangling: [],
  undecided: [],
};

function haveEqualStatements(one: CompiledSide, other: CompiledSide): boolean {
  return collectLines(one).symmetricDifference(collectLines(other)).size === 0;
}

function collectLines({ statements }: CompiledSide): ReadonlySet<string> {
  return new Set(statements.map(({ line }) => line));
}

function relate(excess: boolean, missing: boolean, undecided: boolean): Relation {
  if (excess && missing) return "different";
  if (undecided) return "undecided";
  if (excess) return "wider";
  return missing ? "narrower" : "equal";
}
