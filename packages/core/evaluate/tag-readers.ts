import type { PolicyStatement } from "@drift-guard/policy/document";
import type { Role } from "../model/role.ts";
import { tryParsePolicy } from "../policy-json.ts";
import { listPolicyTexts } from "./policy-texts.ts";

// The tags of the role are those of the principal in its policies, and those of the resource in its trust policy
// (docs/aws-facts.md, "Sessions and tags of roles").
const inPolicies = /^aws:principaltag\/(.+)$/i;
const inTrust = /^(?:aws|iam):resourcetag\/(.+)$/i;
const variable = /\$\{([^}]*)\}/g;

/**
 * Returns the keys, in lower case, of the tags of a role that its policies, its boundary or its trust policy read, in a
 * condition or in a policy variable. A document that cannot be parsed reads none.
 */
export function listTagsRead(
  role: Pick<Role, "attached" | "inline" | "boundary" | "trust">,
): ReadonlySet<string> {
  const { boundary, trust } = role;
  const bound = boundary.observed ? boundary.value?.version : undefined;
  const texts = [...listPolicyTexts(role), ...(bound?.observed ? [bound.value.text] : [])];
  return new Set([...texts.flatMap((text) => listKeys(text, inPolicies)), ...listKeys(trust, inTrust)]);
}

function listKeys(text: string, pattern: RegExp): readonly string[] {
  const { version, statements = [] } = tryParsePolicy(text) ?? {};
  // Only this version has variables (docs/aws-facts.md, "Policy variables").
  const hasVariables = version === "2012-10-17";
  return statements
    .flatMap((statement) => [
      ...statement.conditions.map(({ key }) => key),
      ...(hasVariables ? listVariables(statement) : []),
    ])
    .flatMap((key) => pattern.exec(key)?.[1]?.toLowerCase() ?? []);
}

// A variable may have a default value: ${aws:PrincipalTag/team, 'none'}.
function listVariables({ resources, conditions }: PolicyStatement): readonly string[] {
  const texts = [...(resources?.entries ?? []), ...conditions.flatMap(({ values }) => values)];
  return texts.flatMap((text) =>
    [...text.matchAll(variable)].map(([, written = ""]) => written.split(",", 1).join("").trim()),
  );
}

/**
 * Whether a trust policy lets in anybody but services, such as a role or an identity provider. True for one that cannot be
 * parsed.
 */
export function mayHaveCallers(trust: string): boolean {
  const statements = tryParsePolicy(trust)?.statements;
  if (statements === undefined) return true;
  return statements.some(
    ({ effect, principals }) =>
      effect === "Allow" &&
      (principals === undefined ||
        principals.negated ||
        principals.entries.some(({ type }) => type !== "Service")),
  );
}
