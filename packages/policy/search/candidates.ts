import { type Entry, principalRelations } from "../compiled/entry.ts";
import type { Clause } from "../model/document.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { findTexts } from "../pattern/find-texts.ts";
import { compileText, type Pattern } from "../pattern/pattern.ts";
import { sampleArn, sampleText } from "../pattern/sample.ts";
import type { TextGoal } from "../pattern/text-goal.ts";
import { charge, type StepBudget } from "../support/step-budget.ts";
import { coversPrincipal, nameSession, readIdentity } from "../syntax/principal.ts";

/** A statement that can bear on a combination, and whether a difference is likelier where it matches. */
export interface ClauseGoal<Selector> {
  readonly clause: Clause<Selector> | undefined;
  readonly wanted: boolean;
}

/** One value of a dimension, and which statements reach it, bit by bit. */
export interface Candidate<Value> {
  readonly value: Value;
  readonly matched: bigint;
}

// An action is a service and a name.
const someAction = compileText("?*:?*", "*");

/** The best actions of an entry: whatever difference any action shows, one of these shows. @throws BudgetError */
export function listActionCandidates(
  { selector, except }: Entry<Pattern>,
  goals: readonly ClauseGoal<Pattern>[],
  budget: StepBudget,
): readonly Candidate<string>[] {
  const base = selector.text === "*" ? someAction : selector;
  const sketch = selector.text === "*" ? "anyservice:anyaction" : sampleText(base, "anything");
  return reachPatterns(base, except, goals, [sketch], budget);
}

/** The best resources of an entry: whatever difference any resource shows, one of these shows. @throws BudgetError */
export function listResourceCandidates(
  { selector, except }: Entry<Pattern>,
  goals: readonly ClauseGoal<Pattern>[],
  budget: StepBudget,
): readonly Candidate<string>[] {
  return reachPatterns(selector, except, goals, [sampleArn(selector)], budget);
}

function reachPatterns(
  base: Pattern,
  except: readonly Pattern[],
  goals: readonly ClauseGoal<Pattern>[],
  sketches: readonly string[],
  budget: StepBudget,
): readonly Candidate<string>[] {
  const aims = new Map<string, TextGoal & { readonly index: number }>();
  for (const { clause, wanted } of goals) {
    if (clause === undefined) continue;
    const sought = wanted === clause.negated ? "avoided" : "matched";
    for (const pattern of clause.entries) {
      const known = aims.get(pattern.text);
      const joint = known === undefined || known.wanted === sought ? sought : "either";
      aims.set(pattern.text, { pattern, wanted: joint, index: known?.index ?? aims.size });
    }
  }
  return findTexts(base, except, [...aims.values()], sketches, budget).map(({ text, matched: owners }) => ({
    value: text,
    matched: readMatched(goals, ({ entries, negated }) => {
      const isMatched = entries.some((pattern) => owners.has(aims.get(pattern.text)?.index ?? -1));
      return isMatched !== negated;
    }),
  }));
}

function readMatched<Selector>(
  goals: readonly ClauseGoal<Selector>[],
  selects: (clause: Clause<Selector>) => boolean,
): bigint {
  return goals.reduce(
    (mask, { clause }, index) =>
      clause === undefined || selects(clause) ? mask | (1n << BigInt(index)) : mask,
    0n,
  );
}

/** A request that lacks a dimension: only statements without that dimension reach it. */
export function makeAbsentCandidate<Selector>(goals: readonly ClauseGoal<Selector>[]): Candidate<undefined> {
  return { value: undefined, matched: readMatched(goals, () => false) };
}

/** Principals of an entry, one for each way in which the statements can tell principals apart. @throws BudgetError */
export function listPrincipalCandidates(
  { selector, except }: Entry<PolicyPrincipal>,
  goals: readonly ClauseGoal<PolicyPrincipal>[],
  partition: string,
  budget: StepBudget,
): readonly Candidate<PolicyPrincipal>[] {
  const named = [...goals.flatMap(({ clause }) => clause?.entries ?? []), ...except];
  const principals = [
    ...(selector.id === "*"
      ? inventPrincipals(selector.type === "AWS", selector.type, named, partition)
      : [selector]),
    ...[selector, ...named].flatMap((principal) => [principal, ...listKin(principal)]),
  ];
  const candidates = new Map<bigint, Candidate<PolicyPrincipal>>();
  charge(budget, principals.length >> 4);
  for (const value of principals) {
    if (value.id === "*" || !principalRelations.covers(selector, value)) continue;
    charge(budget, 1 + (named.length >> 2));
    if (except.some((excluded) => coversPrincipal(excluded, value))) continue;
    const matched = readMatched(
      goals,
      ({ entries, negated }) => entries.some((entry) => coversPrincipal(entry, value)) !== negated,
    );
    if (!candidates.has(matched)) candidates.set(matched, { value, matched });
  }
  return [...candidates.values()];
}

/** Principals that nobody named, of one type or of all. */
function inventPrincipals(
  ofAll: boolean,
  only: PolicyPrincipal["type"],
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
  return invented.filter(({ type }) => ofAll || type === only);
}

/** The account of a principal, which has other principals too, and a session of a role, which has others too. */
function listKin(principal: PolicyPrincipal): readonly PolicyPrincipal[] {
  const { type, id } = principal;
  const identity = type === "AWS" ? readIdentity(id) : undefined;
  if (identity === undefined) return [];
  const root = `arn:${identity.partition ?? "aws"}:iam::${identity.account}:root`;
  return [{ type, id: root }, nameSession(principal) ?? []].flat();
}
