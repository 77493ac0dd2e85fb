import { makeCombinationKey, type Remainder } from "../compiled/combination.ts";
import type { CompiledCondition } from "../compiled/condition.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import { missesEntry, principalRelations } from "../compiled/negated-clause.ts";
import type { Question, SideStatements } from "../compiled/question.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { solveConditions } from "../search/solver.ts";
import { substituteInStatement } from "../search/substitution.ts";
import { BudgetError } from "../support/step-budget.ts";
import { coversPrincipal } from "../syntax/principal.ts";
import type { Direction } from "./direction.ts";
import { listKnownKeys, listOwnRequests, type OwnAccount, type OwnRequests } from "./own-requests.ts";
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
 * no remainder once the right side's conditions on the source are dropped, for each service that passes them when it acts
 * for the own account: those of Allows that it meets, and those of Denies that it escapes (docs/aws-facts.md, "Trust
 * conditions").
 */
export function splitHardening(
  remainders: readonly Remainder[],
  { left, right }: Question,
  { hardening: own, side, settings }: Direction,
): SplitRemainders {
  const judge = own && createJudge(own, settings.profile);
  if (!judge || ![...right.allows, ...right.denies].some(judge.isConditioned)) {
    return { lost: remainders, hardening: [], possible: [] };
  }
  const services = left.allows.flatMap(({ principals }) => principals?.entries.filter(isNamedService) ?? []);
  const split = (list: readonly Remainder[], accepted: Accepted) => {
    if (list.length === 0) return [list, []] as const;
    const { relaxed, isHeld } = relax(right, services, judge, accepted);
    const { remainders: rest, reasons } = findRemainders({ left, right: relaxed }, side, settings);
    const lostAnyway = new Set(rest.map(keyOf));
    const isLost = (remainder: Remainder) =>
      reasons.length > 0 || lostAnyway.has(keyOf(remainder)) || isHeld(remainder);
    return [list.filter(isLost), list.filter((remainder) => !isLost(remainder))] as const;
  };
  const [others, hardening] = split(remainders, "certainly");
  const [lost, possible] = split(others, "possibly");
  return { lost, hardening, possible };
}

function keyOf({ from, combination }: Remainder): string {
  return `${from.document} ${from.index} ${makeCombinationKey(combination)}`;
}

/** Whether a service must pass in every case that the options leave open, or in one of them. */
type Accepted = "certainly" | "possibly";

/** Judges the statements of a side by what is known of the requests of services for the own account. */
interface Judge {
  /**
   * Whether a principal can make a request that meets the conditions of an Allow and not those of some Denies. False also
   * for a principal that is no service, and where the steps run out.
   */
  passes(
    principal: PolicyPrincipal,
    allow: CompiledStatement,
    denies: readonly CompiledStatement[],
    accepted: Accepted,
  ): boolean;
  /** Whether the values of a condition's key are known: it is dropped for a principal that passes. */
  isKnown(condition: CompiledCondition): boolean;
  /** Whether a statement has such a condition. */
  isConditioned(statement: CompiledStatement): boolean;
}

/** Steps for all statements of a side. A trust statement needs a fraction of it. */
const conditionBudget = 50_000;
/** Trust policies have a few Denies. If there are more, none of them is hardening. */
const maxDenies = 20;

function createJudge(own: OwnAccount, profile: KeyProfile): Judge {
  const keys = listKnownKeys(own);
  const budget = { left: conditionBudget };
  const isKnown = ({ canonical }: CompiledCondition) => keys.has(canonical.key);
  const passes: Judge["passes"] = (principal, allow, denies, accepted) => {
    if (!isNamedService(principal)) return false;
    // A Deny is escaped by what is known of the request, never by a value of another key.
    const failed = denies.map((deny) => ({ ...deny, conditions: deny.conditions.filter(isKnown) }));
    const used = new Set(
      [allow, ...failed].flatMap(({ conditions }) => conditions.map(({ canonical }) => canonical.key)),
    );
    const solves = ({ conditions, variables }: OwnRequests) => {
      const assumed = {
        ...allow,
        conditions: conditions.filter(({ canonical }) => used.has(canonical.key)),
      };
      const substitute = (statement: CompiledStatement) => substituteInStatement(statement, variables);
      const goal = { held: [substitute(allow), assumed], failed: failed.map(substitute) };
      return solveConditions(goal, variables, profile, budget).kind === "solved";
    };
    try {
      const requests = listOwnRequests(principal, own);
      return accepted === "certainly" ? requests.every(solves) : requests.some(solves);
    } catch (error) {
      if (error instanceof BudgetError) return false;
      throw error;
    }
  };
  return { passes, isKnown, isConditioned: ({ conditions }) => conditions.some(isKnown) };
}

function isNamedService({ type, id }: PolicyPrincipal): boolean {
  return type === "Service" && id !== "*";
}

/** A side without what only hardens it. */
interface RelaxedSide {
  readonly relaxed: SideStatements;
  /** Whether a remainder is of a principal that does not escape the Denies which `relaxed` lacks. */
  isHeld(remainder: Remainder): boolean;
}

/**
 * Drops the conditions of Allows for each service that meets them, and the Denies that services escape. `services` are
 * those of the other side; a wildcard stands for them.
 */
function relax(
  { allows, denies }: SideStatements,
  services: readonly PolicyPrincipal[],
  { passes, isKnown, isConditioned }: Judge,
  accepted: Accepted,
): RelaxedSide {
  const conditioned = denies.filter(isConditioned);
  const dropped = conditioned.length > maxDenies ? [] : conditioned;
  const escaping = new Set<string>();
  const held = new Set<string>();
  const relaxed = allows.flatMap((allow) => {
    const { principals, conditions, line } = allow;
    if (principals?.negated !== false) return [allow];
    const wide = principals.entries.filter(({ id }) => id === "*");
    const named = services.filter((service) => wide.some((entry) => coversPrincipal(entry, service)));
    const passing = [...principals.entries, ...named].filter((entry) => {
      const matching = dropped.filter(
        (deny) => !missesEntry(deny.principals, { selector: entry, except: [] }, principalRelations),
      );
      (passes(entry, allow, matching, accepted) ? escaping : held).add(entry.id);
      return passes(entry, allow, [], accepted);
    });
    if (passing.length === 0 || !isConditioned(allow)) return [allow];
    const others = principals.entries.filter((entry) => !passing.includes(entry));
    return [
      {
        ...allow,
        principals: { negated: false, entries: passing },
        conditions: conditions.filter((condition) => !isKnown(condition)),
        line: `${line} without hardening`,
      },
      { ...allow, principals: { negated: false, entries: others }, line: `${line} for others` },
    ];
  });
  return {
    relaxed: { allows: relaxed, denies: denies.filter((deny) => !dropped.includes(deny)) },
    isHeld({ combination: { principal } }) {
      const id = principal?.selector.id ?? "";
      return dropped.length > 0 && (!escaping.has(id) || held.has(id));
    },
  };
}
