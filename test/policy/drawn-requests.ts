import { hasNoEffect } from "@drift-guard/policy/canonical";
import type { PolicyDocument } from "@drift-guard/policy/document";
import type { PolicyPrincipal, PolicyRequest } from "@drift-guard/policy/grant";
import fc from "fast-check";
import { oneOf } from "./drawn-conditions.ts";
import { requestActions, requestPrincipals, requestResources, requestTrustActions } from "./drawn-names.ts";
import type { PolicyKind } from "./grammar.ts";
import { type KeyFamily, keyFamilies } from "./key-families.ts";

type Context = PolicyRequest["context"];

/** Draws a request context; keys can be absent, and lists can be empty. */
function drawContext(families: readonly KeyFamily[]): fc.Arbitrary<Context> {
  const keys = families.flatMap(({ single, multivalued, requestValues }) => [
    ...single.map((key) => [key.toLowerCase(), oneOf(requestValues)] as const),
    ...multivalued.map(
      (key) => [key.toLowerCase(), fc.array(oneOf(requestValues), { maxLength: 3 })] as const,
    ),
  ]);
  return fc.record<Record<string, string | string[]>>(Object.fromEntries(keys), { requiredKeys: [] });
}

const principal: fc.Arbitrary<PolicyPrincipal> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("AWS" as const), id: oneOf(requestPrincipals.AWS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("Service" as const), id: oneOf(requestPrincipals.Service) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("Federated" as const), id: oneOf(requestPrincipals.Federated) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("CanonicalUser" as const),
      id: oneOf(requestPrincipals.CanonicalUser),
    }),
  },
);

/** Draws a request that drawn policies often decide differently. */
export function drawRequest({
  trust,
  hasPrincipalsAndResources,
  families = keyFamilies,
}: PolicyKind): fc.Arbitrary<PolicyRequest> {
  return fc.record({
    action: oneOf(trust ? requestTrustActions : requestActions),
    ...(!trust && { resource: oneOf(requestResources) }),
    ...((trust || hasPrincipalsAndResources) && { principal }),
    context: drawContext(families),
  });
}

/** A drawn request, and numbers that select names of the policies to put into it. */
export interface RequestDraft {
  readonly request: PolicyRequest;
  readonly choices: readonly number[];
}

/** Draws the requests of a pair. Not shrunk: the message of a failure shows the one request that failed. */
export function drawRequestDrafts(kind: PolicyKind): fc.Arbitrary<readonly RequestDraft[]> {
  const draft = fc.record({
    request: drawRequest(kind),
    choices: fc.array(fc.nat(0xffff), { minLength: 6, maxLength: 6 }),
  });
  return fc.noShrink(fc.array(draft, { minLength: 6, maxLength: 16 }));
}

/**
 * Returns a request close to one statement of some documents: mostly with its action, resource and principal, and with
 * values of conditions, all without wildcards. Only a multivalued key has several values.
 */
export function aimRequest(
  { request, choices }: RequestDraft,
  documents: readonly PolicyDocument[],
): PolicyRequest {
  const [which = 0, action = 0, resource = 0, who = 0, what = 0, omitting = 0] = choices;
  const statements = documents.flatMap((document) => document.statements);
  const context = aimContext(request.context, documents, what, omitting);
  const target = pick(statements, which);
  if (target === undefined) return { ...request, context };
  const fillVariables = (text: string) =>
    text.replaceAll(/\$\{([^}]*)\}/g, (_, inside: string) => {
      const [key = ""] = inside.split(",");
      return [context[key.trim().toLowerCase()] ?? inside].flat()[0] ?? "";
    });
  const aimedAction = pick(target.actions.entries, action);
  const aimedResource = pick(target.resources?.entries ?? [], resource);
  const aimedPrincipal = pick(target.principals?.entries ?? [], who);
  const filled = aimedAction && fillWildcards(aimedAction, action >> 4);
  const arn =
    aimedResource && aimedResource !== "*" && fillWildcards(fillVariables(aimedResource), resource >> 4);
  return {
    action: filled && /^[^:]+:./.test(filled) && action % 5 > 0 ? filled : request.action,
    ...(request.resource !== undefined && {
      resource: arn && arn.split(":").length > 5 && resource % 5 > 0 ? arn : request.resource,
    }),
    ...(request.principal && {
      principal:
        aimedPrincipal && aimedPrincipal.id !== "*" && who % 5 > 0
          ? actAs(aimedPrincipal, who >> 4)
          : request.principal,
    }),
    context,
  };
}

function pick<Item>(items: readonly Item[], at: number): Item | undefined {
  return items[at % Math.max(1, items.length)];
}

const fillings = ["", "x", "a", "b/c", "bob"];

function fillWildcards(pattern: string, at: number): string {
  let place = at;
  return pattern.replaceAll(/[*?]/g, (wildcard) => {
    place += 7;
    return (wildcard === "*" ? pick(fillings, place) : pick(["x", "a", "/"], place)) ?? "";
  });
}

/** Returns a principal that an entry matches: the account or a role of it, the role or a session of it. */
function actAs({ type, id }: PolicyPrincipal, at: number): PolicyPrincipal {
  if (type !== "AWS") return { type, id };
  const arn = /^\d{12}$/.test(id) ? `arn:aws:iam::${id}:root` : id;
  if (at % 3 === 0) return { type, id: arn };
  if (arn.endsWith(":root")) return { type, id: arn.replace(/root$/, "role/other") };
  return {
    type,
    id: arn.replace(/^(arn:[^:]+):iam::(\d+):role\/(?:.*\/)?([^/]+)$/, "$1:sts::$2:assumed-role/$3/t"),
  };
}

/** Returns the keys that a condition uses ForAllValues or ForAnyValue on: a request can have several values of them. */
export function listMultivaluedKeys(documents: readonly PolicyDocument[]): ReadonlySet<string> {
  const statements = documents.flatMap((document) => document.statements.filter((one) => !hasNoEffect(one)));
  const conditions = statements.flatMap((one) => one.conditions);
  return new Set(conditions.flatMap(({ operator, key }) => (operator.startsWith("For") ? [key] : [])));
}

/** Replaces some drawn values by values of conditions, and leaves out some keys. */
function aimContext(
  context: Context,
  documents: readonly PolicyDocument[],
  at: number,
  omitting: number,
): Context {
  const conditions = documents.flatMap(({ statements }) => statements.flatMap((one) => one.conditions));
  const multivalued = listMultivaluedKeys(documents);
  const named = Map.groupBy(conditions, ({ key }) => key);
  const entries = [...new Set([...Object.keys(context), ...named.keys()])].flatMap<
    readonly [string, string | readonly string[]]
  >((key, index) => {
    const drawn = [context[key] ?? []].flat();
    const values = (named.get(key) ?? []).flatMap((condition) => condition.values);
    const choice = (at >> index) + index * 5;
    const aimed = pick(values, choice);
    if ((omitting >> index) % 4 === 0) return [];
    const list =
      aimed === undefined || choice % 3 === 0 ? drawn : [fillWildcards(aimed, choice), ...drawn.slice(1)];
    if (multivalued.has(key)) return [[key, list]];
    return list[0] === undefined ? [] : [[key, list[0]]];
  });
  return Object.fromEntries(entries);
}
