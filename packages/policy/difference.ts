import { firstUnknown, standsForText } from "./automaton.ts";
import type { Budget } from "./budget.ts";
import { carveCell } from "./carving.ts";
import { type PlacedStatement, type Residue, refer } from "./cell.ts";
import type { Side, UndecidedReason } from "./comparison.ts";
import { type Decision, decide } from "./decide.ts";
import type { PolicyDocument } from "./document.ts";
import type { Grant, PolicyRequest } from "./grant.ts";
import { groupResidues, makeGrant } from "./grouping.ts";
import { makeSeparator } from "./separation.ts";
import { type CellJudge, type OpenCell, type Subtraction, subtract } from "./subtraction.ts";

/** What one side gives and the other does not. */
export interface SideDifference {
  readonly residues: readonly Residue[];
  readonly reasons: readonly UndecidedReason[];
}

/** What a difference is computed with. */
export interface DifferenceSettings {
  /** The giving side. */
  readonly side: Side;
  readonly partition: string;
  readonly budget: Budget;
}

/** Takes one side from the other, and carves what is left to what it exactly is. */
export function findDifference(
  subtraction: Subtraction,
  { side, partition, budget }: DifferenceSettings,
): SideDifference {
  const decide = makeSeparator(subtraction, partition, budget);
  const judge: CellJudge = {
    decide,
    refine: (left, decideCell) => carveCell(left, subtraction, decideCell),
  };
  const { residues, open } = subtract(subtraction, judge, budget);
  return { residues, reasons: tellOpen(open, side) };
}

/** One reason for each statement and code, not one for each of its actions. */
function tellOpen(open: readonly OpenCell[], side: Side): readonly UndecidedReason[] {
  const reasons = open.map(({ from, code, message }) => {
    const ref = refer(from);
    const reason = { code, message, side, statements: [{ side, ref }] };
    return [`${code} ${ref.document} ${ref.statement}`, reason] as const;
  });
  return [...new Map(reasons).values()];
}

/** What a request must show before it is told. */
export interface Proof {
  readonly sought: Decision;
  readonly giver: readonly PolicyDocument[];
  readonly taker: readonly PolicyDocument[];
  readonly partition: string;
}

/** The grants of a difference, each with an example that `decide` confirms; a block without one is no grant yet. */
export function tellGrants(
  residues: readonly Residue[],
  side: Side,
  proof: Proof,
): { readonly grants: readonly Grant[]; readonly unproven: readonly UndecidedReason[] } {
  const grants: Grant[] = [];
  const unproven: UndecidedReason[] = [];
  for (const block of groupResidues(residues)) {
    const example = block
      .slice(0, 8)
      .flatMap((residue) => [nameUnknown(residue.example), residue.example])
      .find((request) => isProven(request, proof));
    if (example !== undefined) grants.push(makeGrant(block, example));
    else
      unproven.push(
        tellUnproven(
          block.map(({ from }) => from),
          block[0],
          side,
        ),
      );
  }
  return { grants, unproven };
}

function isProven(request: PolicyRequest, { sought, giver, taker, partition }: Proof): boolean {
  return decide(request, giver, { partition }) === sought && decide(request, taker, { partition }) !== sought;
}

function tellUnproven(from: readonly PlacedStatement[], first: Residue, side: Side): UndecidedReason {
  return {
    code: "unproven",
    message: `A difference at ${first.cell.action.selector.written} was found, but no request that shows it.`,
    side,
    statements: [...new Set(from)].map((placed) => ({ side, ref: refer(placed) })),
  };
}

/** Gives the unknown text of a policy variable a name that people can read. */
function nameUnknown({ context, ...request }: PolicyRequest): PolicyRequest {
  const name = (text: string): string =>
    [...text]
      .map((char) =>
        standsForText(char.charCodeAt(0)) ? `any-value-${char.charCodeAt(0) - firstUnknown}` : char,
      )
      .join("");
  const values = Object.entries(context).map(
    ([key, value]) => [key, typeof value === "string" ? name(value) : value.map(name)] as const,
  );
  return {
    ...request,
    ...(request.resource !== undefined && { resource: name(request.resource) }),
    context: Object.fromEntries(values),
  };
}
