import { decide } from "@drift-guard/policy/decide";
import type { PolicyDocument, PolicyStatement } from "@drift-guard/policy/document";
import type { PolicyRequest } from "@drift-guard/policy/grant";
import type { DefinitionUse, Need } from "../batch/role-use.ts";
import { parseArn } from "../model/arn.ts";
import type { ResourceFacts } from "../model/resource-facts.ts";
import type { Role } from "../model/role.ts";
import { tryParsePolicy } from "../policy-json.ts";
import { resourcesOf } from "./need-resources.ts";

/** An execution role, and what its needs are judged by. */
export interface NeedsQuestion {
  readonly role: Role;
  readonly uses: readonly DefinitionUse[];
  /** Facts about secrets, parameters and keys, by ARN; what is absent here could not be read. */
  readonly facts: ReadonlyMap<string, ResourceFacts>;
}

/** Whether a role has a permission that a job definition needs. */
export type NeedJudgement =
  | { readonly kind: "met" }
  /**
   * `instead` names what else could allow it and was not read. `blocked` names the policy of a secret or key that does not
   * allow it, so that no policy of the role is enough.
   */
  | { readonly kind: "missing"; readonly instead?: string; readonly blocked?: string }
  | { readonly kind: "denied" }
  | { readonly kind: "undecided"; readonly why: string };

/** Parses the role's policies. `unread` has a sentence for each that cannot be read. */
export function readRolePolicies(role: Role): {
  readonly documents: readonly PolicyDocument[];
  readonly unread: readonly string[];
} {
  const documents: PolicyDocument[] = [];
  const unread: string[] = [];
  const read = (name: string, text: string) => {
    const document = tryParsePolicy(text);
    if (document) documents.push(document);
    else unread.push(`The policy ${name} cannot be read.`);
  };
  for (const { name, text } of role.inline) read(name, text);
  for (const { arn, version } of role.attached) {
    if (version.observed) read(arn, version.value.text);
    else unread.push(version.why);
  }
  return { documents, unread };
}

/**
 * Judges one need by the role's policies and, if it is known, the policy of the secret or key itself. `known` is undefined
 * if the secret or key was not read.
 */
export function judgeNeed(
  need: Need,
  role: Role,
  documents: readonly PolicyDocument[],
  known: ResourceFacts | undefined,
): NeedJudgement {
  const own = judgeByRole(need, role, documents);
  if (own.kind === "denied" || need.what === "parameter" || need.what === "log") return own;
  const foreign = parseArn(need.resource)?.account !== role.account;
  const what = need.what === "key" ? "key" : "secret";
  if (!known) {
    if (own.kind === "missing" && !foreign) {
      return { kind: "missing", instead: `the ${what}'s own policy was not read and may allow it` };
    }
    if (own.kind === "met" && foreign) {
      return {
        kind: "undecided",
        why: `the ${what} belongs to another account, and its policy was not read`,
      };
    }
    return own;
  }
  const policy = known.policy === null ? [] : [tryParsePolicy(known.policy)];
  if (policy.includes(undefined))
    return { kind: "undecided", why: `the ${what}'s own policy cannot be read` };
  const resourcePolicy = policy.filter((document) => document !== undefined);
  const given = judgeBy(
    { ...request(need, role, []), principal: { type: "AWS", id: role.arn } },
    need.what === "key" ? resourcePolicy : resourcePolicy.map(withoutAccounts),
  );
  if (given.kind === "denied" || given.kind === "undecided") return given;
  if (foreign || need.what === "key") {
    // The policy of another account's secret and of any key must allow the role. A key's policy may leave the decision to
    // IAM policies by naming the account.
    if (given.kind === "missing") {
      return {
        kind: "missing",
        blocked: `the ${what}'s own policy does not allow it: its owner must add the role`,
      };
    }
    const directly = judgeBy(
      { ...request(need, role, []), principal: { type: "AWS", id: role.arn } },
      resourcePolicy.map(withoutAccounts),
    );
    return !foreign && directly.kind === "met" ? directly : own;
  }
  return given.kind === "met" ? given : own;
}

/** Judges a need by the role's policies alone. */
export function judgeByRole(need: Need, role: Role, documents: readonly PolicyDocument[]): NeedJudgement {
  const judged = judgeBy(request(need, role, documents), documents);
  if (need.what !== "log" || judged.kind !== "missing") return judged;
  // T11: a policy may name the log group without `:*`.
  const [, bare = need.resource] = resourcesOf(need, undefined);
  const byName = judgeBy({ ...request(need, role, documents), resource: bare }, documents);
  return byName.kind === "denied" ? judged : byName;
}

// An account as principal of a resource policy leaves the decision to that account's IAM policies.
function withoutAccounts(document: PolicyDocument): PolicyDocument {
  return {
    ...document,
    statements: document.statements.map((statement) =>
      statement.effect === "Deny" || !statement.principals || statement.principals.negated
        ? statement
        : {
            ...statement,
            principals: {
              negated: false,
              entries: statement.principals.entries.filter(({ id }) => !/^\d{12}$|:root$/.test(id)),
            },
          },
    ),
  };
}

/** Evaluates a request of which some condition keys are unknown: undecided if the result depends on a condition. */
function judgeBy(asked: PolicyRequest, documents: readonly PolicyDocument[]): NeedJudgement {
  const decideWith = (keep: (statement: PolicyStatement) => boolean, bare: boolean) =>
    decide(
      asked,
      documents.map((document) => ({
        ...document,
        statements: document.statements
          .filter(keep)
          .map((statement) => (bare ? { ...statement, conditions: [] } : statement)),
      })),
    );
  const denies = ({ effect }: PolicyStatement) => effect === "Deny";
  const allows = ({ effect }: PolicyStatement) => effect === "Allow";
  const plain = ({ conditions }: PolicyStatement) => conditions.length === 0;
  if (decideWith((statement) => denies(statement) && plain(statement), false) === "explicitDeny") {
    return { kind: "denied" };
  }
  if (decideWith(denies, true) === "explicitDeny") {
    return { kind: "undecided", why: "a Deny with conditions may deny it" };
  }
  if (decideWith(allows, false) === "allowed") return { kind: "met" };
  if (decideWith(allows, true) === "allowed") {
    return { kind: "undecided", why: "it is allowed under conditions that are not known here" };
  }
  return { kind: "missing" };
}

function request(need: Need, role: Role, documents: readonly PolicyDocument[]): PolicyRequest {
  const { service, region = "", account = "" } = parseArn(need.resource) ?? {};
  return {
    action: need.action,
    // Refused calls print this resource (docs/aws-facts.md, "Log groups").
    resource:
      need.what === "log"
        ? need.resource.replace(/:\*$/, ":log-stream:")
        : exampleOf(need.resource, documents),
    context: {
      "aws:principalaccount": role.account,
      "aws:principalarn": role.arn,
      "aws:resourceaccount": account,
      ...(region !== "" && { "aws:requestedregion": region }),
      // Secrets Manager and Parameter Store use the key on behalf of the role.
      ...(service === "kms" && {
        "kms:viaservice": [`secretsmanager.${region}.amazonaws.com`, `ssm.${region}.amazonaws.com`],
      }),
    },
  };
}

/**
 * Returns an ARN that a need stands for: one that the policies name, if any, else with a letter for each `?`. Here a `?`
 * is a letter or digit of a secret's suffix, so that the wildcards of `@drift-guard/policy` do not fit.
 */
export function exampleOf(resource: string, documents: readonly PolicyDocument[]): string {
  if (!resource.includes("?")) return resource;
  const pattern = new RegExp(
    `^${resource.replace(/[.*+^$()[\]{}|\\]/g, "\\$&").replaceAll("?", "[A-Za-z0-9]")}$`,
  );
  const named = documents
    .flatMap(({ statements }) => statements)
    .filter(({ effect }) => effect === "Allow")
    .flatMap(({ resources }) => resources?.entries ?? [])
    .find((entry) => pattern.test(entry));
  return named ?? resource.replaceAll("?", "A");
}
