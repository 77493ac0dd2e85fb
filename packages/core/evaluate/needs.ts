import type { DefinitionUse, Need, RoleUse } from "../batch/role-use.ts";
import { formatUse } from "../batch/role-use-text.ts";
import type { Drift, Undecided } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import { partOf } from "../model/part.ts";
import type { ResourceFacts } from "../model/resource-facts.ts";
import { joinDocuments } from "../policy-json.ts";
import type { Reference } from "../reference/reference.ts";
import { needKey } from "./kms-decrypt.ts";
import { judgeNeed, type NeedJudgement, type NeedsQuestion, readRolePolicies } from "./need-judgement.ts";
import { resourcesOf } from "./need-resources.ts";
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
  const { demands, omitted } = listDemands(question);
  const judged = demands
    // No policy helps where the definition itself is wrong: `noteSecretNames` reports it.
    .filter(({ need, known }) => known || !findSecretNameFault(need, known, role, documents))
    .map((demand) => ({
      demand,
      judgement: judgeNeed(demand.need, role, documents, demand.known),
    }));
  const lacking = judged.filter(({ judgement: { kind } }) => kind === "missing" || kind === "denied");
  // A policy that cannot be read may allow what the others do not.
  const lost = unread.length > 0 ? [] : lacking;
  const reasons = [
    ...judged.flatMap(({ demand, judgement }) =>
      judgement.kind === "undecided" ? [`${formatDemand(demand)}: ${judgement.why}`] : [],
    ),
    ...(unread.length > 0 ? lacking.map(({ demand }) => `${formatDemand(demand)}: ${unread.join(" ")}`) : []),
    ...(omitted > 0
      ? [
          `Job definitions have more than ${maxDemands} different needs of this role. ${omitted} of their needs were not looked at: use more than one execution role.`,
        ]
      : []),
    ...uses.flatMap((use) => use.unread.map((why) => `${formatUse(use)}: ${why}`)),
  ];
  return [
    ...(lost.length > 0 ? [describeMissing(lost)] : []),
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

function describeMissing(
  lost: readonly { readonly demand: Demand; readonly judgement: NeedJudgement }[],
): Drift {
  const sentences = lost.map(({ demand, judgement }) => {
    const denied = judgement.kind === "denied" ? ", and a Deny blocks it" : "";
    const instead = judgement.kind === "missing" && judgement.instead ? ` (${judgement.instead})` : "";
    return `${formatDemand(demand)}${denied}${instead}`;
  });
  const fixable = lost.filter(({ judgement }) => judgement.kind === "missing");
  return {
    kind: "drift",
    part: partOf("permissions"),
    side: "missing",
    grants: grantsOf(lost.map(({ demand }) => demand.need)),
    denies: [],
    detail: `${limitDetails(sentences).join("; ")}.`,
    ...(fixable.length > 0 && { cure: minimalPolicy(fixable.map(({ demand }) => demand.need)) }),
  };
}

function limitDetails(texts: readonly string[]): readonly string[] {
  if (texts.length <= maxDetails) return texts;
  return [...texts.slice(0, maxDetails), `and ${texts.length - maxDetails} more`];
}

/** Returns the smallest policy that allows every need, as JSON text. */
function minimalPolicy(needs: readonly Need[]): string {
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
export function grantsOf(needs: readonly Need[]): readonly Grant[] {
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
 */
export function allowNeeds(
  reference: Reference,
  uses: readonly RoleUse[],
  facts: ReadonlyMap<string, ResourceFacts>,
): Reference {
  const definitions = uses.filter((use) => use.kind === "job-definition");
  const needs = listDemands({ uses: definitions, facts }).demands.flatMap(({ need, resources }) =>
    resources.map((resource) => ({ ...need, resource })),
  );
  if (needs.length === 0) return reference;
  const { allowed, source } = reference;
  return {
    ...reference,
    allowed: {
      source: allowed?.source ?? source,
      document: joinDocuments([...(allowed ? [allowed.document] : []), minimalPolicy(needs)]),
    },
  };
}
