import { makeCombinationKey, type Remainder } from "./compiled/combination.ts";
import { profileKeys } from "./compiled/key-profile.ts";
import type { Question } from "./compiled/question.ts";
import { type CompiledSide, compileSide } from "./compiled/side.ts";
import { makeBoundary } from "./difference/boundary.ts";
import { listDeletedPrincipals } from "./difference/deleted-principals.ts";
import {
  type DifferenceSettings,
  findDifference,
  proveGrants,
  type SideDifference,
} from "./difference/difference.ts";
import { withoutHardening } from "./difference/hardening.ts";
import type { Proof } from "./difference/proof.ts";
import type { Decision } from "./evaluate/decide.ts";
import type { Comparison, ComparisonOptions, Relation, UndecidedReason } from "./model/comparison.ts";
import type { PolicyInput } from "./model/document.ts";
import { createBudget } from "./support/budget.ts";
import { uniqueBy } from "./support/unique.ts";

export type { PolicyInput } from "./model/document.ts";

// AWS's own documents, changed and split, need less than a tenth of it.
const usualBudget = 300_000;

/**
 * Compares what two sets of policies allow and deny, by meaning. It never throws on what it is given: what cannot be
 * read or decided is told under `undecided`, and the relation is then not `equal`.
 */
export function comparePolicies(
  candidate: PolicyInput,
  reference: PolicyInput,
  options: ComparisonOptions = {},
): Comparison {
  const one = compileSide(candidate, "candidate", options);
  const other = compileSide(reference, "reference", options);
  const unread = [...one.reasons, ...other.reasons];
  const dangling = [...listDeletedPrincipals(one, "candidate"), ...listDeletedPrincipals(other, "reference")];
  if (unread.length === 0 && sayTheSame(one, other)) return { ...nothing, relation: "equal", dangling };

  const { boundary, kind: _, ...others } = options;
  const bounds = boundary === undefined ? undefined : compileSide(boundary, undefined, others);
  const settings = {
    partition: options.partition ?? "aws",
    profile: profileKeys([one, other, bounds].flatMap((side) => side?.statements ?? [])),
    budget: createBudget(options.budget ?? usualBudget),
    proofs: createBudget(options.budget ?? usualBudget),
  };
  const ours = { ...settings, side: "candidate" } as const;
  const theirs = { ...settings, side: "reference" } as const;
  const gained = subtractRead(allowedBy(one, other), other, ours);
  const lost = subtractRead(allowedBy(other, one), one, theirs);
  const { missing, hardening } = splitHardening(lost, one, other, theirs, options);
  const boundTo = (side: CompiledSide) => bounds && makeBoundary(bounds, side.denies, settings);
  const proof = prove("allowed", one, other, settings);
  const excess = proveGrants(gained.residues, "candidate", proof, boundTo(one));
  const proofOfLoss = prove("allowed", other, one, settings);
  const gone = proveGrants(missing, "reference", proofOfLoss, boundTo(other));
  const hardened = proveGrants(hardening, "reference", proofOfLoss, boundTo(other));
  const added = findDenies(one, other, ours);
  const removed = findDenies(other, one, theirs);
  const undecided = [gained, lost, added, removed].flatMap(({ reasons }) => reasons);
  undecided.push(...unread, ...[excess, gone, hardened].flatMap(({ unproven }) => unproven));
  return {
    relation: relate(
      excess.grants.length > 0,
      gone.grants.length + hardened.grants.length > 0,
      undecided.length > 0,
    ),
    excess: excess.grants,
    missing: gone.grants,
    hardening: hardened.grants,
    deniesAdded: added.grants,
    deniesRemoved: removed.grants,
    latent: [],
    dangling,
    undecided: listReasons([...undecided, ...(bounds?.reasons ?? [])]),
  };
}

/** What one side gives and the other does not; nothing where the other was not read whole, for it may give that. */
function subtractRead(
  question: Question,
  { reasons }: CompiledSide,
  settings: DifferenceSettings,
): SideDifference {
  return reasons.length > 0 ? { residues: [], reasons: [] } : findDifference(question, settings);
}

/** What is unclear about a statement is found wherever it bears on something. */
function listReasons(reasons: readonly UndecidedReason[]): readonly UndecidedReason[] {
  return uniqueBy(reasons, (reason) => JSON.stringify(reason));
}

const nothing = {
  excess: [],
  missing: [],
  hardening: [],
  deniesAdded: [],
  deniesRemoved: [],
  latent: [],
  dangling: [],
  undecided: [],
} as const;

function sayTheSame(one: CompiledSide, other: CompiledSide): boolean {
  return collectLines(one).symmetricDifference(collectLines(other)).size === 0;
}

function collectLines({ statements }: CompiledSide): ReadonlySet<string> {
  return new Set(statements.map(({ line }) => line));
}

function allowedBy(giver: CompiledSide, taker: CompiledSide): Question {
  return { left: giver, right: taker };
}

function prove(
  sought: Decision,
  giver: CompiledSide,
  taker: CompiledSide,
  { partition, proofs }: Omit<DifferenceSettings, "side">,
): Proof {
  const characters = [...giver.statements, ...taker.statements].reduce(
    (sum, { line }) => sum + line.length,
    0,
  );
  return { sought, giver: giver.documents, taker: taker.documents, partition, budget: proofs, characters };
}

/** What one side denies and the other does not, whatever either allows. */
function findDenies(giver: CompiledSide, taker: CompiledSide, settings: DifferenceSettings) {
  const question = {
    left: { allows: giver.denies, denies: [] },
    right: { allows: taker.denies, denies: [] },
  };
  const { residues, reasons } = subtractRead(question, taker, settings);
  const proof = prove("explicitDeny", giver, taker, settings);
  const { grants, unproven } = proveGrants(residues, settings.side, proof);
  return { grants, reasons: [...reasons, ...unproven] };
}

/** Tells apart what is lost for good from what is lost only to other accounts (confused-deputy conditions). */
function splitHardening(
  lost: SideDifference,
  candidate: CompiledSide,
  reference: CompiledSide,
  settings: DifferenceSettings,
  options: ComparisonOptions,
): { readonly missing: readonly Remainder[]; readonly hardening: readonly Remainder[] } {
  const allows = withoutHardening(candidate.allows, options, settings.profile);
  if (allows.every((placed, index) => placed === candidate.allows[index])) {
    return { missing: lost.residues, hardening: [] };
  }
  const bare = findDifference(allowedBy(reference, { ...candidate, allows }), settings);
  const keyOf = ({ from, combination: cell }: Remainder) =>
    `${from.document} ${from.index} ${makeCombinationKey(cell)}`;
  const lostAnyway = new Set(bare.residues.map(keyOf));
  const isHardening = (residue: Remainder) => bare.reasons.length === 0 && !lostAnyway.has(keyOf(residue));
  return {
    missing: lost.residues.filter((residue) => !isHardening(residue)),
    hardening: lost.residues.filter(isHardening),
  };
}

function relate(excess: boolean, missing: boolean, undecided: boolean): Relation {
  if (excess && missing) return "different";
  if (undecided) return "undecided";
  if (excess) return "wider";
  return missing ? "narrower" : "equal";
}
