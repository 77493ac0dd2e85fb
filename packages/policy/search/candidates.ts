import { type Entry, principalRelations } from "../compiled/negated-clause.ts";
import type { Clause } from "../model/document.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { compileText, type Pattern } from "../pattern/pattern.ts";
import { listOverlapping } from "../pattern/pattern-index.ts";
import { sampleArn, sampleText } from "../pattern/sample.ts";
import type { TextGoal } from "../pattern/text-goal.ts";
import { charge, type StepBudget } from "../support/step-budget.ts";
import { coversPrincipal, inventSession, readIdentity } from "../syntax/principal.ts";
import { findKnownTexts } from "./known-texts.ts";
import { makeMask } from "./mask.ts";

/** A clause of a statement, and whether a request shows a difference more easily if the clause selects it. */
export interface ClauseGoal<Selector> {
  /** Undefined where the statement has no such element; it then selects everything. */
  readonly clause: Clause<Selector> | undefined;
  readonly wanted: boolean;
}

/** An action, resource or principal for a request. Bit i of `matched` is set if clause i selects it. */
export interface Candidate<Value> {
  readonly value: Value;
  readonly matched: bigint;
}

// Every action has a service prefix and a name.
const someAction = compileText("?*:?*", "*");

/** Returns actions of an entry among which, for every action of it, one is at least as good. Throws BudgetError. */
export function listActionCandidates(
  { selector, except }: Entry<Pattern>,
  goals: readonly ClauseGoal<Pattern>[],
  budget: StepBudget,
): readonly Candidate<string>[] {
  return selector.text === "*"
    ? listTextCandidates(someAction, except, goals, "anyservice:anyaction", budget)
    : listTextCandidates(selector, except, goals, sampleText(selector, "anything"), budget);
}

/** Returns resources of an entry among which, for every resource of it, one is at least as good. Throws BudgetError. */
export function listResourceCandidates(
  { selector, except }: Entry<Pattern>,
  goals: readonly ClauseGoal<Pattern>[],
  budget: StepBudget,
): readonly Candidate<string>[] {
  return listTextCandidates(selector, except, goals, sampleArn(selector), budget);
}

function listTextCandidates(
  base: Pattern,
  except: readonly Pattern[],
  goals: readonly ClauseGoal<Pattern>[],
  sample: string,
  budget: StepBudget,
): readonly Candidate<string>[] {
  const textGoals = new Map<string, TextGoal & { readonly index: number }>();
  // Of long lists, only a few patterns match a text of the base.
  const nearGoals = goals.map(({ clause, wanted }) => {
    const near = clause ? listOverlapping(clause.entries, base) : [];
    const own = wanted === clause?.negated ? "avoided" : "matched";
    for (const pattern of near) {
      const known = textGoals.get(pattern.text);
      const merged = !known || known.wanted === own ? own : "either";
      textGoals.set(pattern.text, { pattern, wanted: merged, index: known?.index ?? textGoals.size });
    }
    return { clause, near };
  });
  return findKnownTexts(base, except, [...textGoals.values()], sample, budget).map(
    ({ text, matched: owners }) => ({
      value: text,
      matched: makeMask(nearGoals, ({ clause, near }) => {
        const isMatched = near.some(({ text: own }) => owners.has(textGoals.get(own)?.index ?? -1));
        return !clause || isMatched !== clause.negated;
      }),
    }),
  );
}

function makeClauseMask<Selector>(
  goals: readonly ClauseGoal<Selector>[],
  selects: (clause: Clause<Selector>) => boolean,
): bigint {
  return makeMask(goals, ({ clause }) => !clause || selects(clause));
}

/** Returns the candidate of a request without this element: only statements without it match. */
export function makeAbsentCandidate<Selector>(goals: readonly ClauseGoal<Selector>[]): Candidate<undefined> {
  return { value: undefined, matched: makeClauseMask(goals, () => false) };
}

/** Returns one principal of an entry for each set of clauses that can select a principal of it. Throws BudgetError. */
export function listPrincipalCandidates(
  { selector, except }: Entry<PolicyPrincipal>,
  goals: readonly ClauseGoal<PolicyPrincipal>[],
  partition: string,
  budget: StepBudget,
): readonly Candidate<PolicyPrincipal>[] {
  const named = [...goals.flatMap(({ clause }) => clause?.entries ?? []), ...except];
  const principals = [
    ...(selector.id === "*" ? inventPrincipals(selector.type, named, partition) : [selector]),
    ...[selector, ...named].flatMap((principal) => [principal, ...listRelated(principal)]),
  ];
  const candidates = new Map<bigint, Candidate<PolicyPrincipal>>();
  charge(budget, principals.length >> 4);
  for (const value of principals) {
    if (value.id === "*" || !principalRelations.covers(selector, value)) continue;
    charge(budget, 1 + (named.length >> 2));
    if (except.some((excluded) => coversPrincipal(excluded, value))) continue;
    const matched = makeClauseMask(
      goals,
      ({ entries, negated }) => entries.some((entry) => coversPrincipal(entry, value)) !== negated,
    );
    if (!candidates.has(matched)) candidates.set(matched, { value, matched });
  }
  return [...candidates.values()];
}

/** Returns principals that no statement names: of one type, or of each type for AWS, where `*` is everybody. */
function inventPrincipals(
  wantedType: PolicyPrincipal["type"],
  named: readonly PolicyPrincipal[],
  partition: string,
): readonly PolicyPrincipal[] {
  const accounts = new Set(named.flatMap(({ id }) => id.match(/\d{12}/g) ?? []));
  let account = 999_999_999_999;
  while (accounts.has(String(account))) account--;
  const others = new Set(named.flatMap(({ id }) => id.match(/other\d*/g) ?? []));
  let other = "other";
  for (let count = 1; others.has(other); count++) other = `other${count}`;
  const invented: readonly PolicyPrincipal[] = [
    { type: "AWS", id: `arn:${partition}:iam::${account}:root` },
    { type: "Service", id: `${other}.amazonaws.com` },
    { type: "Federated", id: `${other}.example.com` },
    { type: "CanonicalUser", id: other },
  ];
  return invented.filter(({ type }) => wantedType === "AWS" || type === wantedType);
}

/** Returns the account of a principal and a session of a role: a clause can select these without the principal. */
function listRelated(principal: PolicyPrincipal): readonly PolicyPrincipal[] {
  const identity = readIdentity(principal);
  if (!identity) return [];
  const root = `arn:${identity.partition ?? "aws"}:iam::${identity.account}:root`;
  return [{ ...principal, id: root }, inventSession(principal) ?? []].flat();
}
