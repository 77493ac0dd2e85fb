import type { Role } from "@drift-guard/core/model/role";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Grant } from "@drift-guard/policy/grant";

/** Returns what policies of a role denied before and deny no more. A policy that cannot be parsed is left out. */
export function listLostDenies(before: Role, after: Role): readonly Grant[] {
  const [texts, rest] = [before, after].map(listTexts);
  if (texts === undefined || rest === undefined || texts.every((text) => rest.includes(text))) return [];
  return comparePolicies(texts, rest, { kind: "identity" }).deniesAdded;
}

function listTexts({ inline, attached }: Role): readonly string[] {
  return [
    ...inline.map(({ text }) => text),
    ...attached.flatMap(({ version }) => (version.observed ? [version.value.text] : [])),
  ];
}
