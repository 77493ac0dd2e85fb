import type { Comparison } from "@drift-guard/policy/comparison";
import { matchesAction } from "../evaluate/action-pattern.ts";
import { compareTexts } from "../evaluate/comparison.ts";
import type { Grant } from "../model/grant.ts";
import { type PolicyJson, tryReadDocument } from "../policy-json.ts";
import {
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
      return narrowStatement({ ...document, Statement: beside }, statement, target);
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
  return [...(checks.exhausted() ? [] : kept), ...keepNeeded(document, statement, kept, target)];
}

/** Returns the statements of a policy's needed permissions that no other policy allows: what must stay if it goes. */
export function listNeeded(text: string, target: NarrowingTarget): readonly object[] {
  const document = tryReadDocument(text);
  if (!document) return [];
  return document.Statement.filter((statement) => hasEffect(statement, "Allow")).flatMap((statement) =>
    keepNeeded({ ...document, Statement: [] }, statement, [], target),
  );
}

/** Returns the needed permissions that a statement allows and nothing else does, under its conditions. */
function keepNeeded(
  document: PolicyJson,
  statement: Statement,
  kept: readonly Statement[],
  { needed, others }: NarrowingTarget,
): readonly Statement[] {
  const source = JSON.stringify({ ...document, Statement: [statement] });
  const rest = [...others, JSON.stringify({ ...document, Statement: [...document.Statement, ...kept] })];
  const patterns = listTexts(statement.Action);
  return needed.flatMap((text) => {
    const policy = tryReadDocument(text);
    // `${` means another thing in each version of the language.
    if (!policy || (policy.Version !== document.Version && text.includes("${"))) return [];
    const checks = limitChecks((piece) => {
      const alone = JSON.stringify({ ...document, Statement: [piece] });
      const { excess, undecided } = compareTexts(alone, source, { kind: "identity" });
      if (excess.length + undecided.length > 0) return false;
      return compareTexts(rest, alone, { kind: "identity" }).missing.length > 0;
    }, maxChecks);
    const pieces = policy.Statement.filter((one) => hasEffect(one, "Allow")).flatMap((one) => {
      const conditions = joinConditions(one.Condition, statement.Condition);
      if (conditions === undefined || "NotAction" in one || "NotResource" in one) return [];
      const actions = listTexts(one.Action).filter(
        (action) =>
          "NotAction" in statement ||
          patterns.some((pattern) => matchesAction(pattern, action.replaceAll(/[*?]/g, "x"))),
      );
      return narrowPairs(
        actions,
        listTexts(one.Resource),
        (Action, Resource) => ({ Effect: "Allow", Action, Resource, ...conditions }),
        checks,
      );
    });
    return checks.exhausted() ? [] : pieces;
  });
}

// One value is the same as a list of it, and operators and keys have no order.
function printCondition(condition: unknown): string {
  return JSON.stringify(condition, (_, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.length === 1 ? value[0] : value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function joinConditions(one: unknown, other: unknown): { readonly Condition?: unknown } | undefined {
  if (one === undefined) return other === undefined ? {} : { Condition: other };
  if (other === undefined || printCondition(one) === printCondition(other)) return { Condition: one };
  return undefined;
}
