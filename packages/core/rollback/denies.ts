import { comparePolicies } from "@drift-guard/policy/compare";
import type { PolicyDocument } from "@drift-guard/policy/document";
import { filterByEffect, listStatementTexts, tryParsePolicy, withoutStatements } from "../policy-json.ts";

/**
 * Returns the check whether some policies together deny all that the Denies of a policy deny, by meaning: the words may
 * differ. What cannot be compared counts as not denied, and a text that is no policy denies nothing.
 */
export function createDenyCover(policies: readonly string[]): (document: PolicyDocument) => boolean {
  const denies = filterByEffect(
    policies.flatMap((text) => tryParsePolicy(text) ?? []),
    "Deny",
  ).filter(({ statements }) => statements.length > 0);
  const texts = new Set(denies.flatMap(listStatementTexts));
  return (document) => {
    const rest = filterByEffect([document], "Deny")
      .map((each) => withoutStatements(each, texts))
      .filter(({ statements }) => statements.length > 0);
    if (rest.length === 0) return true;
    if (denies.length === 0) return false;
    const { deniesAdded, latent, undecided } = comparePolicies(rest, denies, { kind: "identity" });
    // A service may have the action of a latent Deny tomorrow.
    const isLatent = latent.some(({ effect, side }) => effect === "Deny" && side === "candidate");
    return deniesAdded.length + undecided.length === 0 && !isLatent;
  };
}

/** Whether a policy has a Deny. */
export function holdsDeny(document: PolicyDocument): boolean {
  return document.statements.some(({ effect }) => effect === "Deny");
}
