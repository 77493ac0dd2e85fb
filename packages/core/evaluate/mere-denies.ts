import { comparePolicies } from "@drift-guard/policy/compare";
import type { Clause, PolicyDocument } from "@drift-guard/policy/document";
import { filterByEffect, listStatementTexts, tryParsePolicy } from "../policy-json.ts";

// What is allowed is compared in groups of statements that grow up to this: mostly the first statements show the answer.
const maxGroup = 16;
// Allow statements that all Denies of one role are compared with, each Deny counted by itself.
const maxCompared = 2000;

/**
 * Returns the check whether the Denies of a policy take nothing from what some policies allow. Each policy is compared only
 * with the statements that share a service with its Denies. Where too many statements would have to be compared for one
 * role, the rest of its Denies count as if they took something.
 */
export function createDenyCheck(policies: readonly string[]): (text: string) => boolean {
  let allows: ReadonlyMap<string, readonly PolicyDocument[]> | undefined;
  let left = maxCompared;
  return (text) => {
    const document = tryParsePolicy(text);
    if (!document) return false;
    allows ??= groupByService(policies);
    const denies = filterByEffect([document], "Deny");
    const concerned = listConcerned(denies, allows);
    let from = 0;
    let size = 1;
    do {
      const group = concerned.slice(from, from + size);
      left -= group.length;
      if (left < 0) return false;
      const { missing, undecided } = comparePolicies([...group, ...denies], group, { kind: "identity" });
      if (missing.length + undecided.length > 0) return false;
      from += size;
      size = Math.min(size * 2, maxGroup);
    } while (from < concerned.length);
    return true;
  };
}

// The services of a statement whose actions may be of any service.
const anyService = "*";

/** Returns each different Allow statement of some policies, as a policy of its own, by the services of its actions. */
function groupByService(policies: readonly string[]): ReadonlyMap<string, readonly PolicyDocument[]> {
  const groups = new Map<string, PolicyDocument[]>();
  const seen = new Set<string>();
  const parsed = policies.flatMap((text) => tryParsePolicy(text) ?? []);
  for (const document of filterByEffect(parsed, "Allow")) {
    const texts = listStatementTexts(document);
    for (const [index, statement] of document.statements.entries()) {
      const text = texts[index];
      if (text === undefined || seen.has(text)) continue;
      seen.add(text);
      const alone = { ...document, statements: [statement] };
      for (const service of listServices(statement.actions)) {
        const group = groups.get(service);
        if (group) group.push(alone);
        else groups.set(service, [alone]);
      }
    }
  }
  return groups;
}

function listConcerned(
  denies: readonly PolicyDocument[],
  allows: ReadonlyMap<string, readonly PolicyDocument[]>,
): readonly PolicyDocument[] {
  const services = new Set(
    denies.flatMap(({ statements }) => statements.flatMap(({ actions }) => [...listServices(actions)])),
  );
  const groups = services.has(anyService)
    ? [...allows.values()]
    : [anyService, ...services].map((service) => allows.get(service) ?? []);
  return [...new Set(groups.flat())];
}

function listServices({ negated, entries }: Clause<string>): ReadonlySet<string> {
  if (negated) return new Set([anyService]);
  return new Set(
    entries.map((entry) => {
      const [service = "", ...action] = entry.toLowerCase().split(":");
      return action.length === 0 || /[*?]/.test(service) ? anyService : service;
    }),
  );
}
