import type { DefinitionUse, Need, RoleUse } from "../batch/role-use.ts";
import { formatUse } from "../batch/role-use-text.ts";
import type { Drift, Undecided } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import { partOf } from "../model/part.ts";
import type { ResourceFacts } from "../model/resource-facts.ts";
import type { Role } from "../model/role.ts";
import { joinDocuments } from "../policy-json.ts";
import type { Reference } from "../reference/reference.ts";
import { needKey } from "./kms-decrypt.ts";
import {
  judgeByRole,
  judgeNeed,
  type NeedJudgement,
  type NeedsQuestion,
  readRolePolicies,
} from "./need-judgement.ts";
import { resourcesOf } from "./need-resources.ts";
import {
  explainTooLarge,
  fitsInline,
  groupNeeds,
  type NeedsPolicy,
  withoutNeedsPolicy,
  writeNeedsPolicy,
} from "./needs-policy.ts";
import { findSecretNameFault } from "./secret-names.ts";

interface Demand {
  readonly need: Need;
  /** Facts about the secret, parameter or key; undefined if it was not read. */
  readonly known: ResourceFacts | undefined;
  /** The resources by which a policy may allow the need. */
  readonly resources: readonly string[];
  /** Every definition that has the need. */
  readonly uses: readonly DefinitionUse[];
}

const maxDetails = 12;

/**
 * Returns the permissions that job definitions need and their execution role does not have (R45, R46), as one drift and
 * at most one undecided assessment. Each pair of action and resource is allowed by the role's policies or, in the same
 * account, by the policy of the secret or key.
 */
export function evaluateNeeds(question: NeedsQuestion): readonly (Drift | Undecided)[] {
  const { role, uses } = question;
  const { documents, unread } = readRolePolicies(role);
  const { demands: all, omitted } = listDemands(question);
  // No policy helps where the definition itself is wrong: `noteSecretNames` reports it.
  const demands = all.filter(
    ({ need, known }) => known || !findSecretNameFault(need, known, role, documents),
  );
  const judged = demands.map((demand) => ({
    demand,
    judgement: judgeNeed(demand.need, role, documents, demand.known),
  }));
  const lacking = judged.filter(({ judgement: { kind } }) => kind === "missing" || kind === "denied");
  // A policy that cannot be read may allow what the others do not.
  const lost = unread.length > 0 ? [] : lacking;
  const reasons = [
    ...(omitted > 0
      ? [
          `Job definitions have more than ${maxDemands} different needs of this role. ${omitted} of their needs were not looked at: use more than one execution role.`,
        ]
      : []),
    ...judged.flatMap(({ demand, judgement }) =>
      judgement.kind === "undecided" ? [`${formatDemand(demand)}: ${judgement.why}`] : [],
    ),
    ...(unread.length > 0 ? lacking.map(({ demand }) => `${formatDemand(demand)}: ${unread.join(" ")}`) : []),
    ...uses.flatMap((use) => use.unread.map((why) => `${formatUse(use)}: ${why}`)),
  ];
  return [
    ...(lost.length > 0 ? [describeMissing(lost, findFix(lost, demands, role))] : []),
    ...(reasons.length > 0
      ? [
          {
            kind: "undecided",
            part: partOf("permissions"),
            reasons: limitDetails([...new Set(reasons)]),
          } as const,
        ]
      : []),
  ];
}

interface Judged {
  readonly demand: Demand;
  readonly judgement: NeedJudgement;
}

/** Returns the policy that fixes what is lost and can be fixed by a policy of the role; undefined if nothing can. */
function findFix(lost: readonly Judged[], demands: readonly Demand[], role: Role): NeedsPolicy | undefined {
  const { documents } = readRolePolicies(role);
  const isFixable = ({ demand, judgement }: Judged) =>
    judgement.kind === "missing" && judgeByRole(demand.need, role, documents).kind === "missing";
  // One policy holds all needs of the role: PutRolePolicy replaces the one of an earlier fix.
  return lost.some(isFixable) ? writeNeedsPolicy(role, listUnmet(demands, role)) : undefined;
}

/** Returns the needs that the role's policies other than `JobDefinitionNeeds` leave to it. */
function listUnmet(demands: readonly Demand[], role: Role): readonly Need[] {
  const others = withoutNeedsPolicy(role);
  const { documents } = readRolePolicies(others);
  return demands
    .filter(
      ({ need, known }) =>
        judgeNeed(need, others, documents, known).kind === "missing" &&
        judgeByRole(need, others, documents).kind === "missing",
    )
    .map(({ need }) => need);
}

function describeMissing(lost: readonly Judged[], fix: NeedsPolicy | undefined): Drift {
  const sentences = lost.map(({ demand, judgement }) => {
    const denied = judgement.kind === "denied" ? ", and a Deny blocks it" : "";
    const reason = judgement.kind === "missing" ? (judgement.blocked ?? judgement.instead) : undefined;
    return `${formatDemand(demand)}${denied}${reason === undefined ? "" : ` (${reason})`}`;
  });
  return {
    kind: "drift",
    part: partOf("permissions"),
    side: "missing",
    grants: grantsOf(lost.map(({ demand }) => demand.need)),
    denies: [],
    // Messages cut a long detail at its end.
    detail: [...(fix ? describeLimit(fix) : []), `${limitDetails(sentences).join("; ")}.`].join(" "),
    ...(fix?.kind === "policy" && { cure: fix.document }),
  };
}

function describeLimit(fix: NeedsPolicy): readonly string[] {
  if (fix.kind === "too-large") return [explainTooLarge(fix)];
  return fix.grouped
    ? [
        "The fix allows patterns of names, because a policy of single resources is longer than IAM takes. More than one execution role would be narrower.",
      ]
    : [];
}

function limitDetails(texts: readonly string[]): readonly string[] {
  if (texts.length <= maxDetails) return texts;
  return [...texts.slice(0, maxDetails), `and ${texts.length - maxDetails} more`];
}

/** Returns a policy that allows exactly the needs, as JSON text. */
function formatNeeds(needs: readonly Pick<Need, "action" | "resource">[]): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: grantsOf(needs).map(({ actions, resources }) => ({
      Effect: "Allow",
      Action: actions,
      Resource: resources,
    })),
  });
}

// Evidence that is too large to store is cut by whole grants.
const maxResourcesPerGrant = 50;

/** Returns the grants that cover the needs: one for each action and 50 of its resources, sorted. */
export function grantsOf(needs: readonly Pick<Need, "action" | "resource">[]): readonly Grant[] {
  return [...Map.groupBy(needs, ({ action }) => action)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([action, same]) => {
      const resources = [...new Set(same.map(({ resource }) => resource))].sort();
      const count = Math.ceil(resources.length / maxResourcesPerGrant);
      return Array.from({ length: count }, (_, index) => ({
        actions: [action],
        resources: resources.slice(index * maxResourcesPerGrant, (index + 1) * maxResourcesPerGrant),
        conditions: [],
        statements: [],
      }));
    });
}

// Anyone who may register job definitions can write needs, so that they are bounded. A definition of AWS Batch has room
// for about 300 secrets.
const maxDemands = 500;

// Every permission that the definitions need, each with the definitions that need it, up to a limit; and the number of
// needs beyond it.
function listDemands({ uses, facts }: Omit<NeedsQuestion, "role">): {
  readonly demands: readonly Demand[];
  readonly omitted: number;
} {
  const demands = new Map<string, Demand & { readonly uses: DefinitionUse[] }>();
  let omitted = 0;
  const demand = (need: Need, use: DefinitionUse) => {
    const key = `${need.action} ${need.resource}`;
    const same = demands.get(key);
    if (same) same.uses.push(use);
    else if (demands.size >= maxDemands) omitted += 1;
    else {
      const known = facts.get(need.resource);
      // IAM checks the complete ARN, whatever the definition names.
      const asked = known?.arn === undefined ? need : { ...need, resource: known.arn };
      demands.set(key, { need: asked, known, resources: resourcesOf(need, known), uses: [use] });
    }
  };
  for (const use of uses) {
    for (const need of use.needs) {
      demand(need, use);
      const keyNeed = needKey(need, facts);
      if (keyNeed) demand(keyNeed, use);
    }
  }
  return { demands: [...demands.values()], omitted };
}

function formatDemand({ need, uses }: Demand): string {
  const [first, ...others] = uses;
  const who = first === undefined ? "a job definition" : formatUse(first);
  const more = others.length > 0 ? ` and ${others.length} more` : "";
  return `${who}${more} needs ${need.action} on ${need.resource} (${need.at})`;
}

/**
 * Returns the reference with the needs of job definitions added to its allowed grants: what they need is no excess (R39).
 * Where a policy of single resources is longer than IAM takes, the patterns of the fix are allowed too. `role` is left out
 * if the role is absent.
 */
export function allowNeeds(
  reference: Reference,
  uses: readonly RoleUse[],
  facts: ReadonlyMap<string, ResourceFacts>,
  role?: Role,
): Reference {
  // A job role reads no secrets for its job.
  const definitions = uses.flatMap((use) =>
    use.kind === "job-definition" && use.duty === "execution" ? [use] : [],
  );
  const { demands } = listDemands({ uses: definitions, facts });
  if (demands.length === 0) return reference;
  const all = demands.map(({ need }) => need);
  const needs = [
    ...demands.flatMap(({ need, resources }) => resources.map((resource) => ({ ...need, resource }))),
    ...(role && !fitsInline(role, all) ? groupNeeds(role, listUnmet(demands, role)) : []),
  ];
  const { allowed, source } = reference;
  return {
    ...reference,
    allowed: {
      source: allowed?.source ?? source,
      document: joinDocuments([...(allowed ? [allowed.document] : []), formatNeeds(needs)]),
    },
  };
}
