import type { Remainder } from "../compiled/combination.ts";
import type { Question } from "../compiled/question.ts";
import { decide } from "../evaluate/decide.ts";
import type { Side, UndecidedReason } from "../model/comparison.ts";
import type { PolicyDocument } from "../model/document.ts";
import type { BoundaryRemains, Grant, PolicyRequest } from "../model/grant.ts";
import { firstUnknown, standsForText } from "../pattern/automaton.ts";
import { createWitnessSearch, type SearchSettings } from "../search/witness.ts";
import { type StepBudget, tryCharge } from "../support/budget.ts";
import { groupBy } from "../support/unique.ts";
import { type Block, groupResidues, listRefs, makeGrant } from "./grouping.ts";
import { listNearest } from "./nearest.ts";
import { isProven, type Proof } from "./proof.ts";
import { refine } from "./refine.ts";
import { type CellJudge, type OpenCell, subtract } from "./subtract.ts";
import { isWhollyLeft } from "./whole.ts";

/** What one side gives and the other does not. */
export interface SideDifference {
  readonly residues: readonly Remainder[];
  readonly reasons: readonly UndecidedReason[];
}

/** What a difference is computed with. */
export interface DifferenceSettings extends SearchSettings {
  /** The steps in which examples may be proven. */
  readonly proofs: StepBudget;
  /** The giving side. */
  readonly side: Side;
}

/** Takes one side from the other, and carves what is left to what it exactly is. */
export function findDifference(question: Question, settings: DifferenceSettings): SideDifference {
  const { side, budget } = settings;
  // What is left is found first of all; what exactly it is must not take the steps for that.
  const detail = { ...settings, budget: { left: budget.left } };
  const findAny = createWitnessSearch({ left: { denies: [] }, right: { allows: [], denies: [] } }, detail);
  const judge: CellJudge = {
    decide: createWitnessSearch(question, settings),
    decidePart: createWitnessSearch(question, detail),
    refine: (left, from, decideCell) =>
      refine(left, from, question, {
        decide: decideCell,
        isEmpty: (cell) => findAny(cell, from).kind === "covered",
        isWhole: (cell, near) => isWhollyLeft(cell, from, near, detail),
      }),
  };
  const { residues, open } = subtract(question, judge, budget);
  return { residues, reasons: tellOpen(open, side) };
}

// More of them tell nobody more.
const mostNamed = 20;

/** One reason for all statements of which the same is unclear. */
function tellOpen(open: readonly OpenCell[], side: Side): readonly UndecidedReason[] {
  return groupBy(open, ({ code, message }) => `${code} ${message}`).map((group) => ({
    code: group[0].code,
    message: group[0].message,
    side,
    statements: nameStatements(group, side),
  }));
}

function nameStatements(residues: readonly Pick<Remainder, "from">[], side: Side) {
  return listRefs(residues)
    .slice(0, mostNamed)
    .map((ref) => ({ side, ref }));
}

/** The grants of a difference, each with an example that `decide` confirms; a block without one is no grant yet. */
export function proveGrants(
  residues: readonly Remainder[],
  side: Side,
  proof: Proof,
  bound?: (block: Block) => BoundaryRemains,
): { readonly grants: readonly Grant[]; readonly unproven: readonly UndecidedReason[] } {
  const grants: Grant[] = [];
  const unproven: UndecidedReason[] = [];
  for (const block of groupResidues(residues)) {
    const longest = block[0].example.resource?.length ?? 0;
    const isAfforded = tryCharge(proof.budget, 1 + ((proof.characters * (1 + (longest >> 6))) >> 10));
    const example = (isAfforded ? block.slice(0, 8) : [])
      .flatMap(nameUnknown)
      .find((request) => isProven(request, proof));
    if (example !== undefined) {
      const nearest = listNearest(example, proof);
      grants.push({
        ...makeGrant(block, example),
        ...(bound && { remains: bound(block) }),
        ...(nearest.length > 0 && { nearest }),
      });
    } else {
      const [{ combination: cell }] = block;
      unproven.push({
        code: isAfforded ? "unproven" : "budget",
        message: `A difference at ${cell.action.selector.written} was found, but no request that shows it.`,
        side,
        statements: nameStatements(block, side),
      });
    }
  }
  return { grants, unproven };
}

const names = ["any-value", "SOMETHING", "0", ""];

/** The example of a residue with names that people can read for the unknown texts of policy variables; then as it is. */
function nameUnknown(residue: Remainder): readonly PolicyRequest[] {
  if (!hasUnknown(residue.example)) return [residue.example];
  const named = names.map((name) => replaceUnknown(residue.example, name));
  // A name that people can read may be one that the conditions shut out.
  return [...named.filter((request) => isTold(makeGrant([residue], request), request)), residue.example];
}

function writeGrant({ actions, resources, principals, conditions }: Grant): PolicyDocument {
  const list = <Entry>(entries: readonly Entry[]) => ({ negated: false, entries });
  const statement = {
    effect: "Allow" as const,
    actions: list(actions),
    ...(resources && { resources: list(resources) }),
    ...(principals && { principals: list(principals) }),
    conditions: conditions.map((condition) => ({ ...condition, written: condition })),
  };
  return { version: "2012-10-17", statements: [statement] };
}

/** Whether a request is one of those that a grant stands for. */
function isTold(
  { exceptActions, exceptResources, exceptPrincipals, exceptConditions = [], ...grant }: Grant,
  request: PolicyRequest,
): boolean {
  const reaches = (part: Partial<Grant> | undefined): boolean =>
    part !== undefined && decide(request, [writeGrant({ ...grant, ...part })]) === "allowed";
  return (
    reaches({}) &&
    !reaches(exceptActions && { actions: exceptActions }) &&
    !reaches(exceptResources && { resources: exceptResources }) &&
    !reaches(exceptPrincipals && { principals: exceptPrincipals }) &&
    !exceptConditions.some((conditions) => reaches({ conditions }))
  );
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
        standsForText(char.charCodeAt(0))
          ? name === ""
            ? ""
            : `${name}-${char.charCodeAt(0) - firstUnknown}`
          : char,
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
