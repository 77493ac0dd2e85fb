import { profileKeys } from "./compiled/key-profile.ts";
import { type CompiledSide, compileSide } from "./compiled/side.ts";
import { listDeletedPrincipals } from "./difference/deleted-principals.ts";
import { findAllowDifference, findDenyDifference } from "./difference/difference.ts";
import type { Comparison, ComparisonOptions, Relation } from "./model/comparison.ts";
import type { PolicyInput } from "./model/document.ts";
import { createBudget } from "./support/step-budget.ts";
import { uniqueBy } from "./support/unique.ts";

export type { PolicyInput } from "./model/document.ts";

/** Steps. The largest of AWS's documents needs a fifth of it against itself with a statement for each action. */
const defaultBudget = 300_000;

/**
 * Compares two sets of policies by meaning: which requests one allows or denies and the other does not.
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
  const settings = {
    partition,
    profile: profileKeys(
      [candidateSide, referenceSide, boundarySide].flatMap((side) => side?.statements ?? []),
    ),
    budget: createBudget(budget),
    proofs: createBudget(budget),
    boundary: boundarySide,
  };
  const forward = { left: candidateSide, right: referenceSide, side: "candidate", settings } as const;
  const back = { left: referenceSide, right: candidateSide, side: "reference", settings } as const;
  const gained = findAllowDifference(forward);
  const lost = findAllowDifference({ ...back, hardening: options });
  const added = findDenyDifference(forward);
  const removed = findDenyDifference(back);

  const undecided = [...[gained, lost, added, removed].flatMap(({ reasons }) => reasons), ...unread];
  return {
    relation: relate(
      gained.grants.length > 0,
      lost.grants.length + lost.hardening.length + lost.possibleHardening.length > 0,
      undecided.length > 0,
    ),
    excess: gained.grants,
    missing: lost.grants,
    hardening: lost.hardening,
    possibleHardening: lost.possibleHardening,
    deniesAdded: added.grants,
    deniesRemoved: removed.grants,
    latent: [],
    dangling,
    // An ambiguous statement can be a reason in several directions.
    undecided: uniqueBy([...undecided, ...(boundarySide?.reasons ?? [])], (reason) => JSON.stringify(reason)),
  };
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
