import { makeBoundary } from "./boundary.ts";
import { cellText, type Residue } from "./cell.ts";
import type { Comparison, ComparisonOptions, Relation } from "./comparison.ts";
import { listDangling } from "./dangling.ts";
import type { Decision } from "./decide.ts";
import {
  type DifferenceSettings,
  findDifference,
  type Proof,
  type SideDifference,
  tellGrants,
} from "./difference.ts";
import type { PolicyInput } from "./document.ts";
import { withoutHardening } from "./hardening.ts";
import { type CompiledSide, compileSide } from "./side.ts";
import type { Subtraction } from "./subtraction.ts";

export type { PolicyInput } from "./document.ts";

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
  if (unread.length > 0) return { ...nothing, relation: "undecided", undecided: unread };
  const dangling = [...listDangling(one, "candidate"), ...listDangling(other, "reference")];
  if (sayTheSame(one, other)) return { ...nothing, relation: "equal", dangling };

  const settings = { partition: options.partition ?? "aws", budget: { left: options.budget ?? usualBudget } };
  const ours = { ...settings, side: "candidate" } as const;
  const theirs = { ...settings, side: "reference" } as const;
  const gained = findDifference(allowedBy(one, other), ours);
  const lost = findDifference(allowedBy(other, one), theirs);
  const { missing, hardening } = splitHardening(lost, one, other, theirs, options);
  const [bounded, boundTo] = readBoundary(options, settings);
  const proof = prove("allowed", one, other, settings.partition);
  const excess = tellGrants(gained.residues, "candidate", proof, boundTo?.(one));
  const proofOfLoss = prove("allowed", other, one, settings.partition);
  const gone = tellGrants(missing, "reference", proofOfLoss, boundTo?.(other));
  const hardened = tellGrants(hardening, "reference", proofOfLoss, boundTo?.(other));
  const added = findDenies(one, other, ours);
  const removed = findDenies(other, one, theirs);
  const undecided = [gained, lost, added, removed].flatMap(({ reasons }) => reasons);
  undecided.push(...[excess, gone, hardened].flatMap(({ unproven }) => unproven));
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
    undecided: [...undecided, ...bounded],
  };
}

/** What is wrong with a boundary, and how to tell what it leaves of a side's grants. */
function readBoundary(options: ComparisonOptions, { partition, budget }: Omit<DifferenceSettings, "side">) {
  if (options.boundary === undefined) return [[], undefined] as const;
  const { kind: _, ...others } = options;
  const boundary = compileSide(options.boundary, undefined, others);
  if (boundary.reasons.length > 0) return [boundary.reasons, () => () => "undecided" as const] as const;
  const own = { left: budget.left };
  return [[], (side: CompiledSide) => makeBoundary(boundary, side.denies, partition, own)] as const;
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
  const lines = collectLines(one);
  const otherLines = collectLines(other);
  return lines.size === otherLines.size && [...lines].every((line) => otherLines.has(line));
}

function collectLines({ allows, denies }: CompiledSide): ReadonlySet<string> {
  return new Set([...allows, ...denies].map(({ statement }) => statement.line));
}

function allowedBy(giver: CompiledSide, taker: CompiledSide): Subtraction {
  return { gives: giver.allows, heldBack: giver.denies, takes: taker.allows, spares: taker.denies };
}

function prove(sought: Decision, giver: CompiledSide, taker: CompiledSide, partition: string): Proof {
  return { sought, giver: giver.documents, taker: taker.documents, partition };
}

/** What one side denies and the other does not, whatever either allows. */
function findDenies(giver: CompiledSide, taker: CompiledSide, settings: DifferenceSettings) {
  const subtraction = { gives: giver.denies, heldBack: [], takes: taker.denies, spares: [] };
  const { residues, reasons } = findDifference(subtraction, settings);
  const proof = prove("explicitDeny", giver, taker, settings.partition);
  const { grants, unproven } = tellGrants(residues, settings.side, proof);
  return { grants, reasons: [...reasons, ...unproven] };
}

/** Tells apart what is lost for good from what is lost only to other accounts (confused-deputy conditions). */
function splitHardening(
  lost: SideDifference,
  candidate: CompiledSide,
  reference: CompiledSide,
  settings: DifferenceSettings,
  options: ComparisonOptions,
): { readonly missing: readonly Residue[]; readonly hardening: readonly Residue[] } {
  const allows = withoutHardening(candidate.allows, options);
  if (allows.every((placed, index) => placed === candidate.allows[index])) {
    return { missing: lost.residues, hardening: [] };
  }
  const bare = findDifference({ ...allowedBy(reference, candidate), takes: allows }, settings);
  const keyOf = ({ from, cell }: Residue) => `${from.document} ${from.statement.index} ${cellText(cell)}`;
  const lostAnyway = new Set(bare.residues.map(keyOf));
  return {
    missing: lost.residues.filter((residue) => bare.reasons.length > 0 || lostAnyway.has(keyOf(residue))),
    hardening: lost.residues.filter(
      (residue) => bare.reasons.length === 0 && !lostAnyway.has(keyOf(residue)),
    ),
  };
}

function relate(excess: boolean, missing: boolean, undecided: boolean): Relation {
  if (excess && missing) return "different";
  if (undecided) return "undecided";
  if (excess) return "wider";
  return missing ? "narrower" : "equal";
}
