import type { Clause, PolicyDocument, PolicyObject, PolicyStatement } from "../model/document.ts";
import type { PolicyPrincipal, PolicyRequest } from "../model/grant.ts";
import { toDocument } from "../syntax/parse.ts";
import { canonicalPrincipal, coversPrincipal } from "../syntax/principal.ts";
import { foldText, parseTokens } from "../syntax/tokens.ts";
import { holdsCondition, type RequestContext, readContext, resolveVariables } from "./conditions.ts";
import { matchesArn, matchesText } from "./glob.ts";

/** The decision on a request: an explicit deny overrides every allow; without any allow it is an implicit deny. */
export type Decision = "allowed" | "explicitDeny" | "implicitDeny";

/** Settings of `decide`. */
export interface DecisionOptions {
  /** `aws` if left out. A bare account id stands for its root ARN in this partition. */
  readonly partition?: string;
}

/**
 * Decides a request as IAM does (IAM User Guide, "Policy evaluation logic"), directly from the documents. Throws
 * `PolicySyntaxError` if an object is not a policy.
 *
 * This is the independent check of `comparePolicies`, which confirms each of its examples here. It shares only the
 * reading of texts with the comparison (`syntax`): no matching, no order of evaluation.
 */
export function decide(
  request: PolicyRequest,
  documents: readonly (PolicyDocument | PolicyObject)[],
  { partition = "aws" }: DecisionOptions = {},
): Decision {
  const prepared = prepareRequest(request, partition);
  let allowed = false;
  for (const document of documents.map(toDocument)) {
    for (const statement of document.statements) {
      if (!elements.every((element) => matchers[element](statement, document, prepared))) continue;
      if (statement.effect === "Deny") return "explicitDeny";
      allowed = true;
    }
  }
  return allowed ? "allowed" : "implicitDeny";
}

/** A request with action and context keys in lower case, ready to be matched against many statements. */
export interface PreparedRequest extends PolicyRequest {
  readonly keys: RequestContext;
  readonly partition: string;
}

/** Prepares a request for matching. Bare account ids belong to the partition. */
export function prepareRequest(request: PolicyRequest, partition: string): PreparedRequest {
  return {
    ...request,
    action: foldText(request.action),
    // An action that has no resource is requested on `*`: as an ARN of six stars, which only wildcards match.
    ...(request.resource === "*" && { resource: "*:*:*:*:*:*" }),
    keys: readContext(request),
    partition,
  };
}

/** The elements by which a statement selects requests, whether written positively or as NotAction and the like. */
type StatementElement = "action" | "resource" | "principal" | "condition";

const elements: readonly StatementElement[] = ["action", "resource", "principal", "condition"];

type ElementMatcher = (
  statement: PolicyStatement,
  document: PolicyDocument,
  request: PreparedRequest,
) => boolean;

const matchers: Readonly<Record<StatementElement, ElementMatcher>> = {
  action: ({ actions }, _, { action }) => selects(actions, (pattern) => matchesAction(pattern, action)),
  resource: ({ resources, principals }, { version }, { resource, keys }) =>
    !resources ||
    (resource !== undefined &&
      selects(
        resources,
        (text) =>
          text === "*" ||
          matchesArn(
            parseTokens(text, version),
            resource,
            (part) => resolveVariables(part, keys),
            // In an identity policy, AWS completes a short ARN with wildcards (IAM User Guide, "IAM identifiers").
            !principals && text.startsWith("arn:"),
          ),
      )),
  principal: ({ principals }, _, { principal, partition }) =>
    !principals ||
    (principal !== undefined && selects(principals, (entry) => covers(entry, principal, partition))),
  condition: ({ conditions }, { version }, { keys }) =>
    conditions.every((condition) => holdsCondition(condition, keys, version)),
};

/**
 * Returns the elements of a statement that do not match a request; only `action` if the statement is about other
 * actions. Empty if the statement matches.
 */
export function listUnmetElements(
  statement: PolicyStatement,
  document: PolicyDocument,
  request: PreparedRequest,
): readonly StatementElement[] {
  if (!matchers.action(statement, document, request)) return ["action"];
  return elements.filter((element) => !matchers[element](statement, document, request));
}

/** Whether an action pattern matches an action in lower case. The case of the pattern does not matter. */
export function matchesAction(pattern: string, action: string): boolean {
  if (pattern.includes("*") || pattern.includes("?")) {
    return matchesText(parseTokens(foldText(pattern), undefined), action);
  }
  return pattern.length === action.length && foldText(pattern) === action;
}

/** Whether a clause selects something. A clause without entries selects nothing, also if it is negated. */
function selects<Entry>({ negated, entries }: Clause<Entry>, matches: (entry: Entry) => boolean): boolean {
  return entries.length > 0 && entries.some(matches) !== negated;
}

function covers(entry: PolicyPrincipal, principal: PolicyPrincipal, partition: string): boolean {
  return coversPrincipal(canonicalPrincipal(entry, partition), canonicalPrincipal(principal, partition));
}
