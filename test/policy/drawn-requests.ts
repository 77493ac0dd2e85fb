import { hasNoEffect } from "@drift-guard/policy/canonical";
import type { PolicyDocument } from "@drift-guard/policy/document";
import type { PolicyPrincipal, PolicyRequest } from "@drift-guard/policy/grant";
import fc from "fast-check";
import { oneOf } from "./drawn-conditions.ts";
import { askedActions, askedPrincipals, askedResources, askedTrustActions } from "./drawn-names.ts";
import type { Kind } from "./grammar.ts";
import { type Topic, topics } from "./topics.ts";

type Context = PolicyRequest["context"];

/** Values of keys, absent keys and empty lists among them. */
function drawContext(about: readonly Topic[]): fc.Arbitrary<Context> {
  const keys = about.flatMap(({ single, several, asked }) => [
    ...single.map((key) => [key.toLowerCase(), oneOf(asked)] as const),
    ...several.map((key) => [key.toLowerCase(), fc.array(oneOf(asked), { maxLength: 3 })] as const),
  ]);
  return fc.record<Record<string, string | string[]>>(Object.fromEntries(keys), { requiredKeys: [] });
}

const principal: fc.Arbitrary<PolicyPrincipal> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("AWS" as const), id: oneOf(askedPrincipals.AWS) }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("Service" as const), id: oneOf(askedPrincipals.Service) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("Federated" as const), id: oneOf(askedPrincipals.Federated) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("CanonicalUser" as const),
      id: oneOf(askedPrincipals.CanonicalUser),
    }),
  },
);

/** Draws a request that drawn policies are likely to tell apart. */
export function drawRequest({ trust, both, about = topics }: Kind): fc.Arbitrary<PolicyRequest> {
  return fc.record({
    action: oneOf(trust ? askedTrustActions : askedActions),
    ...(!trust && { resource: oneOf(askedResources) }),
    ...((trust || both) && { principal }),
    context: drawContext(about),
  });
}

/** A request aimed at policies: made of one that is drawn, and of choices among what the policies name. */
export interface Shot {
  readonly request: PolicyRequest;
  readonly choices: readonly number[];
}

/** Draws requests to be aimed at the policies of a pair; a failure names the one that failed, so none is made smaller. */
export function drawShots(kind: Kind): fc.Arbitrary<readonly Shot[]> {
  const shot = fc.record({
    request: drawRequest(kind),
    choices: fc.array(fc.nat(0xffff), { minLength: 6, maxLength: 6 }),
  });
  return fc.noShrink(fc.array(shot, { minLength: 6, maxLength: 16 }));
}

/**
 * Brings a request close to a statement: mostly its action, resource, principal and values of keys, wildcards filled
 * in. A key that no condition asks several values of has one.
 */
export function aim({ request, choices }: Shot, documents: readonly PolicyDocument[]): PolicyRequest {
  const [which = 0, action = 0, resource = 0, who = 0, what = 0, sparing = 0] = choices;
  const statements = documents.flatMap((document) => document.statements);
  const context = aimContext(request.context, documents, what, sparing);
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

/** An account by itself or one of its roles, a role by itself or a session of it. */
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

/** The keys that requests can have several values of: those that a condition of some statement asks it of. */
export function listSeveral(documents: readonly PolicyDocument[]): ReadonlySet<string> {
  const statements = documents.flatMap((document) => document.statements.filter((one) => !hasNoEffect(one)));
  const conditions = statements.flatMap((one) => one.conditions);
  return new Set(conditions.flatMap(({ operator, key }) => (operator.startsWith("For") ? [key] : [])));
}

/** Values that the conditions name in the place of some drawn ones; one where nobody asks for several. */
function aimContext(
  context: Context,
  documents: readonly PolicyDocument[],
  at: number,
  sparing: number,
): Context {
  const conditions = documents.flatMap(({ statements }) => statements.flatMap((one) => one.conditions));
  const several = listSeveral(documents);
  const named = Map.groupBy(conditions, ({ key }) => key);
  const entries = [...new Set([...Object.keys(context), ...named.keys()])].flatMap<
    readonly [string, string | readonly string[]]
  >((key, index) => {
    const drawn = [context[key] ?? []].flat();
    const values = (named.get(key) ?? []).flatMap((condition) => condition.values);
    const choice = (at >> index) + index * 5;
    const aimed = pick(values, choice);
    if ((sparing >> index) % 4 === 0) return [];
    const list =
      aimed === undefined || choice % 3 === 0 ? drawn : [fillWildcards(aimed, choice), ...drawn.slice(1)];
    if (several.has(key)) return [[key, list]];
    return list[0] === undefined ? [] : [[key, list[0]]];
  });
  return Object.fromEntries(entries);
}
