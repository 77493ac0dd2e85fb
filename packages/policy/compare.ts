import { type Cell, cellText, type PlacedStatement, type Residue, refer } from "./cell.ts";
import type { Comparison, ComparisonOptions, Relation, Side, UndecidedReason } from "./comparison.ts";
import { type Decision, decide } from "./decide.ts";
import { groupResidues } from "./grouping.ts";
import { withoutHardening } from "./hardening.ts";
import { listSamples } from "./sample.ts";
import { type CompiledSide, compileSide, type PolicyInput } from "./side.ts";
import { type CellVerdict, type Difference, type Subtraction, subtract } from "./subtraction.ts";

export type { PolicyInput } from "./side.ts";

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
  if (sayTheSame(one, other)) return { ...nothing, relation: "equal" };

  const excess = difference(one, other, "candidate", "allowed", options);
  const lost = difference(other, one, "reference", "allowed", options);
  const { missing, hardening } = splitHardening(lost, one, other, options);
  const deniesAdded = difference(one, other, "candidate", "explicitDeny", options);
  const deniesRemoved = difference(other, one, "reference", "explicitDeny", options);
  const undecided = [excess, lost, deniesAdded, deniesRemoved].flatMap(({ reasons }) => reasons);
  return {
    relation: relate(excess.residues.length > 0, lost.residues.length > 0, undecided.length > 0),
    excess: groupResidues(excess.residues),
    missing: groupResidues(missing),
    hardening: groupResidues(hardening),
    deniesAdded: groupResidues(deniesAdded.residues),
    deniesRemoved: groupResidues(deniesRemoved.residues),
    latent: [],
    undecided,
  };
}

const nothing = {
  excess: [],
  missing: [],
  hardening: [],
  deniesAdded: [],
  deniesRemoved: [],
  latent: [],
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

interface SideDifference extends Pick<Difference, "residues"> {
  readonly reasons: readonly UndecidedReason[];
}

/** What the giver allows (or denies) and the taker does not. */
function difference(
  giver: CompiledSide,
  taker: CompiledSide,
  side: Side,
  sought: Decision,
  options: ComparisonOptions,
): SideDifference {
  const subtraction: Subtraction =
    sought === "allowed"
      ? { gives: giver.allows, heldBack: giver.denies, takes: taker.allows, spares: taker.denies }
      : { gives: giver.denies, heldBack: [], takes: taker.denies, spares: [] };
  const { residues, open } = subtract(subtraction, (cell, from) =>
    findExample(cell, from, giver, taker, sought, options),
  );
  const reasons = open.map(({ from, code, message }) => ({
    code,
    message,
    side,
    statements: [{ side, ref: refer(from) }],
  }));
  return { residues, reasons };
}

function findExample(
  cell: Cell,
  from: PlacedStatement,
  giver: CompiledSide,
  taker: CompiledSide,
  sought: Decision,
  { partition = "aws" }: ComparisonOptions,
): CellVerdict {
  const { doubt } = from.statement;
  if (doubt !== undefined)
    return { kind: "undecided", code: "unsupported", message: `A statement is unclear: ${doubt}.` };
  const example = listSamples(cell, from.statement).find(
    (request) =>
      decide(request, giver.documents, { partition }) === sought &&
      decide(request, taker.documents, { partition }) !== sought,
  );
  if (example !== undefined) return { kind: "left", example };
  const message = `Neither a proof nor an example was found for ${cell.action.selector.written}.`;
  return { kind: "undecided", code: "unproven", message };
}

/** Tells apart what is lost for good from what is lost only to other accounts (confused-deputy conditions). */
function splitHardening(
  lost: SideDifference,
  candidate: CompiledSide,
  reference: CompiledSide,
  options: ComparisonOptions,
): { readonly missing: readonly Residue[]; readonly hardening: readonly Residue[] } {
  const allows = withoutHardening(candidate.allows, options);
  if (allows.every((placed, index) => placed === candidate.allows[index])) {
    return { missing: lost.residues, hardening: [] };
  }
  const bare = {
    gives: reference.allows,
    heldBack: reference.denies,
    takes: allows,
    spares: candidate.denies,
  };
  const lostAnyway = new Set<string>();
  subtract(bare, (cell, from) => {
    lostAnyway.add(`${from.document} ${from.statement.index} ${cellText(cell)}`);
    return { kind: "covered" };
  });
  const isLostAnyway = ({ from, cell }: Residue) =>
    lostAnyway.has(`${from.document} ${from.statement.index} ${cellText(cell)}`);
  return {
    missing: lost.residues.filter(isLostAnyway),
    hardening: lost.residues.filter((residue) => !isLostAnyway(residue)),
  };
}

function relate(excess: boolean, missing: boolean, undecided: boolean): Relation {
  if (excess && missing) return "different";
  if (undecided) return "undecided";
  if (excess) return "wider";
  return missing ? "narrower" : "equal";
}
