import { comparePolicies } from "@drift-guard/policy/compare";
import type { PolicyDocument } from "@drift-guard/policy/document";
import { currentVersion, filterByEffect, listStatementTexts, tryParsePolicy } from "../policy-json.ts";
import { type Deny, isDenied, listDenies, printDeny } from "./deny-statements.ts";

/**
 * Returns the check whether some policies together deny all that the Denies of a policy deny, by meaning: the words may
 * differ. What cannot be compared counts as not denied, and a text that is no policy denies nothing.
 */
export function createDenyCover(policies: readonly string[]): (text: string) => boolean {
  const denies = filterByEffect(
    policies.flatMap((text) => tryParsePolicy(text) ?? []),
    "Deny",
  ).filter(({ statements }) => statements.length > 0);
  const texts = new Set(denies.flatMap(listStatementTexts));
  let known: readonly Deny[] | undefined;
  return (text) => {
    const document = tryParsePolicy(text);
    if (document === undefined) return false;
    const own = filterByEffect([document], "Deny").flatMap(listStatementTexts);
    if (own.every((statement) => texts.has(statement))) return true;
    if (denies.length === 0) return false;
    // Most are covered by their actions and resources, also where their conditions cannot be compared.
    known ??= listDenies(policies);
    const rest = listDenies([text]).filter(
      (deny, index) => !texts.has(own[index] ?? "") && !isDenied(deny, known ?? []),
    );
    if (rest.length === 0) return true;
    const left = JSON.stringify({ Version: currentVersion, Statement: rest.map(printDeny) });
    const { deniesAdded, latent, undecided } = comparePolicies(left, denies, { kind: "identity" });
    // A service may have the action of a latent Deny tomorrow.
    const isLatent = latent.some(({ effect, side }) => effect === "Deny" && side === "candidate");
    return deniesAdded.length + undecided.length === 0 && !isLatent;
  };
}

/** Whether a policy has a Deny. */
export function holdsDeny(document: PolicyDocument): boolean {
  return document.statements.some(({ effect }) => effect === "Deny");
}
