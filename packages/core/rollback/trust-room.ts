import { compareTexts } from "../evaluate/comparison.ts";
import { trustOptions } from "../evaluate/trust.ts";
import type { Role } from "../model/role.ts";
import { tryReadDocument } from "../policy-json.ts";
import { hasEffect, limitChecks, withStatements } from "./narrowing.ts";

/** IAM's limits of a trust policy: the usual one, and the highest that AWS grants (docs/aws-facts.md, "IAM limits"). */
const usualCharacters = 2_048;
const mostCharacters = 4_096;

const maxChecks = 300;

/**
 * Returns a trust policy in a length that IAM takes for a role: as it is, or without Denies that take nothing from its Allow
 * statements, of which only as many go as must. A Deny of a trust policy has no other effect: nobody assumes a role that its
 * trust policy does not let them assume. Undefined if the rest is too long.
 */
export function findTrustRoom(role: Role, document: string): string | undefined {
  // The longer limit holds where the role already has such a policy.
  const limit = role.trust.length > usualCharacters ? mostCharacters : usualCharacters;
  if (document.length <= limit) return document;
  const whole = tryReadDocument(document);
  if (!whole) return undefined;
  const options = trustOptions(role, undefined);
  const checks = limitChecks((shorter) => {
    const { relation, excess, undecided } = compareTexts(JSON.stringify(shorter), document, options);
    return relation !== "undecided" && excess.length + undecided.length === 0;
  }, maxChecks);
  let statements = whole.Statement;
  const denies = statements.filter((statement) => hasEffect(statement, "Deny"));
  // The longest first, so that few go.
  const sizeOf = (statement: unknown) => JSON.stringify(statement).length;
  for (const deny of denies.toSorted((one, other) => sizeOf(other) - sizeOf(one))) {
    const rest = statements.filter((statement) => statement !== deny);
    if (!checks.isExpected({ ...whole, Statement: rest })) continue;
    statements = rest;
    const text = withStatements(whole, statements);
    if (text.length <= limit) return text;
  }
  return undefined;
}
