import type { Comparison } from "@drift-guard/policy/comparison";
import { compareTexts } from "../evaluate/comparison.ts";
import type { Grant } from "../model/grant.ts";
import { type PolicyJson, tryReadDocument } from "../policy-json.ts";
import { type Intersection, intersectStatements } from "./intersection.ts";
import {
  type Checks,
  hasEffect,
  limitChecks,
  listTexts,
  narrowPairs,
  type Statement,
  withStatements,
} from "./narrowing.ts";

/** What an identity policy of a role is narrowed to. */
export interface NarrowingTarget {
  /** Compares a policy with everything that the role may have (`compareWithPermitted`). */
  readonly compare: (text: string) => Comparison;
  /** Policies with what the role needs, single permissions of which a wildcard of excess may hold. */
  readonly needed: readonly string[];
  /** The role's other policies as they stay: what they allow need not be kept twice. */
  readonly others: readonly string[];
}

/** What is left of a policy without its excess. */
export type Narrowing =
  | { readonly kind: "policy"; readonly document: string }
  /** Nothing is left: the policy had no other statement. */
  | { readonly kind: "nothing" }
  | { readonly kind: "undecided"; readonly why: string };

// A policy of more statements, actions and resources than these checks reach keeps only its Denies.
const maxChecks = 300;
const maxRounds = 4;
const maxOtherWords = 100;

/** Takes one of the comparisons that a whole policy has for other words of what it may keep; false if none is left. */
type Spend = () => boolean;

function createBudget(): Spend {
  let left = maxOtherWords;
  return () => {
    left -= 1;
    return left >= 0;
  };
}

/**
 * Returns an identity policy without its excess. Statements without excess and Denies stay as they are. A statement with
 * excess keeps the actions and resources that the role may have, under its conditions, and of a wildcard what the role
 * needs and no other policy allows (R39, R45, R46). The result allows nothing that the policy does not allow. `known` is the
 * excess that an assessment found; none if it is not known.
 */
export function removeExcess(text: string, known: readonly Grant[], target: NarrowingTarget): Narrowing {
  const document = tryReadDocument(text);
  if (!document) return { kind: "undecided", why: "it is not a policy" };
  const first = listOffending(known);
  const spend = createBudget();
  let statements = document.Statement;
  for (let round = 0; round < maxRounds; round += 1) {
    const current = withStatements(document, statements);
    if (statements.length === 0) return { kind: "nothing" };
    let offending = first;
    // The first comparison is the assessment's.
    if (round > 0 || first.size === 0) {
      const { excess, undecided } = target.compare(current);
      const [reason] = undecided;
      if (reason !== undefined) return { kind: "undecided", why: reason.message };
      if (excess.length === 0) return { kind: "policy", document: current };
      offending = listOffending(excess);
    }
    // In the last round, no statement that allows anything stays.
    const isLast = round === maxRounds - 2;
    statements = statements.flatMap((statement, index): readonly unknown[] => {
      if (!hasEffect(statement, "Allow") || !(isLast || offending.has(index))) return [statement];
      if (isLast) return [];
      const beside = statements.filter((_, other) => !offending.has(other));
      return narrowStatement({ ...document, Statement: beside }, statement, target, spend);
    });
  }
  return { kind: "undecided", why: "its excess could not be separated from the rest" };
}

function listOffending(excess: readonly Pick<Grant, "statements">[]): ReadonlySet<number> {
  return new Set(
    excess.flatMap(({ statements }) =>
      statements.flatMap(({ document, statement }) => (document === 0 ? [statement] : [])),
    ),
  );
}

/** `document` has the statements that stay beside this one. */
function narrowStatement(
  document: PolicyJson,
  statement: Statement,
  target: NarrowingTarget,
  spend: Spend,
): readonly Statement[] {
  const alone = (one: object) => JSON.stringify({ ...document, Statement: [one] });
  const checks = limitChecks((one) => {
    const { excess, undecided } = target.compare(alone(one));
    return excess.length + undecided.length === 0;
  }, maxChecks);
  const [actions, resources] = [listTexts(statement.Action), listTexts(statement.Resource)];
  // Of one action on one resource, nothing is left.
  const kept =
    "NotAction" in statement || "NotResource" in statement || actions.length * resources.length === 1
      ? []
      : narrowPairs(actions, resources, (Action, Resource) => ({ ...statement, Action, Resource }), checks);
  return [...(checks.exhausted() ? [] : kept), ...keepNeeded(document, statement, kept, target, spend)];
}

/** Returns the statements of a policy's needed permissions that no other policy allows: what must stay if it goes. */
export function listNeeded(text: string, target: NarrowingTarget): readonly object[] {
  const document = tryReadDocument(text);
  if (!document) return [];
  const spend = createBudget();
  return document.Statement.filter((statement) => hasEffect(statement, "Allow")).flatMap((statement) =>
    keepNeeded({ ...document, Statement: [] }, statement, [], target, spend),
  );
}

/** Returns the needed permissions that a statement allows and nothing else does, under its conditions. */
function keepNeeded(
  document: PolicyJson,
  statement: Statement,
  kept: readonly Statement[],
  { needed, others }: NarrowingTarget,
  spend: Spend,
): readonly Statement[] {
  const print = (statements: readonly unknown[]) => JSON.stringify({ ...document, Statement: statements });
  const source = print([statement]);
  const rest = (pieces: readonly Statement[]) => [
    ...others,
    print([...document.Statement, ...kept, ...pieces]),
  ];
  return needed.flatMap((text) => {
    const policy = tryReadDocument(text);
    // `${` means another thing in each version of the language.
    if (!policy || (policy.Version !== document.Version && text.includes("${"))) return [];
    const isPiece = (piece: object, bounds: readonly string[], pieces: readonly Statement[]) => {
      const alone = print([piece]);
      return bounds.every((bound) => isWithin(alone, bound)) && !isWithin(alone, rest(pieces));
    };
    const wanted = policy.Statement.filter((one) => hasEffect(one, "Allow")).map((one) => ({
      one,
      ways: intersectStatements(one, statement),
    }));
    // The needed actions and resources themselves, then other words of what both statements allow.
    const checks = limitChecks((piece) => isPiece(piece, [source], []), maxChecks);
    const pieces = wanted.flatMap(({ ways }) =>
      ways.flatMap((way) => (way.isPlain ? narrowTo(way, checks) : [])),
    );
    if (checks.exhausted()) return [];
    for (const { one, ways } of wanted) {
      const alone = JSON.stringify({ ...policy, Statement: [one] });
      for (const way of ways) {
        if (way.isPlain) continue;
        if (!spend() || isWithin(alone, rest(pieces))) break;
        pieces.push(
          ...narrowTo(way, { isExpected: (piece) => spend() && isPiece(piece, [source, text], pieces) }),
        );
      }
    }
    return pieces;
  });
}

function narrowTo(
  { actions, resources, build }: Intersection,
  checks: Pick<Checks, "isExpected">,
): readonly Statement[] {
  return narrowPairs(actions, resources, build, checks);
}

/** Whether policies allow all that a policy allows. What cannot be compared is not within. */
function isWithin(text: string, bounds: string | readonly string[]): boolean {
  const { excess, undecided } = compareTexts(text, bounds, { kind: "identity" });
  return excess.length + undecided.length === 0;
}
