import type { Comparison } from "@drift-guard/policy/comparison";
import type { Organization } from "../config/organization.ts";
import { compareTexts } from "../evaluate/comparison.ts";
import { compareTrust, trustOptions } from "../evaluate/trust.ts";
import type { Role } from "../model/role.ts";
import { type PolicyJson, tryReadDocument } from "../policy-json.ts";
import {
  type Checks,
  hasEffect,
  limitChecks,
  listTexts,
  narrowPairs,
  type Statement,
  withStatements,
} from "./narrowing.ts";

/** Which differences of a trust policy are repaired. */
export interface TrustChoice {
  /** Remove what the reference does not allow. */
  readonly remove: boolean;
  /** Add what the reference allows and the live trust policy does not. */
  readonly add: boolean;
  /** Remove Denies that block what the reference allows. One that hardens the trust stays in any case. */
  readonly dropDenies: boolean;
}

/** A trust policy to write. */
export interface TrustRepair {
  readonly document: string;
  /**
   * Whether it lacks a condition on an organisation that the live one has, of which it is not known whether it hardens the
   * trust.
   */
  readonly dropsCondition: boolean;
}

type Compare = (candidate: string, reference: string) => Comparison;

/** How the trust policies of a role are compared. */
interface TrustComparison {
  readonly compare: Compare;
  /** Without the added Denies that only harden. */
  readonly compareHardened: Compare;
}

/**
 * Returns the trust policy to write: the live one without its excess principals and actions, and with the principals and
 * actions that it lacks, so that its conditions and Denies stay (2.10). Where that does not repair it, and both sides may be
 * repaired, the reference's (R9), with the live Denies unless they may go. Undefined if no trust policy repairs the chosen
 * side alone.
 */
export function repairTrust(
  role: Role,
  expected: string,
  choice: TrustChoice,
  organization?: Organization,
): TrustRepair | undefined {
  const options = trustOptions(role, organization);
  const by: TrustComparison = {
    compare: (candidate, reference) => compareTexts(candidate, reference, options),
    compareHardened: (candidate, reference) => compareTrust(candidate, reference, options),
  };
  const kept = listKeepingRepairs(role.trust, expected, choice, by).find((document) =>
    isRepaired(document, role.trust, expected, choice, by),
  );
  if (kept !== undefined) return { document: kept, dropsCondition: false };
  if (!choice.remove || !choice.add) return undefined;
  const [live, reference] = [tryReadDocument(role.trust), tryReadDocument(expected)];
  const denies = live?.Statement.filter((statement) => hasEffect(statement, "Deny")) ?? [];
  const document =
    choice.dropDenies || denies.length === 0 || !reference
      ? expected
      : withStatements(reference, [...reference.Statement, ...denies]);
  const { possibleHardening } = by.compare(role.trust, expected);
  return { document, dropsCondition: possibleHardening.length > 0 };
}

/** Returns the live trust policy with what it lacks of the reference: for a trust that is compared as a floor. */
export function addStatements(role: Role, expected: string, organization?: Organization): string {
  const repair = repairTrust(role, expected, { remove: false, add: true, dropDenies: false }, organization);
  if (repair) return repair.document;
  const [live, reference] = [tryReadDocument(role.trust), tryReadDocument(expected)];
  return live && reference ? withStatements(live, [...live.Statement, ...reference.Statement]) : expected;
}

/** Returns trust policies that keep the live statements, the one that changes least first. */
function listKeepingRepairs(
  text: string,
  expected: string,
  { remove, add, dropDenies }: TrustChoice,
  by: TrustComparison,
): readonly string[] {
  const unblocked = dropDenies ? removeDenies(text, expected, by.compareHardened) : text;
  const base = remove ? removeExcess(unblocked, expected, by.compare) : unblocked;
  if (base === undefined) return [];
  const document = tryReadDocument(base);
  if (!document) return [];
  const guarded = remove ? addDenies(document, expected, by.compare) : base;
  return [guarded, ...(add ? [addMissing(guarded, expected, by.compareHardened)] : [])].filter((candidate) =>
    tryReadDocument(candidate)?.Statement.some((statement) => hasEffect(statement, "Allow")),
  );
}

function isRepaired(
  document: string,
  live: string,
  expected: string,
  { remove, add, dropDenies }: TrustChoice,
  { compare, compareHardened }: TrustComparison,
): boolean {
  const { relation, excess, missing, undecided, deniesAdded, deniesRemoved } = compareHardened(
    document,
    expected,
  );
  if (relation === "undecided" || undecided.length > 0) return false;
  if (remove && excess.length + deniesRemoved.length > 0) return false;
  if (add && missing.length + (dropDenies ? deniesAdded.length : 0) > 0) return false;
  // Without Denies and without excess, nothing of the live trust may be lost or gained besides.
  return add || dropDenies || grantsNothing(compare(document, live));
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
  const [document, reference] = [tryReadDocument(text), tryReadDocument(expected)];
  if (!document || !reference || document.Statement.length > maxChecks) return text;
  const blocks = (statement: unknown) => {
    const beside = JSON.stringify({ ...document, Statement: [...reference.Statement, statement] });
    const { missing, deniesAdded } = compare(beside, expected);
    return missing.length + deniesAdded.length > 0;
  };
  const Statement = document.Statement.filter(
    (statement) => hasEffect(statement, "Allow") || !blocks(statement),
  );
  return JSON.stringify({ ...document, Statement });
}

/**
 * Returns a trust policy without the principals and actions of its Allow statements that the reference does not allow under
 * the statement's conditions. Undefined if it cannot be read, or if that takes too many comparisons.
 */
function removeExcess(text: string, expected: string, compare: Compare): string | undefined {
  const [document, reference] = [tryReadDocument(text), tryReadDocument(expected)];
  if (!document || !reference) return undefined;
  const usual = reference.Statement.filter((statement) => hasEffect(statement, "Allow"));
  const checks = limitChecks((statement) => {
    const { excess, undecided } = compare(JSON.stringify({ ...document, Statement: [statement] }), expected);
    return excess.length + undecided.length === 0;
  }, maxChecks);
  const statements = document.Statement.flatMap((statement): readonly unknown[] =>
    hasEffect(statement, "Allow") && !checks.isExpected(statement)
      ? narrowStatement(statement, usual, checks)
      : [statement],
  );
  return checks.exhausted() ? undefined : withStatements(document, statements);
}

/** Returns a statement with those of its principals and actions that are expected; nothing if there are none. */
function narrowStatement(
  statement: Statement,
  usual: readonly Statement[],
  checks: Checks,
): readonly Statement[] {
  // What a wildcard stands for: the principals and actions of the reference.
  const principals = listPrincipals(statement).flatMap((principal) =>
    principal.id === "*" ? usual.flatMap(listPrincipals) : [principal],
  );
  const actions = listTexts(statement.Action).flatMap((action) =>
    /[*?]/.test(action) ? usual.flatMap((one) => listTexts(one.Action)) : [action],
  );
  return narrowPairs(principals, actions, (some, Action) => rebuild(statement, some, Action), checks);
}

function rebuild(statement: Statement, some: readonly Principal[], Action: readonly string[]): Statement {
  return { ...statement, Principal: groupPrincipals(some), Action };
}

// A Deny of the reference that is gone lets in whom it keeps out.
function addDenies(document: PolicyJson, expected: string, compare: Compare): string {
  const text = JSON.stringify(document);
  const reference = tryReadDocument(expected);
  if (!reference || compare(text, expected).deniesRemoved.length === 0) return text;
  const denies = reference.Statement.filter((statement) => hasEffect(statement, "Deny"));
  return withStatements(document, [...document.Statement, ...denies]);
}

/** Returns a trust policy with the principals and actions of the reference's statements that it does not allow. */
function addMissing(text: string, expected: string, compare: Compare): string {
  const [document, reference] = [tryReadDocument(text), tryReadDocument(expected)];
  if (!document || !reference) return text;
  const isMissing = limitChecks((statement) => {
    const alone = JSON.stringify({ ...reference, Statement: [statement] });
    return compare(text, alone).missing.length > 0;
  }, maxChecks);
  const missing = reference.Statement.filter((statement) => hasEffect(statement, "Allow")).flatMap(
    (statement) =>
      isMissing.isExpected(statement)
        ? narrowPairs(
            listPrincipals(statement),
            listTexts(statement.Action),
            (some, Action) => rebuild(statement, some, Action),
            isMissing,
          )
        : [],
  );
  return withStatements(document, [...document.Statement, ...missing]);
}

interface Principal {
  readonly type: string;
  readonly id: string;
}

function listPrincipals({ Principal }: Statement): readonly Principal[] {
  if (Principal === "*") return [{ type: "AWS", id: "*" }];
  if (typeof Principal !== "object" || Principal === null) return [];
  return Object.entries(Principal).flatMap(([type, ids]) => listTexts(ids).map((id) => ({ type, id })));
}

function groupPrincipals(principals: readonly Principal[]): Readonly<Record<string, readonly string[]>> {
  const byType = Map.groupBy(principals, ({ type }) => type);
  return Object.fromEntries(
    [...byType].map(([type, some]) => [type, [...new Set(some.map(({ id }) => id))]]),
  );
}
