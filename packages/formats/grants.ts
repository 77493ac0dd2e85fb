import type { Grant } from "@drift-guard/core/model/grant";
import type { Condition, PolicyPrincipal, PolicyRequest } from "@drift-guard/policy/grant";
import { sanitise } from "./printable.ts";

/**
 * A grant as one line: `iam:* on *`, `sts:AssumeRole by AWS 999988887777 when …`. Lists of more than `maxItems` items are
 * shortened.
 */
export function formatGrant(grant: Grant, maxItems = defaultMaxItems): string {
  const { actions, resources, principals, conditions } = grant;
  const { exceptActions, exceptResources, exceptPrincipals, exceptConditions = [] } = grant;
  const nobody = (principals ?? []).length === 0;
  const whole = [
    formatActions(actions, exceptActions, maxItems),
    ...(resources || exceptResources
      ? [`on ${formatSet(resources ?? ["*"], exceptResources, maxItems)}`]
      : []),
    ...(principals || exceptPrincipals
      ? [
          `by ${formatSet(
            nobody && exceptPrincipals ? ["everybody"] : (principals ?? []).map(formatPrincipal),
            exceptPrincipals?.map(formatPrincipal),
            maxItems,
          )}`,
        ]
      : []),
    ...(conditions.length > 0 ? [`when ${formatConditions(conditions, maxItems)}`] : []),
    ...(exceptConditions.length > 0 ? [`except when ${formatAlternatives(exceptConditions, maxItems)}`] : []),
  ].join(" ");
  return grant.partly ? `${whole}, in part` : whole;
}

/** Explains the end of a grant's line of which only some requests are a difference. */
export function explainPart(line: string): string {
  return line.replace(/, in part$/, " (some of these requests are as they should be)");
}

/** The grants as lines; beyond `maxLines` grants, the last line has the number of the others. */
export function formatGrants(grants: readonly Grant[], maxLines = 10): readonly string[] {
  const lines = grants.slice(0, maxLines).map((grant) => explainPart(formatGrant(grant)));
  const rest = grants.length - lines.length;
  return rest > 0 ? [...lines, `and ${rest} more ${rest === 1 ? "grant" : "grants"}`] : lines;
}

/**
 * Names what grants allow, short enough for a title: `full administrator access`, `almost every permission`, `iam:PassRole on
 * *`, `s3:GetObject and more`. Undefined if there are none.
 */
export function nameGrants(grants: readonly Grant[]): string | undefined {
  if (grants.some(isEverything)) return "full administrator access";
  if (grants.some(isAlmostEverything)) return "almost every permission";
  const [first, ...others] = grants;
  const [action, ...more] = first?.actions ?? [];
  if (first === undefined || action === undefined) return undefined;
  const [resource, ...rest] = first.resources ?? [];
  const on = resource === "*" && rest.length === 0 && !first.exceptResources?.length ? " on *" : "";
  return `${sanitise(action, 80)}${on}${others.length + more.length > 0 ? " and more" : ""}`;
}

// Every action on every resource but those that the other side allows too.
function isAlmostEverything({ actions, resources = [], conditions, exceptConditions = [] }: Grant): boolean {
  return (
    actions.includes("*") &&
    resources.includes("*") &&
    conditions.length === 0 &&
    exceptConditions.length === 0
  );
}

function isEverything(grant: Grant): boolean {
  const { actions, resources = [], conditions, partly } = grant;
  const excepted = [grant.exceptActions, grant.exceptResources, grant.exceptConditions].some(
    (each) => each !== undefined && each.length > 0,
  );
  return actions.includes("*") && resources.includes("*") && conditions.length === 0 && !partly && !excepted;
}

/**
 * Names the principals of a trust policy's grants, short enough for a title: `AWS account 999988887777 and 2 more`.
 * Undefined if no grant names any.
 */
export function namePrincipals(grants: readonly Grant[]): string | undefined {
  const all = grants.flatMap(({ principals = [], exceptPrincipals = [] }) =>
    principals.length === 0 && exceptPrincipals.length > 0 ? [anyone] : principals.map(namePrincipal),
  );
  const names = [...new Set(all)];
  const worst = names.includes(anyone) ? anyone : names[0];
  if (worst === undefined) return undefined;
  return names.length === 1 ? worst : `${worst} and ${names.length - 1} more`;
}

const anyone = "Anyone in any AWS account";

function namePrincipal({ type, id }: PolicyPrincipal): string {
  if (id === "*") return anyone;
  if (type !== "AWS") return `${type} ${sanitise(id, 120)}`;
  const account = /^(?:arn:[^:]+:iam::)?(\d{12})(?::root)?$/.exec(id)?.[1];
  return account === undefined ? sanitise(id, 120) : `AWS account ${account}`;
}

/**
 * A request as one line: `iam:CreateUser on * by AWS 999988887777 with aws:mfa = true`. Condition keys, which a request
 * has in lower case, are spelled as in `grant`, whose example it is.
 */
export function formatRequest(
  { action, resource, principal, context }: PolicyRequest,
  { conditions, exceptConditions = [] }: Pick<Grant, "conditions" | "exceptConditions">,
): string {
  const spellings = new Map(
    [...conditions, ...exceptConditions.flat()].map(({ key }) => [key.toLowerCase(), key]),
  );
  const held = Object.entries(context).map(
    ([key, value]) =>
      `${sanitise(spellings.get(key) ?? key)} = ${typeof value === "string" ? sanitise(value) : formatList(value, "and")}`,
  );
  return [
    sanitise(action),
    ...(resource === undefined ? [] : [`on ${sanitise(resource)}`]),
    ...(principal === undefined ? [] : [`by ${formatPrincipal(principal)}`]),
    ...(held.length > 0 ? [`with ${held.join(", ")}`] : []),
  ].join(" ");
}

// A few names of the 61 actions that are left out help nobody.
function formatActions(actions: readonly string[], except: readonly string[] = [], maxItems: number): string {
  return actions.includes("*") && except.length > maxItems
    ? `nearly everything: all actions but ${except.length}`
    : formatSet(actions, except, maxItems);
}

function formatSet(
  items: readonly string[],
  except: readonly string[] = [],
  maxItems = defaultMaxItems,
): string {
  const all = formatList(items, "and", maxItems);
  return except.length > 0 ? `${all} except ${formatList(except, "and", maxItems)}` : all;
}

const defaultMaxItems = 3;

// The first items of a long list are enough to recognise it; the policy has them all.
function formatList(items: readonly string[], joint: "and" | "or", maxItems = defaultMaxItems): string {
  if (items.length === 0) return "nothing";
  const shown = items
    .slice(0, items.length > maxItems ? Math.max(maxItems - 2, 1) : maxItems)
    .map((item) => sanitise(item));
  const hidden = items.length - shown.length;
  const last = hidden > 0 ? `${hidden} more` : shown.pop();
  return shown.length === 0 ? `${last}` : `${shown.join(", ")} ${joint} ${last}`;
}

function formatPrincipal({ type, id }: PolicyPrincipal): string {
  return id === "*" && type === "AWS" ? "everybody" : `${type} ${sanitise(id)}`;
}

function formatConditions(conditions: readonly Condition[], maxItems: number): string {
  return conditions.map((condition) => formatCondition(condition, maxItems)).join(" and ");
}

function formatAlternatives(lists: readonly (readonly Condition[])[], maxItems: number): string {
  const shown = lists.slice(0, maxItems).map((conditions) => formatConditions(conditions, maxItems));
  const hidden = lists.length - shown.length;
  const rest = hidden > 0 ? `, or in ${hidden} more ${hidden === 1 ? "case" : "cases"}` : "";
  return shown.join(", or when ") + rest;
}

function formatCondition({ operator, key, values }: Condition, maxItems: number): string {
  if (/^null$/i.test(operator) && values.length === 1) {
    if (values[0] === "true") return `${sanitise(key)} is absent`;
    if (values[0] === "false") return `${sanitise(key)} is present`;
  }
  return `${sanitise(key)} ${sanitise(operator)} ${formatList(values, "or", maxItems)}`;
}
