import { type Entry, principalRelations } from "../compiled/entry.ts";
import type { Clause } from "../model/document.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { findTexts } from "../pattern/find-texts.ts";
import { compileText, type Pattern } from "../pattern/pattern.ts";
import { sampleArn, sampleText } from "../pattern/sample.ts";
import type { TextGoal } from "../pattern/text-goal.ts";
import { charge, type StepBudget } from "../support/budget.ts";
import { coversPrincipal, nameSession, readIdentity } from "../syntax/principal.ts";

/** A statement that can bear on a cell, and whether a difference is likelier where it reaches. */
export interface Bearing<Selector> {
  readonly clause: Clause<Selector> | undefined;
  readonly wanted: boolean;
}

/** One value of a dimension, and which statements reach it, bit by bit. */
export interface Reach<Value> {
  readonly value: Value;
  readonly reached: bigint;
}

// An action is a service and a name.
const someAction = compileText("?*:?*", "*");

/** The best actions of an entry: whatever difference any action shows, one of these shows. @throws BudgetError */
export function reachActions(
  { selector, except }: Entry<Pattern>,
  bearings: readonly Bearing<Pattern>[],
  budget: StepBudget,
): readonly Reach<string>[] {
  const base = selector.text === "*" ? someAction : selector;
  const sketch = selector.text === "*" ? "anyservice:anyaction" : sampleText(base, "anything");
  return reachPatterns(base, except, bearings, [sketch], budget);
}

/** The best resources of an entry: whatever difference any resource shows, one of these shows. @throws BudgetError */
export function reachResources(
  { selector, except }: Entry<Pattern>,
  bearings: readonly Bearing<Pattern>[],
  budget: StepBudget,
): readonly Reach<string>[] {
  return reachPatterns(selector, except, bearings, [sampleArn(selector)], budget);
}

function reachPatterns(
  base: Pattern,
  except: readonly Pattern[],
  bearings: readonly Bearing<Pattern>[],
  sketches: readonly string[],
  budget: StepBudget,
): readonly Reach<string>[] {
  const aims = new Map<string, TextGoal & { readonly index: number }>();
  for (const { clause, wanted } of bearings) {
    if (clause === undefined) continue;
    const sought = wanted === clause.negated ? "avoided" : "matched";
    for (const pattern of clause.entries) {
      const known = aims.get(pattern.text);
      const joint = known === undefined || known.wanted === sought ? sought : "either";
      aims.set(pattern.text, { pattern, wanted: joint, index: known?.index ?? aims.size });
    }
  }
  return findTexts(base, except, [...aims.values()], sketches, budget).map(({ text, matched }) => ({
    value: text,
    reached: readReached(bearings, ({ entries, negated }) => {
      const isMatched = entries.some((pattern) => matched.has(aims.get(pattern.text)?.index ?? -1));
      return isMatched !== negated;
    }),
  }));
}

function readReached<Selector>(
  bearings: readonly Bearing<Selector>[],
  selects: (clause: Clause<Selector>) => boolean,
): bigint {
  return bearings.reduce(
    (mask, { clause }, index) =>
      clause === undefined || selects(clause) ? mask | (1n << BigInt(index)) : mask,
    0n,
  );
}

/** A request that lacks a dimension: only statements without that dimension reach it. */
export function reachNone<Selector>(bearings: readonly Bearing<Selector>[]): Reach<undefined> {
  return { value: undefined, reached: readReached(bearings, () => false) };
}

/** Principals of an entry, one for each way in which the statements can tell principals apart. @throws BudgetError */
export function reachPrincipals(
  { selector, except }: Entry<PolicyPrincipal>,
  bearings: readonly Bearing<PolicyPrincipal>[],
  partition: string,
  budget: StepBudget,
): readonly Reach<PolicyPrincipal>[] {
  const named = [...bearings.flatMap(({ clause }) => clause?.entries ?? []), ...except];
  const candidates = [
    ...(selector.id === "*"
      ? inventPrincipals(selector.type === "AWS", selector.type, named, partition)
      : [selector]),
    ...[selector, ...named].flatMap((principal) => [principal, ...listKin(principal)]),
  ];
  const reaches = new Map<bigint, Reach<PolicyPrincipal>>();
  charge(budget, candidates.length >> 4);
  for (const value of candidates) {
    if (value.id === "*" || !principalRelations.covers(selector, value)) continue;
    charge(budget, 1 + (named.length >> 2));
    if (except.some((excluded) => coversPrincipal(excluded, value))) continue;
    const reached = readReached(
      bearings,
      ({ entries, negated }) => entries.some((entry) => coversPrincipal(entry, value)) !== negated,
    );
    if (!reaches.has(reached)) reaches.set(reached, { value, reached });
  }
  return [...reaches.values()];
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
