import { makeCombinationKey, type Remainder } from "../compiled/combination.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import type { Question } from "../compiled/question.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { solveConditions } from "../search/solver.ts";
import { substituteInStatement } from "../search/substitution.ts";
import { BudgetError, type StepBudget } from "../support/step-budget.ts";
import { coversPrincipal } from "../syntax/principal.ts";
import type { Direction } from "./direction.ts";
import { listKnownKeys, listOwnRequests, type OwnAccount } from "./own-requests.ts";
import { findRemainders } from "./remainders.ts";

/** Remainders by what they mean for the own account. */
export interface SplitRemainders {
  /** The own account loses them, or whether it does is not known for another reason than its organisation. */
  readonly lost: readonly Remainder[];
  /** Only others lose them. */
  readonly hardening: readonly Remainder[];
  /** Whether the own account loses them depends on its organisation, which is not known. */
  readonly possible: readonly Remainder[];
}

/**
 * Splits remainders by what the conditions of the right side mean for the own account. A remainder is hardening if it is
 * no remainder once the right side's allows are taken, for each service that meets all their conditions when it acts for
 * the own account, without the conditions on the source (docs/aws-facts.md, "Trust conditions").
 */
export function splitHardening(
  remainders: readonly Remainder[],
  { left, right }: Question,
  { hardening: own, side, settings }: Direction,
): SplitRemainders {
  if (own === undefined || remainders.length === 0) return { lost: remainders, hardening: [], possible: [] };
  const judged = judgePrincipals(right.allows, left.allows, own, settings.profile);
  const split = (list: readonly Remainder[], verdicts: readonly Verdict[]) => {
    const allows = judged.flatMap((each) => withoutHardening(each, verdicts));
    const relaxed = findRemainders({ left, right: { ...right, allows } }, side, settings);
    const lostAnyway = new Set(relaxed.remainders.map(keyOf));
    const isLost = (remainder: Remainder) => relaxed.reasons.length > 0 || lostAnyway.has(keyOf(remainder));
    return [list.filter(isLost), list.filter((remainder) => !isLost(remainder))] as const;
  };
  const has = (verdict: Verdict) => judged.some(({ verdicts }) => verdicts.includes(verdict));
  const [others, hardening] = has("met") ? split(remainders, ["met"]) : [remainders, []];
  const [lost, possible] = has("unknown") ? split(others, ["met", "unknown"]) : [others, []];
  return { lost, hardening, possible };
}

function keyOf({ from, combination }: Remainder): string {
  return `${from.document} ${from.index} ${makeCombinationKey(combination)}`;
}

/** Whether a principal that acts for the own account meets the conditions of a statement. */
type Verdict = "met" | "unknown" | "not-met";

/** A statement with a verdict for each of its principals, in their order. */
interface JudgedStatement {
  readonly statement: CompiledStatement;
  /** Its principals, and the services of the other side that a wildcard among them stands for. */
  readonly entries: readonly PolicyPrincipal[];
  /** Keys of the conditions that are dropped for a principal that meets them. */
  readonly keys: ReadonlySet<string>;
  readonly verdicts: readonly Verdict[];
}

/** Steps for all statements of a side. A trust statement needs a fraction of it. */
const conditionBudget = 50_000;

function judgePrincipals(
  statements: readonly CompiledStatement[],
  others: readonly CompiledStatement[],
  own: OwnAccount,
  profile: KeyProfile,
): readonly JudgedStatement[] {
  const keys = listKnownKeys(own);
  const budget = { left: conditionBudget };
  const services = others.flatMap(({ principals }) => principals?.entries.filter(isNamedService) ?? []);
  return statements.map((statement) => {
    const { principals, conditions } = statement;
    const isConditioned = conditions.some(({ canonical }) => keys.has(canonical.key));
    if (!isConditioned || principals?.negated !== false) {
      return { statement, entries: [], keys, verdicts: [] };
    }
    const wide = principals.entries.filter(({ id }) => id === "*");
    const named = services.filter((service) => wide.some((entry) => coversPrincipal(entry, service)));
    const entries = [...principals.entries, ...named];
    const verdicts = entries.map((entry) => judge(entry, statement, own, profile, budget));
    return { statement, entries, keys, verdicts };
  });
}

function isNamedService({ type, id }: PolicyPrincipal): boolean {
  return type === "Service" && id !== "*";
}

/** Returns `not-met` also for a principal that is no service, and where the steps run out. */
function judge(
  principal: PolicyPrincipal,
  statement: CompiledStatement,
  own: OwnAccount,
  profile: KeyProfile,
  budget: StepBudget,
): Verdict {
  if (!isNamedService(principal)) return "not-met";
  try {
    const used = new Set(statement.conditions.map(({ canonical }) => canonical.key));
    const answers = listOwnRequests(principal, own).map(({ conditions, variables }) => {
      const assumed = {
        ...statement,
        conditions: conditions.filter(({ canonical }) => used.has(canonical.key)),
      };
      const goal = { held: [substituteInStatement(statement, variables), assumed], failed: [] };
      return solveConditions(goal, variables, profile, budget).kind === "solved";
    });
    if (answers.every(Boolean)) return "met";
    return answers.some(Boolean) ? "unknown" : "not-met";
  } catch (error) {
    if (error instanceof BudgetError) return "not-met";
    throw error;
  }
}

/**
 * Returns a statement split in two: for the principals with one of some verdicts, without the conditions that those
 * principals meet, and for the other principals as it is.
 */
function withoutHardening(
  { statement, entries, keys, verdicts }: JudgedStatement,
  accepted: readonly Verdict[],
): readonly CompiledStatement[] {
  const { principals, conditions, line } = statement;
  const meeting = entries.filter((_, index) => accepted.some((one) => one === verdicts[index]));
  if (meeting.length === 0) return [statement];
  const others = principals?.entries.filter((entry) => !meeting.includes(entry)) ?? [];
  return [
    {
      ...statement,
      principals: { negated: false, entries: meeting },
      conditions: conditions.filter(({ canonical }) => !keys.has(canonical.key)),
      line: `${line} without hardening`,
    },
    ...(others.length === 0
      ? []
      : [{ ...statement, principals: { negated: false, entries: others }, line: `${line} for others` }]),
  ];
}
