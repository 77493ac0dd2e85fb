import type { Clause, PolicyDocument, PolicyStatement } from "./document.ts";
import { holdsCondition, type RequestContext, readContext, resolveTemplate } from "./evaluation.ts";
import type { PolicyPrincipal, PolicyRequest } from "./grant.ts";
import { coversPrincipal, normalisePrincipal } from "./principal.ts";
import { parseTemplate } from "./template.ts";
import { matchesArn, matchesText } from "./text-match.ts";

/** What documents say to a request: an explicit deny goes before every allow, and no allow is a deny too. */
export type Decision = "allowed" | "explicitDeny" | "implicitDeny";

/** What `decide` may take for granted. */
export interface DecisionOptions {
  /** Where bare account ids belong; `aws` when left out. */
  readonly partition?: string;
}

/**
 * Decides one request as IAM does (IAM User Guide: policy evaluation logic), directly from the documents.
 * It shares no step with `comparePolicies`, which has its every example confirmed here.
 */
export function decide(
  request: PolicyRequest,
  documents: readonly PolicyDocument[],
  { partition = "aws" }: DecisionOptions = {},
): Decision {
  const context = readContext(request);
  const asked = {
    ...request,
    action: request.action.toLowerCase(),
    // An action without resources asks for `*`: one in every segment, which only wildcards match.
    ...(request.resource === "*" && { resource: "*:*:*:*:*:*" }),
  };
  let allowed = false;
  for (const document of documents) {
    for (const statement of document.statements) {
      if (!appliesTo(statement, document, asked, context, partition)) continue;
      if (statement.effect === "Deny") return "explicitDeny";
      allowed = true;
    }
  }
  return allowed ? "allowed" : "implicitDeny";
}

function appliesTo(
  { actions, resources, principals, conditions }: PolicyStatement,
  { version }: PolicyDocument,
  { action, resource, principal }: PolicyRequest,
  context: RequestContext,
  partition: string,
): boolean {
  return (
    selects(actions, (pattern) => matchesAction(pattern, action)) &&
    (resources === undefined ||
      (resource !== undefined &&
        selects(
          resources,
          (text) =>
            text === "*" ||
            matchesArn(parseTemplate(text, version), resource, (part) => resolveTemplate(part, context)),
        ))) &&
    (principals === undefined ||
      (principal !== undefined && selects(principals, (entry) => covers(entry, principal, partition)))) &&
    conditions.every((condition) => holdsCondition(condition, context, version))
  );
}

/** Whether a pattern of actions, in any case, matches an action in lower case. */
export function matchesAction(pattern: string, action: string): boolean {
  if (pattern.includes("*") || pattern.includes("?")) {
    return matchesText(parseTemplate(pattern.toLowerCase(), undefined), action);
  }
  return pattern.length === action.length && pattern.toLowerCase() === action;
}

/** A clause without entries has no effect, whether it is Action or NotAction. */
function selects<Entry>({ negated, entries }: Clause<Entry>, matches: (entry: Entry) => boolean): boolean {
  return entries.length > 0 && entries.some(matches) !== negated;
}

function covers(entry: PolicyPrincipal, principal: PolicyPrincipal, partition: string): boolean {
  return coversPrincipal(normalisePrincipal(entry, partition), normalisePrincipal(principal, partition));
}
