import { isJsonObject, joinDocuments, readDocument, tryParsePolicy } from "../policy-json.ts";
import { type Deny, everything } from "./deny-statements.ts";
import { hasEffect, listTexts } from "./narrowing.ts";
import { coversAction, mayShareAction } from "./pattern-cover.ts";

/** What a statement allows: these actions, each on these resources; undefined stands for any resource. */
interface Allowed {
  readonly actions: readonly string[];
  readonly resources: readonly string[] | undefined;
  /** As written; undefined if there is none. */
  readonly condition: unknown;
}

/**
 * Returns Denies that take nothing from what some identity policies allow and deny the rest, each list in another length: of
 * all other actions; also of the allowed actions on all other resources; also where their conditions do not hold; and of all
 * other services. None if the policies
 * allow actions that cannot be listed, or everything.
 */
export function listBroaderDenies(permitted: readonly string[]): readonly (readonly Deny[])[] {
  const allowed = listAllowed(permitted);
  if (allowed === undefined) return [];
  const actions = withoutCovered(allowed.flatMap((one) => one.actions));
  const services = withoutCovered(actions.map(serviceOf));
  if (services.includes("*")) return [];
  const others = denyOthers(actions);
  const onOthers = [others, ...denyOtherResources(actions, allowed)];
  return [
    [others],
    onOthers,
    [...onOthers, ...denyWithoutConditions(actions, allowed)],
    [denyOthers(services)],
  ];
}

function listAllowed(permitted: readonly string[]): readonly Allowed[] | undefined {
  const readable = permitted.filter((text) => tryParsePolicy(text) !== undefined);
  const statements = readDocument(joinDocuments(readable)).Statement.filter((statement) =>
    hasEffect(statement, "Allow"),
  );
  if (statements.some((statement) => "NotAction" in statement)) return undefined;
  return statements.map(({ Action, Resource, Condition }) => {
    const resources = listTexts(Resource);
    return {
      actions: listTexts(Action),
      resources: resources.length === 0 || resources.includes("*") ? undefined : resources,
      condition: Condition,
    };
  });
}

function denyOthers(actions: readonly string[]): Deny {
  return {
    actions: actions.length === 0 ? everything : { negated: true, entries: actions },
    resources: everything,
    condition: undefined,
  };
}

/** Denies actions on resources on which no statement allows them. */
function denyOtherResources(actions: readonly string[], allowed: readonly Allowed[]): readonly Deny[] {
  const byResources = new Map<
    string,
    { readonly actions: string[]; readonly resources: readonly string[] }
  >();
  for (const action of actions) {
    const sharing = allowed.filter((one) => one.actions.some((other) => mayShareAction(action, other)));
    const resources = [...new Set(sharing.flatMap((one) => one.resources ?? []))].toSorted();
    if (resources.length === 0 || sharing.some((one) => one.resources === undefined)) continue;
    const key = JSON.stringify(resources);
    const group = byResources.get(key) ?? { actions: [], resources };
    group.actions.push(action);
    byResources.set(key, group);
  }
  return [...byResources.values()].map((group) => ({
    actions: { negated: false, entries: group.actions },
    resources: { negated: true, entries: group.resources },
    condition: undefined,
  }));
}

/** Denies actions where the one condition does not hold under which all statements allow them, as far as it can be negated. */
function denyWithoutConditions(actions: readonly string[], allowed: readonly Allowed[]): readonly Deny[] {
  const byCondition = new Map<string, { readonly actions: string[]; readonly condition: unknown }>();
  for (const action of actions) {
    const sharing = allowed.filter((one) => one.actions.some((other) => mayShareAction(action, other)));
    const conditions = new Map(sharing.map(({ condition }) => [JSON.stringify(condition), condition]));
    const [entry, ...others] = conditions;
    if (entry === undefined || others.length > 0) continue;
    const [key, condition] = entry;
    const group = byCondition.get(key) ?? { actions: [], condition };
    group.actions.push(action);
    byCondition.set(key, group);
  }
  return [...byCondition.values()].flatMap((group) =>
    negate(group.condition).map((condition) => ({
      actions: { negated: false, entries: group.actions },
      resources: everything,
      condition,
    })),
  );
}

// The negated operator also holds where the key is absent (docs/aws-facts.md, "IAM limits").
const negations: ReadonlyMap<string, string> = new Map(
  ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"].map((operator) => [
    operator,
    operator.replace(/^(String|Arn)/, "$1Not"),
  ]),
);

/** Returns conditions of which one holds where some condition of a list, which all must hold, does not. */
function negate(condition: unknown): readonly object[] {
  if (!isJsonObject(condition)) return [];
  return Object.entries(condition).flatMap(([operator, keys]) => {
    const negated = negations.get(operator);
    if (negated === undefined || !isJsonObject(keys)) return [];
    return Object.entries(keys).map(([key, values]) => ({ [negated]: { [key]: values } }));
  });
}

function serviceOf(action: string): string {
  const [service = "", name] = action.split(":");
  return name === undefined || /[*?]/.test(service) ? "*" : `${service.toLowerCase()}:*`;
}

function withoutCovered(patterns: readonly string[]): readonly string[] {
  const unique = [...new Map(patterns.map((pattern) => [pattern.toLowerCase(), pattern])).values()];
  return unique
    .filter((pattern) => !unique.some((other) => other !== pattern && coversAction(other, pattern)))
    .toSorted();
}
