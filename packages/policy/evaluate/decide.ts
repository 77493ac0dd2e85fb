import type { Clause, PolicyDocument, PolicyObject, PolicyStatement } from "../model/document.ts";
import type { PolicyPrincipal, PolicyRequest } from "../model/grant.ts";
import { toDocument } from "../syntax/parse.ts";
import { canonicalPrincipal, coversPrincipal } from "../syntax/principal.ts";
import { foldText, parseTokens } from "../syntax/tokens.ts";
import { holdsCondition, type RequestContext, readContext, resolveVariables } from "./conditions.ts";
import { matchesArn, matchesText } from "./glob.ts";

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
  documents: readonly (PolicyDocument | PolicyObject)[],
  { partition = "aws" }: DecisionOptions = {},
): Decision {
  const asked = prepareRequest(request, partition);
  let allowed = false;
  for (const document of documents.map(toDocument)) {
    for (const statement of document.statements) {
      if (!elements.every((element) => meets[element](statement, document, asked))) continue;
      if (statement.effect === "Deny") return "explicitDeny";
      allowed = true;
    }
  }
  return allowed ? "allowed" : "implicitDeny";
}

/** A request as the elements of statements are held against it. */
export interface PreparedRequest extends PolicyRequest {
  readonly keys: RequestContext;
  readonly partition: string;
}

/** Makes a request ready to be held against many statements; bare account ids belong to the partition. */
export function prepareRequest(request: PolicyRequest, partition: string): PreparedRequest {
  return {
    ...request,
    action: foldText(request.action),
    // An action without resources asks for `*`: one in every segment, which only wildcards match.
    ...(request.resource === "*" && { resource: "*:*:*:*:*:*" }),
    keys: readContext(request),
    partition,
  };
}

/** What a statement selects requests by. */
type StatementElement = "action" | "resource" | "principal" | "condition";

const elements: readonly StatementElement[] = ["action", "resource", "principal", "condition"];

type Meeting = (statement: PolicyStatement, document: PolicyDocument, asked: PreparedRequest) => boolean;

const meets: Readonly<Record<StatementElement, Meeting>> = {
  action: ({ actions }, _, { action }) => selects(actions, (pattern) => matchesAction(pattern, action)),
  resource: ({ resources, principals }, { version }, { resource, keys }) =>
    resources === undefined ||
    (resource !== undefined &&
      selects(
        resources,
        (text) =>
          text === "*" ||
          matchesArn(
            parseTokens(text, version),
            resource,
            (part) => resolveVariables(part, keys),
            // In an identity policy AWS completes an ARN (IAM User Guide: IAM identifiers).
            principals === undefined && text.startsWith("arn:"),
          ),
      )),
  principal: ({ principals }, _, { principal, partition }) =>
    principals === undefined ||
    (principal !== undefined && selects(principals, (entry) => covers(entry, principal, partition))),
  condition: ({ conditions }, { version }, { keys }) =>
    conditions.every((condition) => holdsCondition(condition, keys, version)),
};

/** The elements of a statement that keep a request from it; of one that is about other actions no more than that. */
export function listUnmetElements(
  statement: PolicyStatement,
  document: PolicyDocument,
  asked: PreparedRequest,
): readonly StatementElement[] {
  if (!meets.action(statement, document, asked)) return ["action"];
  return elements.filter((element) => !meets[element](statement, document, asked));
}

/** Whether a pattern of actions, in any case, matches an action in lower case. */
export function matchesAction(pattern: string, action: string): boolean {
  if (pattern.includes("*") || pattern.includes("?")) {
    return matchesText(parseTokens(foldText(pattern), undefined), action);
  }
  return pattern.length === action.length && foldText(pattern) === action;
}

/** A clause without entries has no effect, whether it is Action or NotAction. */
function selects<Entry>({ negated, entries }: Clause<Entry>, matches: (entry: Entry) => boolean): boolean {
  return entries.length > 0 && entries.some(matches) !== negated;
}

function covers(entry: PolicyPrincipal, principal: PolicyPrincipal, partition: string): boolean {
  return coversPrincipal(canonicalPrincipal(entry, partition), canonicalPrincipal(principal, partition));
}
