import { decide } from "@drift-guard/policy/decide";
import type { PolicyDocument, PolicyStatement } from "@drift-guard/policy/document";
import type { PolicyRequest } from "@drift-guard/policy/grant";
import { parsePolicy } from "@drift-guard/policy/parse";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import { type DefinitionUse, type Need, tellUse } from "../batch/role-use.ts";
import type { Drift, Note, Undecided } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import type { Role } from "../model/role.ts";
import type { ResourceFacts } from "../ports.ts";

/** What an execution role is held against. */
export interface NeedsQuestion {
  readonly role: Role;
  readonly uses: readonly DefinitionUse[];
  /** What is known of secrets, parameters and keys, by ARN; what is not in here could not be read. */
  readonly facts: ReadonlyMap<string, ResourceFacts>;
}

interface Demand {
  readonly need: Need;
  /** Every definition that has the need. */
  readonly uses: readonly DefinitionUse[];
}

type Judgement =
  | { readonly kind: "met" }
  /** `instead` says what else could give it, where that was not read. */
  | { readonly kind: "missing"; readonly instead?: string }
  | { readonly kind: "denied" }
  | { readonly kind: "undecided"; readonly why: string };

const mostTold = 12;

/**
 * Which of the grants that job definitions need their execution role does not give (R45, R46): pairs of action and
 * resource, each given by the role or, in the same account, by the secret's or key's own policy.
 */
export function evaluateNeeds(question: NeedsQuestion): readonly (Drift | Undecided)[] {
  const { role, uses } = question;
  const { documents, unread } = readDocuments(role);
  const judged = listDemands(question).map((demand) => ({
    demand,
    judgement: judge(demand.need, role, documents, question.facts),
  }));
  const lacking = judged.filter(({ judgement: { kind } }) => kind === "missing" || kind === "denied");
  // A policy that cannot be read may give what the others do not.
  const lost = unread.length > 0 ? [] : lacking;
  const reasons = [
    ...judged.flatMap(({ demand, judgement }) =>
      judgement.kind === "undecided" ? [`${tellDemand(demand)}: ${judgement.why}`] : [],
    ),
    ...(unread.length > 0 ? lacking.map(({ demand }) => `${tellDemand(demand)}: ${unread.join(" ")}`) : []),
    ...uses.flatMap((use) => use.unread.map((why) => `${tellUse(use)}: ${why}`)),
  ];
  return [
    ...(lost.length > 0 ? [missing(lost)] : []),
    ...(reasons.length > 0
      ? [{ kind: "undecided", part: "permissions", reasons: bound([...new Set(reasons)]) } as const]
      : []),
  ];
}

function missing(lost: readonly { readonly demand: Demand; readonly judgement: Judgement }[]): Drift {
  const sentences = lost.map(({ demand, judgement }) => {
    const denied = judgement.kind === "denied" ? ", and a Deny takes it away" : "";
    const instead = judgement.kind === "missing" && judgement.instead ? ` (${judgement.instead})` : "";
    return `${tellDemand(demand)}${denied}${instead}`;
  });
  const curable = lost.filter(({ judgement }) => judgement.kind === "missing");
  return {
    kind: "drift",
    part: "permissions",
    side: "missing",
    grants: grantsOf(lost.map(({ demand }) => demand.need)),
    denies: [],
    detail: `${bound(sentences).join("; ")}.`,
    ...(curable.length > 0 && { cure: minimalPolicy(curable.map(({ demand }) => demand.need)) }),
  };
}

function bound(texts: readonly string[]): readonly string[] {
  if (texts.length <= mostTold) return texts;
  return [...texts.slice(0, mostTold), `and ${texts.length - mostTold} more`];
}

/** The smallest inline policy that gives every need, as JSON text. */
export function minimalPolicy(needs: readonly Need[]): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: grantsOf(needs).map(({ actions, resources }) => ({
      Effect: "Allow",
      Action: actions,
      Resource: resources,
    })),
  });
}

function grantsOf(needs: readonly Need[]): readonly Grant[] {
  return [...Map.groupBy(needs, ({ action }) => action)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([action, same]) => ({
      actions: [action],
      resources: [...new Set(same.map(({ resource }) => resource))].sort(),
      conditions: [],
      statements: [],
    }));
}

function listDemands({ uses, facts }: NeedsQuestion): readonly Demand[] {
  const demands = new Map<string, { need: Need; uses: DefinitionUse[] }>();
  const demand = (need: Need, use: DefinitionUse) => {
    const key = `${need.action} ${need.resource}`;
    const known = demands.get(key);
    if (known) known.uses.push(use);
    else demands.set(key, { need, uses: [use] });
  };
  for (const use of uses) {
    for (const need of use.needs) {
      demand(need, use);
      const key = facts.get(need.resource)?.key;
      // A key of AWS's own lets everybody decrypt who may read the secret (R45, R46).
      if (key) demand({ action: "kms:Decrypt", resource: key, what: "key", at: need.at }, use);
    }
  }
  return [...demands.values()];
}

function tellDemand({ need, uses }: Demand): string {
  const [first, ...others] = uses;
  const who = first === undefined ? "a job definition" : tellUse(first);
  const more = others.length > 0 ? ` and ${others.length} more` : "";
  return `${who}${more} needs ${need.action} on ${need.resource} (${need.at})`;
}

function readDocuments(role: Role): {
  readonly documents: readonly PolicyDocument[];
  readonly unread: readonly string[];
} {
  const documents: PolicyDocument[] = [];
  const unread: string[] = [];
  const read = (name: string, text: string) => {
    const document = tryParse(text);
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

function tryParse(text: string): PolicyDocument | undefined {
  try {
    return parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicySyntaxError) return undefined;
    throw error;
  }
}

function judge(
  need: Need,
  role: Role,
  documents: readonly PolicyDocument[],
  facts: ReadonlyMap<string, ResourceFacts>,
): Judgement {
  const own = judgeBy(request(need, role, documents), documents);
  if (own.kind === "denied" || need.what === "parameter" || need.what === "log") return own;
  const known = facts.get(need.resource);
  const foreign = accountOf(need.resource) !== role.account;
  const what = need.what === "key" ? "key" : "secret";
  if (!known) {
    if (own.kind === "missing" && !foreign) {
      return { kind: "missing", instead: `the ${what}'s own policy was not read, and could give it too` };
    }
    if (own.kind === "met" && foreign) {
      return { kind: "undecided", why: `the ${what} is another account's, whose policy was not read` };
    }
    return own;
  }
  const policy = known.policy === null ? [] : [tryParse(known.policy)];
  if (policy.includes(undefined))
    return { kind: "undecided", why: `the ${what}'s own policy cannot be read` };
  const resourcePolicy = policy.filter((document) => document !== undefined);
  const given = judgeBy(
    { ...request(need, role, []), principal: { type: "AWS", id: role.arn } },
    need.what === "key" ? resourcePolicy : resourcePolicy.map(withoutAccounts),
  );
  if (given.kind === "denied" || given.kind === "undecided") return given;
  if (foreign || need.what === "key") {
    // Another account's policy, and a key's, must let the role in; a key's may leave it to IAM by naming the account.
    if (given.kind === "missing") return given;
    const directly = judgeBy(
      { ...request(need, role, []), principal: { type: "AWS", id: role.arn } },
      resourcePolicy.map(withoutAccounts),
    );
    return !foreign && directly.kind === "met" ? directly : own;
  }
  return given.kind === "met" ? given : own;
}

// An account in a resource policy lets its owner's IAM policies decide; it gives nothing to a role by itself.
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

/** What documents say to a request whose context is known in part. */
function judgeBy(asked: PolicyRequest, documents: readonly PolicyDocument[]): Judgement {
  const says = (keep: (statement: PolicyStatement) => boolean, bare: boolean) =>
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
  if (says((statement) => denies(statement) && plain(statement), false) === "explicitDeny") {
    return { kind: "denied" };
  }
  if (says(denies, true) === "explicitDeny") {
    return { kind: "undecided", why: "a Deny takes it away under conditions" };
  }
  if (says(allows, false) === "allowed") return { kind: "met" };
  if (says(allows, true) === "allowed") {
    return { kind: "undecided", why: "it is given under conditions that cannot be known here" };
  }
  return { kind: "missing" };
}

function request(need: Need, role: Role, documents: readonly PolicyDocument[]): PolicyRequest {
  const [, , service = "", region = "", account = ""] = need.resource.split(":");
  return {
    action: need.action,
    resource: exampleOf(need.resource, documents),
    context: {
      "aws:principalaccount": role.account,
      "aws:principalarn": role.arn,
      "aws:resourceaccount": account,
      ...(region !== "" && { "aws:requestedregion": region }),
      // Secrets Manager and Parameter Store ask for the key on the role's behalf.
      ...(service === "kms" && {
        "kms:viaservice": [`secretsmanager.${region}.amazonaws.com`, `ssm.${region}.amazonaws.com`],
      }),
    },
  };
}

/** An ARN that the need's pattern stands for: one that the role's policies name, where they name one. */
function exampleOf(resource: string, documents: readonly PolicyDocument[]): string {
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

function accountOf(arn: string): string | undefined {
  return arn.split(":")[4];
}

const secretActions = ["secretsmanager:GetSecretValue", "ssm:GetParameters"];

/** Grants on secrets and parameters that no active job definition uses: nothing is wrong with them but that. */
export function findUnusedGrants({ role, uses }: NeedsQuestion): readonly Note[] {
  // What cannot be understood may be what uses them.
  if (uses.length === 0 || uses.some(({ unread }) => unread.length > 0)) return [];
  const needs = uses.flatMap((use) => use.needs);
  const { documents } = readDocuments(role);
  const unused = documents.flatMap((document) =>
    document.statements.flatMap((statement): readonly Need[] => {
      const { effect, actions, resources } = statement;
      if (effect === "Deny" || actions.negated || !resources || resources.negated) return [];
      return secretActions.flatMap((action) =>
        resources.entries.flatMap((resource) => {
          const entry = {
            ...document,
            statements: [
              { ...statement, conditions: [], resources: { negated: false, entries: [resource] } },
            ],
          };
          const gives = (asked: Pick<Need, "action" | "resource">) =>
            decide({ ...asked, resource: exampleOf(asked.resource, [entry]), context: {} }, [entry]) ===
            "allowed";
          const example = { action, resource: resource.replaceAll("*", "x").replaceAll("?", "x") };
          if (!namesSecrets(resource, action) || !gives(example)) return [];
          return needs.some((need) => need.action === action && gives(need))
            ? []
            : [{ action, resource, what: "secret", at: "" }];
        }),
      );
    }),
  );
  if (unused.length === 0) return [];
  return [
    {
      kind: "note",
      part: "permissions",
      topic: "unused-grants",
      details: ["No active job definition with this execution role uses these secrets and parameters."],
      grants: grantsOf(unused),
    },
  ];
}

// `*` stands for more than secrets, and is told where it is too much.
function namesSecrets(resource: string, action: string): boolean {
  return resource.startsWith("arn:") && resource.split(":")[2] === action.split(":")[0];
}
