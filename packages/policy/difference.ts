import { firstUnknown, standsForText } from "./automaton.ts";
import type { Budget } from "./budget.ts";
import { carveCell } from "./carving.ts";
import { type Cell, type PlacedStatement, type Residue, refer } from "./cell.ts";
import type { Side, UndecidedReason } from "./comparison.ts";
import { type Decision, decide } from "./decide.ts";
import type { PolicyDocument } from "./document.ts";
import type { BoundaryRemains, Grant, PolicyRequest } from "./grant.ts";
import { type Block, groupResidues, makeGrant } from "./grouping.ts";
import { listNearest } from "./nearest.ts";
import { fillPattern, type Pattern } from "./pattern.ts";
import { makeSeparator } from "./separation.ts";
import { type CellJudge, type OpenCell, type Subtraction, subtract } from "./subtraction.ts";
import { readVariable } from "./template.ts";
import { acceptsText } from "./text-acceptance.ts";

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
  bound?: (block: Block) => BoundaryRemains,
): { readonly grants: readonly Grant[]; readonly unproven: readonly UndecidedReason[] } {
  const grants: Grant[] = [];
  const unproven: UndecidedReason[] = [];
  for (const block of groupResidues(residues)) {
    const example = block
      .slice(0, 8)
      .flatMap((residue) => nameUnknown(residue, proof))
      .find((request) => isProven(request, proof));
    if (example !== undefined) {
      const nearest = listNearest(example, proof);
      grants.push({
        ...makeGrant(block, example),
        ...(bound && { remains: bound(block) }),
        ...(nearest.length > 0 && { nearest }),
      });
    } else
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

const names = ["any-value", "SOMETHING", "0"];

/** The example of a residue with names that people can read for the unknown texts of policy variables; then as it is. */
function nameUnknown({ cell, example, from }: Residue, proof: Proof): readonly PolicyRequest[] {
  if (!hasUnknown(example)) return [example];
  const named = names.map((name) => replaceUnknown(example, name));
  return [...named.filter((request) => isWithin(cell, request) && isGivenBy(from, request, proof)), example];
}

// A name that people can read may be one that the statement's own conditions shut out, while another statement gives it.
function isGivenBy(
  from: PlacedStatement,
  request: PolicyRequest,
  { giver, sought, partition }: Proof,
): boolean {
  const ref = refer(from);
  const document = giver[ref.document];
  const statement = document?.statements[ref.statement];
  if (!document || !statement) return false;
  return decide(request, [{ ...document, statements: [statement] }], { partition }) === sought;
}

function hasUnknown({ context }: PolicyRequest): boolean {
  return Object.values(context)
    .flat()
    .some((value) => [...value].some((char) => standsForText(char.charCodeAt(0))));
}

function replaceUnknown({ context, ...request }: PolicyRequest, name: string): PolicyRequest {
  const replace = (text: string): string =>
    [...text]
      .map((char) =>
        standsForText(char.charCodeAt(0)) ? `${name}-${char.charCodeAt(0) - firstUnknown}` : char,
      )
      .join("");
  const values = Object.entries(context).map(
    ([key, value]) => [key, typeof value === "string" ? replace(value) : value.map(replace)] as const,
  );
  return {
    ...request,
    ...(request.resource !== undefined && { resource: replace(request.resource) }),
    context: Object.fromEntries(values),
  };
}

/** Whether a request's resource is still one of its cell, and none that is carved out of it. */
function isWithin({ resource }: Cell, request: PolicyRequest): boolean {
  if (resource === undefined || request.resource === undefined) return true;
  const arn = request.resource;
  const matches = (pattern: Pattern): boolean => {
    const filled = fillPattern(pattern, (variable) => {
      const { key, fallback } = readVariable(variable);
      const value = request.context[key] ?? fallback;
      return typeof value === "string" ? value : undefined;
    });
    return filled !== undefined && acceptsText(filled, arn);
  };
  return matches(resource.selector) && !resource.except.some(matches);
}
