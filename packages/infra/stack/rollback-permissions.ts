import type { Config, GuardedRole } from "@drift-guard/core/config/config";
import { isNamePattern } from "@drift-guard/core/config/name-pattern";
import { isOff, type RollbackChoice, type RollbackMode } from "@drift-guard/core/config/rollback-choice";
import { ConfigError } from "@drift-guard/core/errors";
import { strictnessOf } from "@drift-guard/core/evaluate/evaluate";
import { isOwnedByAws } from "@drift-guard/core/model/managed-policy";
import { findReference, localiseReference } from "@drift-guard/core/reference/built-in";
import type { Reference } from "@drift-guard/core/reference/reference";

/** What the permissions of rollback are generated for. */
export interface RollbackScope {
  readonly config: Pick<Config, "roles" | "references">;
  /** 12 digits. */
  readonly account: string;
  readonly partition: string;
  /** ARN of the function, from whose code alone the calls may come. */
  readonly functionArn: string;
  /** What the names of the guard's own roles and policies begin with, such as `drift-guard-production-`. */
  readonly ownPrefix: string;
}

/** A policy as IAM takes it. */
export interface PolicyText {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
}

/** A statement of a policy. */
export interface PolicyStatement {
  readonly Effect: "Allow" | "Deny";
  readonly Action?: readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Condition;
}

type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** Calls on one resource, under one condition. */
interface Grant {
  readonly actions: readonly string[];
  readonly condition?: Condition;
  readonly resource: string;
}

/** Whether rollback writes in this mode: `simulate` only records what it would write. */
const writes = (mode: RollbackMode) => mode === "approve" || mode === "automatic";

/**
 * Lists the roles for which the owner switched a side of rollback on, simulation included. Patterns and service-linked
 * roles are never among them.
 */
export function listRolledBackRoles({ roles, references }: RollbackScope["config"]): [string, GuardedRole][] {
  return Object.entries(roles).filter(
    ([name, { rollback, reference }]) =>
      !isNamePattern(name) &&
      !isOff(rollback) &&
      findReference(reference ?? name, references)?.serviceLinked === undefined,
  );
}

/** Most characters of a managed policy, white space not counted (docs/aws-facts.md, "IAM limits"). */
const policyLength = 6144;
/** Managed policies that IAM attaches to a role where the account's quota was not raised (same section). */
const policiesOfRole = 10;

/**
 * Returns the managed policies of rollback's role: reading and writing the roles that the owner lets it roll back, as far
 * as a mode can plan the calls. Roles with equal permissions share a statement. Throws `ConfigError` where the policies
 * do not fit IAM's default quotas.
 */
export function generateRollbackPolicies(scope: RollbackScope): readonly PolicyText[] {
  const { account, partition, functionArn, ownPrefix, config } = scope;
  const iam = (resource: string) => `arn:${partition}:iam::${account}:${resource}`;
  const roles = listRolledBackRoles(config);
  const own = roles.find(([name]) => name.toLowerCase().startsWith(ownPrefix.toLowerCase()));
  if (own)
    throw new ConfigError(
      `The role ${own[0]} begins with ${ownPrefix}, as the guard's own roles do, which rollback never writes. Set its rollback to off, or deploy under another stage.`,
    );
  const deny: PolicyStatement = {
    Effect: "Deny",
    NotAction: ["iam:Get*", "iam:List*"],
    Resource: [iam("role/aws-service-role/*"), iam(`role/${ownPrefix}*`), iam(`policy/${ownPrefix}*`)],
  };
  const grants = [
    // Any policy may be attached to a role, and any may be its boundary.
    ...[iam("policy/*"), `arn:${partition}:iam::aws:policy/*`].map((resource) => ({
      actions: policyReads,
      resource,
    })),
    ...roles.flatMap(([name, role]) => [
      // At any path. The star also admits roles whose names end like this one: exact names would take twice the characters.
      { actions: roleReads, resource: iam(`role/*${name}`) },
      ...listWrites(name, role, scope),
    ]),
  ];
  const bound = joinGrants(grants).map((statement) => ({
    ...statement,
    Condition: addCondition(statement.Condition, "ArnEquals", "lambda:SourceFunctionArn", functionArn),
  }));
  const policies = pack([deny, ...bound]);
  if (policies.length > policiesOfRole)
    throw new ConfigError(
      `The permissions to roll back ${roles.length} roles need ${policies.length} managed policies of ${policyLength} characters, and IAM attaches ${policiesOfRole} to a role by default.\nRoles with the same reference and the same rollback modes share statements: let more roles share them, remove paths that no role has (paths), or set rollback to off where it is not needed.`,
    );
  return policies;
}

const policyReads = [
  "iam:GetPolicy",
  "iam:GetPolicyVersion",
  "iam:ListEntitiesForPolicy",
  "iam:ListPolicyVersions",
];
const roleReads = [
  "iam:GetRole",
  "iam:GetRolePolicy",
  "iam:ListAttachedRolePolicies",
  "iam:ListInstanceProfilesForRole",
  "iam:ListRolePolicies",
];

/** Lists the calls that a plan for a role can hold, at the configured paths of the role. */
function listWrites(
  name: string,
  guarded: GuardedRole,
  { config, account, partition }: RollbackScope,
): Grant[] {
  const found = findReference(guarded.reference ?? name, config.references);
  if (!found) return [];
  const reference = localiseReference(found, partition);
  const resources = guarded.paths
    .filter((path) => !path.startsWith("/aws-service-role/"))
    .map((path) => `arn:${partition}:iam::${account}:role${path}${name}`);
  const calls = listRoleCalls(reference, guarded);
  return [
    ...resources.flatMap((resource) => calls.map((call) => ({ ...call, resource }))),
    ...listPolicyCalls(reference, guarded.rollback),
  ];
}

/** Lists the calls on a role that a plan can hold under the owner's choices. */
function listRoleCalls(reference: Reference, guarded: GuardedRole): readonly Omit<Grant, "resource">[] {
  const { sessions, ...modes } = guarded.rollback;
  const [excess, missing, altered] = [writes(modes.excess), writes(modes.missing), writes(modes.altered)];
  const any = excess || missing || altered;
  const { trust, attachments: required, tags: keys } = strictnessOf(reference, guarded);
  const { attachments, floor, boundary, description, maxSession, tags } = reference;
  const hasTags = Object.keys(tags ?? {}).length > 0;
  const expected = attachments.map(({ arn }) => arn);
  const revokes = any && sessions === "revoke";
  const calls = [
    ...((missing && trust !== "off") || (excess && trust === "exact") ? ["iam:UpdateAssumeRolePolicy"] : []),
    // Removing excess rewrites a policy that also holds a Deny or what the role needs.
    ...(excess || revokes || (missing && floor) ? ["iam:PutRolePolicy"] : []),
    ...(excess || revokes ? ["iam:DeleteRolePolicy"] : []),
    ...(excess ? ["iam:DetachRolePolicy"] : []),
    ...((missing || altered) && boundary === "none" ? ["iam:DeleteRolePermissionsBoundary"] : []),
    ...(altered && (description ?? maxSession) !== undefined ? ["iam:UpdateRole"] : []),
    ...(altered && hasTags ? ["iam:TagRole"] : []),
    ...(altered && tags && keys === "closed" ? ["iam:UntagRole"] : []),
  ];
  return [
    ...(missing && required === "required" && expected.length > 0
      ? [{ actions: ["iam:AttachRolePolicy"], condition: { ArnEquals: { "iam:PolicyARN": expected } } }]
      : []),
    // A negated operator holds where the request has no such key, as all of these calls but DetachRolePolicy.
    ...(calls.length === 0
      ? []
      : [
          {
            actions: calls,
            ...(excess &&
              expected.length > 0 && { condition: { ArnNotEquals: { "iam:PolicyARN": expected } } }),
          },
        ]),
    ...(typeof boundary === "object" && any
      ? [
          {
            actions: ["iam:PutRolePermissionsBoundary"],
            // AWS compares this key as a string in its examples, and iam:PolicyARN as an ARN.
            condition: { StringEquals: { "iam:PermissionsBoundary": boundary.arn } },
          },
        ]
      : []),
  ];
}

/** Lists the calls on the reference's customer-managed policies, which other roles may share. */
function listPolicyCalls(
  { attachments, boundary }: Reference,
  { sharedPolicies, excess, missing, altered }: RollbackChoice,
): readonly Grant[] {
  if (!sharedPolicies || ![excess, missing, altered].some(writes)) return [];
  const compared = [
    ...attachments.map(({ arn }) => arn),
    ...(typeof boundary === "object" && boundary.document !== undefined ? [boundary.arn] : []),
  ];
  return [...new Set(compared)]
    .filter((arn) => !isOwnedByAws(arn))
    .map((arn) => ({
      actions: ["iam:CreatePolicyVersion", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"],
      resource: arn,
    }));
}

/** Joins the resources of equal calls under equal conditions into one statement. */
function joinGrants(grants: readonly Grant[]): readonly PolicyStatement[] {
  const groups = new Map<string, { readonly grant: Grant; readonly resources: Set<string> }>();
  for (const grant of grants) {
    const key = JSON.stringify([grant.actions, grant.condition]);
    const group = groups.get(key) ?? { grant, resources: new Set() };
    group.resources.add(grant.resource);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ grant: { actions, condition }, resources }) => ({
    Effect: "Allow",
    Action: actions,
    Resource: [...resources],
    ...(condition && { Condition: condition }),
  }));
}

function addCondition(condition: Condition = {}, operator: string, key: string, value: string): Condition {
  return { ...condition, [operator]: { ...condition[operator], [key]: value } };
}

/** Distributes statements over as few policies as their order allows; a statement may continue in the next policy. */
function pack(statements: readonly PolicyStatement[]): readonly PolicyText[] {
  const policies: PolicyStatement[][] = [[]];
  const lengthOf = (statement: unknown) => JSON.stringify(statement).length + 1;
  const empty = JSON.stringify(policyOf([])).length;
  let length = empty;
  for (const statement of statements) {
    const head = lengthOf({ ...statement, Resource: [] });
    let resources: string[] = [];
    const close = () => {
      if (resources.length > 0) policies.at(-1)?.push({ ...statement, Resource: resources });
      resources = [];
    };
    for (const resource of statement.Resource) {
      const added = lengthOf(resource) + (resources.length === 0 ? head : 0);
      if (length + added > policyLength) {
        close();
        policies.push([]);
        length = empty + head + lengthOf(resource);
      } else {
        length += added;
      }
      resources.push(resource);
    }
    close();
  }
  return policies.map(policyOf);
}

function policyOf(statements: readonly PolicyStatement[]): PolicyText {
  return { Version: "2012-10-17", Statement: statements };
}
