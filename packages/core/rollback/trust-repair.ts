import type { Comparison } from "@drift-guard/policy/comparison";
import type { Organization } from "../config/organization.ts";
import { compareTexts } from "../evaluate/comparison.ts";
import { compareTrust, trustOptions } from "../evaluate/trust.ts";
import type { Drift } from "../model/evidence.ts";
import type { Role } from "../model/role.ts";
import { joinDocuments, type PolicyJson, readDocument } from "../policy-json.ts";

/** A trust policy to write. */
export interface TrustRepair {
  readonly document: string;
  /** Whether it trusts anyone whom the live one does not: restoring needs the owner's permission. */
  readonly restores: boolean;
  /**
   * Whether it lacks a condition on an organisation that the live one has, of which it is not known whether it hardens the
   * trust.
   */
  readonly dropsCondition: boolean;
}

/**
 * Returns the trust policy to write: the live one without its excess principals and actions and, where something is missing,
 * without the Denies that block it, if that removes all drift, so that hardening stays (2.10); else the reference's (R9).
 * `drifts` holds every drift of the trust policy.
 */
export function repairTrust(
  role: Role,
  expected: string,
  drifts: readonly Drift[],
  organization?: Organization,
): TrustRepair {
  const options = trustOptions(role, organization);
  const compare: Compare = (candidate, reference) => compareTexts(candidate, reference, options);
  const compareHardened: Compare = (candidate, reference) => compareTrust(candidate, reference, options);
  const isOnlyExcess = drifts.every(({ side }) => side === "excess");
  const unblocked = isOnlyExcess ? role.trust : removeDenies(role.trust, expected, compareHardened);
  const kept = drifts.length === 0 ? undefined : removeExcess(unblocked, expected, compare);
  if (kept !== undefined && isClean(compareHardened(kept, expected))) {
    const restores = !grantsNothing(compare(kept, role.trust));
    if (!restores || !isOnlyExcess) return { document: kept, restores, dropsCondition: false };
  }
  const { relation, missing, hardening, possibleHardening, deniesAdded } = compare(role.trust, expected);
  const given = [missing, hardening, possibleHardening, deniesAdded].flat().length;
  return {
    document: expected,
    restores: given > 0 || relation === "undecided",
    dropsCondition: possibleHardening.length > 0,
  };
}

/** Returns the live trust policy with the reference's statements added: for a trust that is compared as a floor. */
export function addStatements(live: string, expected: string): TrustRepair {
  return { document: joinDocuments([live, expected]), restores: true, dropsCondition: false };
}

type Compare = (candidate: string, reference: string) => Comparison;

function isClean({ relation, excess, missing, undecided, deniesAdded, deniesRemoved }: Comparison): boolean {
  const differences = [excess, missing, undecided, deniesAdded, deniesRemoved];
  return relation !== "undecided" && differences.flat().length === 0;
}

function grantsNothing({ relation, excess, deniesRemoved }: Comparison): boolean {
  return relation !== "undecided" && excess.length + deniesRemoved.length === 0;
}

// IAM takes a trust policy of 4,096 characters. One made to be hard is replaced whole.
const maxChecks = 300;

/**
 * Returns a trust policy without the Denies that block a request which the reference allows; the text as it is if it cannot
 * be read, or if that takes too many comparisons. A Deny that hardens the trust stays.
 */
function removeDenies(text: string, expected: string, compare: Compare): string {
  const [document, reference] = [tryRead(text), tryRead(expected)];
  if (!document || !reference || document.Statement.length > maxChecks) return text;
  const blocks = (statement: unknown) => {
    const beside = JSON.stringify({ ...document, Statement: [...reference.Statement, statement] });
    const { missing, deniesAdded } = compare(beside, expected);
    return missing.length + deniesAdded.length > 0;
  };
  const Statement = document.Statement.filter((statement) => isAllow(statement) || !blocks(statement));
  return JSON.stringify({ ...document, Statement });
}

/**
 * Returns a trust policy without the principals and actions of its Allow statements that the reference does not allow under
 * the statement's conditions. Undefined if nothing is left, or if that takes too many comparisons.
 */
function removeExcess(text: string, expected: string, compare: Compare): string | undefined {
  const [document, reference] = [tryRead(text), tryRead(expected)];
  if (!document || !reference) return undefined;
  const usual = reference.Statement.filter(isAllow);
  let checks = 0;
  const isExpected = (statement: object): boolean => {
    checks += 1;
    if (checks > maxChecks) return false;
    const alone = JSON.stringify({ ...document, Statement: [statement] });
    const { excess, undecided } = compare(alone, expected);
    return excess.length + undecided.length === 0;
  };
  const statements = document.Statement.flatMap((statement) =>
    isAllow(statement) && !isExpected(statement)
      ? narrowStatement(statement, usual, isExpected)
      : [statement],
  );
  if (checks > maxChecks || statements.length === 0) return undefined;
  return JSON.stringify({ ...document, Statement: statements });
}

/** Returns a statement with those of its principals and actions that are expected; nothing if there are none. */
function narrowStatement(
  statement: AllowStatement,
  usual: readonly AllowStatement[],
  isExpected: (statement: object) => boolean,
): readonly object[] {
  // What a wildcard stands for: the principals and actions of the reference.
  const principals = listPrincipals(statement).flatMap((principal) =>
    principal.id === "*" ? usual.flatMap(listPrincipals) : [principal],
  );
  const actions = listActions(statement).flatMap((action) =>
    /[*?]/.test(action) ? usual.flatMap(listActions) : [action],
  );
  const narrow = (some: readonly Principal[], Action: readonly string[]) => ({
    ...statement,
    Principal: groupPrincipals(some),
    Action,
  });
  const allowed = principals.filter(
    (principal) =>
      isExpected(narrow([principal], actions)) ||
      (actions.length > 1 && actions.some((action) => isExpected(narrow([principal], [action])))),
  );
  if (allowed.length === 0) return [];
  const common = actions.filter((action) => isExpected(narrow(allowed, [action])));
  return common.length === 0 ? [] : [narrow(allowed, common)];
}

interface AllowStatement {
  readonly Effect: "Allow";
  readonly Principal?: unknown;
  readonly Action?: unknown;
}

interface Principal {
  readonly type: string;
  readonly id: string;
}

function isAllow(statement: unknown): statement is AllowStatement {
  return (
    typeof statement === "object" &&
    statement !== null &&
    "Effect" in statement &&
    statement.Effect === "Allow"
  );
}

function listPrincipals({ Principal }: AllowStatement): readonly Principal[] {
  if (Principal === "*") return [{ type: "AWS", id: "*" }];
  if (typeof Principal !== "object" || Principal === null) return [];
  return Object.entries(Principal).flatMap(([type, ids]) => listTexts(ids).map((id) => ({ type, id })));
}

function listActions({ Action }: AllowStatement): readonly string[] {
  return listTexts(Action);
}

function listTexts(value: unknown): readonly string[] {
  return [value].flat().filter((text) => typeof text === "string");
}

function groupPrincipals(principals: readonly Principal[]): Readonly<Record<string, readonly string[]>> {
  const byType = Map.groupBy(principals, ({ type }) => type);
  return Object.fromEntries(
    [...byType].map(([type, some]) => [type, [...new Set(some.map(({ id }) => id))]]),
  );
}

function tryRead(text: string): PolicyJson | undefined {
  try {
    return readDocument(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
