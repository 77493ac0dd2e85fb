import type { Grant } from "@drift-guard/core/grant";
import type { Condition, PolicyPrincipal, PolicyRequest } from "@drift-guard/policy/grant";
import { plain } from "./plain.ts";

/** A grant as one line: `iam:* on *`, `sts:AssumeRole by AWS 999988887777 when …`; long lists are shortened. */
export function printGrant(grant: Grant): string {
  const { actions, resources, principals, conditions } = grant;
  const { exceptActions, exceptResources, exceptPrincipals } = grant;
  const nobody = (principals ?? []).length === 0;
  return [
    printSet(actions, exceptActions),
    ...(resources || exceptResources ? [`on ${printSet(resources ?? ["*"], exceptResources)}`] : []),
    ...(principals || exceptPrincipals
      ? [
          `by ${printSet(
            nobody && exceptPrincipals ? ["everybody"] : (principals ?? []).map(printPrincipal),
            exceptPrincipals?.map(printPrincipal),
          )}`,
        ]
      : []),
    ...(conditions.length > 0 ? [`when ${conditions.map(printCondition).join(" and ")}`] : []),
  ].join(" ");
}

/** The grants as lines, the last of which counts those beyond `most`. */
export function listGrants(grants: readonly Grant[], most = 10): readonly string[] {
  const lines = grants.slice(0, most).map(printGrant);
  const rest = grants.length - lines.length;
  return rest > 0 ? [...lines, `and ${rest} more ${rest === 1 ? "grant" : "grants"}`] : lines;
}

/** A request as one line: `iam:CreateUser on * by AWS 999988887777 with aws:mfa = true`. */
export function printRequest({ action, resource, principal, context }: PolicyRequest): string {
  const held = Object.entries(context).map(
    ([key, value]) => `${plain(key)} = ${typeof value === "string" ? plain(value) : printList(value, "and")}`,
  );
  return [
    plain(action),
    ...(resource === undefined ? [] : [`on ${plain(resource)}`]),
    ...(principal === undefined ? [] : [`by ${printPrincipal(principal)}`]),
    ...(held.length > 0 ? [`with ${held.join(", ")}`] : []),
  ].join(" ");
}

function printSet(items: readonly string[], except: readonly string[] = []): string {
  const all = printList(items, "and");
  return except.length > 0 ? `${all} except ${printList(except, "and")}` : all;
}

// Of a long list the first tells what it is about; the whole of it stands in the policy.
function printList(items: readonly string[], joint: "and" | "or"): string {
  const [first, ...rest] = items;
  if (first === undefined) return "nothing";
  if (rest.length > 2) return `${plain(first)} ${joint} ${rest.length} more`;
  const last = rest.pop();
  return last === undefined
    ? plain(first)
    : `${[first, ...rest].map((item) => plain(item)).join(", ")} ${joint} ${plain(last)}`;
}

function printPrincipal({ type, id }: PolicyPrincipal): string {
  return id === "*" && type === "AWS" ? "everybody" : `${type} ${plain(id)}`;
}

function printCondition({ operator, key, values }: Condition): string {
  if (/^null$/i.test(operator) && values.length === 1) {
    if (values[0] === "true") return `${plain(key)} is absent`;
    if (values[0] === "false") return `${plain(key)} is present`;
  }
  return `${plain(key)} ${plain(operator)} ${printList(values, "or")}`;
}
