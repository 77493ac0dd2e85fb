import { comparePolicies } from "@drift-guard/policy/compare";
import { createMemo } from "../memo.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Exception } from "../model/exception.ts";
import type { Grant } from "../model/grant.ts";
import { digestEvidence, serialiseGrants } from "../model/identity.ts";
import { type Instant, isBefore } from "../model/instant.ts";
import { isOnPath } from "./escalation.ts";
import { saysMore, withoutPaths } from "./remarks.ts";

/** The exceptions that may cover a finding, and the time at which they must hold. */
interface CoverageInput {
  readonly exceptions: readonly Exception[];
  readonly now: Instant;
}

/** What identifies the evidence that an exception may cover. */
interface CoveredFinding {
  readonly id: string;
  readonly evidence: Evidence;
}

/** Whether exceptions in force cover all of a finding's evidence: none of it is left by `leaveUncovered`. */
export function isExcepted(finding: CoveredFinding, input: CoverageInput): boolean {
  return leaveUncovered(finding, input) === undefined;
}

/**
 * Returns the exception that covers a finding: one that covers all of its evidence, else the first of those that cover it
 * together. Undefined if a part of the evidence is not covered.
 */
export function findException(finding: CoveredFinding, input: CoverageInput): Exception | undefined {
  const own = listInForce(finding, input);
  if (own.length === 0 || !isExcepted(finding, input)) return undefined;
  return own.find((exception) => isExcepted(finding, { ...input, exceptions: [exception] })) ?? own[0];
}

/**
 * Returns the evidence of a finding that no exception in force covers: the same object if none covers any of it, undefined
 * if all of it is covered, else the drift without the covered grants and Denies, and with `covered`. An exception without
 * grants covers exactly the evidence with its digest. Grants are covered by meaning: a request that no exception contains
 * is left. Denies are covered only word for word, and so is a grant that is partly a difference. A detail is covered unless it
 * says more than the accepted one (`saysMore`). What is left names paths of privilege escalation only if it is on one. A pure
 * function.
 */
export function leaveUncovered(finding: CoveredFinding, input: CoverageInput): Evidence | undefined {
  const { evidence } = finding;
  const own = listInForce(finding, input);
  if (own.length === 0) return evidence;
  const digest = digestEvidence(evidence);
  if (own.some((exception) => exception.digest === digest)) return undefined;
  if (evidence.kind !== "drift" || evidence.omitted) return evidence;
  const exact = own.filter(({ grants }) => grants !== undefined);
  const grants = subtractGrants(
    evidence.grants,
    exact.flatMap((exception) => exception.grants ?? []),
  );
  const accepted = new Set(serialiseGrants(exact.flatMap(({ denies = [] }) => denies)));
  const denies = evidence.denies.filter(
    (deny) => !serialiseGrants([deny]).every((text) => accepted.has(text)),
  );
  const { detail, escalates, fix, ...rest } = evidence;
  if (grants.length === 0 && denies.length === 0) {
    const isDetailCovered = exact.some((exception) => !saysMore(detail, exception.detail));
    // A detail alone does not say what it is about.
    return isDetailCovered ? undefined : evidence;
  }
  const isWhole =
    denies.length === evidence.denies.length &&
    grants.length === evidence.grants.length &&
    grants.every((grant, index) => grant === evidence.grants[index]);
  if (isWhole) return evidence;
  const isEscalation = escalates && grants.some(isOnPath);
  const left = isEscalation ? detail : withoutPaths(detail);
  return {
    ...rest,
    ...(left !== undefined && { detail: left }),
    ...(isEscalation && { escalates }),
    grants,
    denies,
    ...(fix && { fix: { kind: "manual", why: fixesAccepted } }),
    covered: { digest },
  };
}

const fixesAccepted =
  "Commands that fix all of it also take away what somebody accepted. Remove only what is listed here, by hand.";

/** Returns the exceptions in force of a finding that accept exact grants. */
export function listExact(
  finding: Pick<CoveredFinding, "id" | "evidence">,
  input: CoverageInput,
): readonly Exception[] {
  return listInForce(finding, input).filter(({ grants }) => grants !== undefined);
}

/**
 * Returns a policy that allows exactly what grants allow, as JSON text. Undefined where no Allow says it: for exceptions to
 * anything but all actions or all resources, which would need a Deny, for a grant that is only partly a difference, and for
 * conditions that JSON cannot hold.
 */
export function printGrants(grants: readonly Grant[]): string | undefined {
  const statements = grants.map(printGrant);
  if (statements.includes(undefined)) return undefined;
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

function printGrant(grant: Grant): StatementJson | undefined {
  const { exceptActions = [], exceptResources = [], exceptPrincipals = [], exceptConditions = [] } = grant;
  if (grant.partly || exceptPrincipals.length + exceptConditions.length > 0) return undefined;
  const isAll = (list: readonly string[] = []) => list.length === 1 && list[0] === "*";
  if (exceptActions.length > 0 && !isAll(grant.actions)) return undefined;
  if (exceptResources.length > 0 && !isAll(grant.resources)) return undefined;
  const [allow] = listStatements(grant);
  if (allow === undefined) return undefined;
  const { Action, Resource, ...rest } = allow;
  return {
    ...rest,
    ...(exceptActions.length > 0 ? { NotAction: exceptActions } : { Action }),
    ...(exceptResources.length > 0
      ? { NotResource: exceptResources }
      : Resource !== undefined && { Resource }),
  };
}

function listInForce({ id }: CoveredFinding, { exceptions, now }: CoverageInput): readonly Exception[] {
  return exceptions.filter(({ findingId, expires }) => findingId === id && isBefore(now, expires));
}

const subtractions = createMemo<readonly Grant[]>(1_000_000);

/**
 * Returns what grants allow and none of others does. A grant of which nothing is covered is returned as it is. What cannot
 * be decided counts as not covered.
 */
export function subtractGrants(grants: readonly Grant[], others: readonly Grant[]): readonly Grant[] {
  if (others.length === 0) return grants;
  const known = new Set(serialiseGrants(others));
  // The requests of such a grant that were accepted are not known.
  // Sorted, as in the key: what is left must not depend on which order came first.
  const whole = others
    .filter(({ partly }) => !partly)
    .map((other) => ({ other, text: serialiseGrants([other]).join() }))
    .sort((one, another) => (one.text < another.text ? -1 : 1))
    .map(({ other }) => other);
  return grants.flatMap((grant) => {
    const [text = ""] = serialiseGrants([grant]);
    if (known.has(text)) return [];
    const left = subtractions(JSON.stringify([text, serialiseGrants(whole)]), () =>
      subtractEach(grant, whole),
    );
    // What was computed before is of the same grant in another policy, where its statements had other places.
    return left.map((each) =>
      serialiseGrants([each])[0] === text ? grant : { ...each, statements: grant.statements },
    );
  });
}

/** Grants of others without exceptions are one policy; each other one is subtracted by itself, with its Denies. */
function subtractEach(grant: Grant, others: readonly Grant[]): readonly Grant[] {
  const plain = others.filter((other) => !hasExceptions(other));
  const excepting = others.filter(hasExceptions);
  return [...(plain.length > 0 ? [plain] : []), ...excepting.map((other) => [other])].reduce<
    readonly Grant[]
  >((left, taken) => left.flatMap((each) => subtractOne(each, taken)), [grant]);
}

function subtractOne(grant: Grant, others: readonly Grant[]): readonly Grant[] {
  const candidate = toPolicy([grant]);
  const reference = toPolicy(others);
  if (candidate === undefined || reference === undefined) return [grant];
  // What is latent is a pair that no service accepts: it allows nothing.
  const { excess, undecided } = comparePolicies(candidate, reference);
  if (undecided.length > 0) return [grant];
  const [only, ...more] = excess;
  if (only && more.length === 0 && serialiseGrants([only])[0] === serialiseGrants([grant])[0]) return [grant];
  // The places of statements in the made-up policies mean nothing.
  return excess.map(({ nearest: _, ...left }) => ({
    ...left,
    ...(grant.partly && { partly: true as const }),
    statements: grant.statements,
  }));
}

function hasExceptions({
  exceptActions,
  exceptResources,
  exceptPrincipals,
  exceptConditions,
}: Grant): boolean {
  return [exceptActions, exceptResources, exceptPrincipals, exceptConditions].some((list) => list?.length);
}

type StatementJson = Readonly<Record<string, unknown>>;

/** Returns a policy that allows grants, with a Deny for each exception; undefined for conditions that JSON cannot hold. */
function toPolicy(
  grants: readonly Grant[],
): { readonly Version: string; readonly Statement: unknown } | undefined {
  const statements = grants.flatMap(listStatements);
  if (statements.includes(undefined)) return undefined;
  return { Version: "2012-10-17", Statement: statements };
}

function listStatements(grant: Grant): readonly (StatementJson | undefined)[] {
  const { actions, resources, principals, conditions } = grant;
  const { exceptActions = [], exceptResources = [], exceptPrincipals = [], exceptConditions = [] } = grant;
  const isTrust = resources === undefined && exceptResources.length === 0;
  const everything = isTrust ? { Action: "*", Principal: "*" } : { Action: "*", Resource: "*" };
  const who = (list: readonly NonNullable<Grant["principals"]>[number][]) =>
    Object.fromEntries(
      [...Map.groupBy(list, ({ type }) => type)].map(([type, same]) => [type, same.map(({ id }) => id)]),
    );
  const allow = {
    Action: actions,
    ...(isTrust
      ? { Principal: principals === undefined || principals.length === 0 ? "*" : who(principals) }
      : { Resource: resources ?? ["*"] }),
  };
  return [
    withConditions("Allow", allow, conditions),
    ...(exceptActions.length > 0 ? [{ Effect: "Deny", ...everything, Action: exceptActions }] : []),
    ...(exceptResources.length > 0 ? [{ Effect: "Deny", ...everything, Resource: exceptResources }] : []),
    ...(exceptPrincipals.length > 0
      ? [{ Effect: "Deny", ...everything, Principal: who(exceptPrincipals) }]
      : []),
    ...exceptConditions.map((list) => withConditions("Deny", everything, list)),
  ];
}

function withConditions(
  effect: "Allow" | "Deny",
  clauses: StatementJson,
  conditions: Grant["conditions"],
): StatementJson | undefined {
  const byOperator = Map.groupBy(conditions, ({ operator }) => operator);
  const blocks = [...byOperator].map(
    ([operator, own]) => [operator, Object.fromEntries(own.map(({ key, values }) => [key, values]))] as const,
  );
  // A key that stands twice under one operator would be lost.
  const keys = new Set(conditions.map(({ operator, key }) => JSON.stringify([operator, key])));
  if (keys.size < conditions.length) return undefined;
  const condition = conditions.length > 0 && { Condition: Object.fromEntries(blocks) };
  return { Effect: effect, ...clauses, ...condition };
}
