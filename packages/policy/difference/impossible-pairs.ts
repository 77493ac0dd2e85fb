import { type AcceptsArn, type Named, type PairSplit, splitBlock } from "../compiled/pair-split.ts";
import type { Grant, PolicyRequest } from "../model/grant.ts";
import { type DenyDifference, findAllowDifference, findDenyDifference } from "./difference.ts";
import type { Direction } from "./direction.ts";
import { describeStatement } from "./grouping.ts";
import { createProof, isProven } from "./proof.ts";
import { isInGrant } from "./readable-example.ts";

/** What the left side of a direction allows and denies by impossible pairs alone, and the right side does not. */
export interface ImpossibleDifference {
  readonly allowed: readonly Grant[];
  readonly denied: readonly Grant[];
}

/** Finds the difference that some statements of impossible pairs make. The sides of the direction are whole. */
export function findImpossibleDifference(
  { allows, denies }: PairSplit["impossible"],
  direction: Direction,
): ImpossibleDifference {
  const { left } = direction;
  // If the difference is not known, all that the statements hold may be different.
  const listGrants = (from: typeof allows, find: () => DenyDifference) => {
    if (from.length === 0) return [];
    const { grants, reasons } = find();
    return reasons.length > 0 ? from.map(describeStatement) : grants;
  };
  return {
    allowed: listGrants(allows, () => findAllowDifference({ ...direction, left: { ...left, allows } })),
    denied: listGrants(denies, () => findDenyDifference({ ...direction, left: { ...left, denies } })),
  };
}

/** Grants by pairs of action and resource. */
export interface GrantSplit {
  readonly possible: readonly Grant[];
  readonly impossible: readonly Grant[];
}

/**
 * Splits grants that hold impossible pairs. A wildcard of one side and a Deny of the other can leave a grant of such
 * pairs: `*` on a secret without `kms:*`. `direction` is the one that the grants are of, and `whole` the same with whole
 * sides: of the impossible grants, only those are returned that an example shows to be a difference of the whole sides.
 */
export function splitGrants(
  grants: readonly Grant[],
  accepts: AcceptsArn,
  decision: "allowed" | "explicitDeny",
  { direction, whole }: { readonly direction: Direction; readonly whole: Direction },
): GrantSplit {
  const possible: Grant[] = [];
  const impossible: Grant[] = [];
  const proof = createProof(decision, direction);
  const wholeProof = createProof(decision, whole);
  for (const grant of grants) {
    const blocks = splitBlock(grant.actions.map(nameAction), (grant.resources ?? []).map(nameArn), accepts);
    if (!blocks) {
      possible.push(grant);
      continue;
    }
    const parts = blocks.map(({ accepted, actions, resources }) => {
      const { example: given, ...rest } = grant;
      const part = { ...rest, actions, resources };
      const example = listExamples(part, given).find(
        (request) => isInGrant(request, part) && isProven(request, accepted ? proof : wholeProof),
      );
      return { accepted, part: { ...part, ...(example && { example }) } };
    });
    // A part without a confirmed example must not be reported, so the grant stays whole.
    if (parts.some(({ accepted, part }) => accepted && !part.example)) possible.push(grant);
    else {
      possible.push(...parts.flatMap(({ accepted, part }) => (accepted ? part : [])));
      impossible.push(
        ...parts.flatMap(({ accepted, part }) =>
          // The whole sides may agree in some of it: they hold impossible statements too.
          !accepted && part.example ? { ...part, partly: true as const } : [],
        ),
      );
    }
  }
  return { possible, impossible };
}

/** How many actions, and how many resources, of a part are tried for an example. */
const maxTried = 4;

/** Requests that may lie in a part of a grant, made from its patterns and from the example of the grant. */
function listExamples(
  { actions, resources = [] }: Grant,
  given: PolicyRequest | undefined,
): readonly PolicyRequest[] {
  if (given?.resource === undefined) return [];
  const fill = (pattern: string) => pattern.replaceAll("*", "example").replaceAll("?", "x");
  const complete = (arn: string) => arn + ":example".repeat(Math.max(0, 6 - arn.split(":").length));
  const triedActions = [given.action, ...actions.slice(0, maxTried).map(fill)];
  const triedResources = [
    given.resource,
    ...resources.slice(0, maxTried).map((pattern) => complete(fill(pattern))),
  ];
  return triedActions.flatMap((action) => triedResources.map((resource) => ({ ...given, action, resource })));
}

function nameAction(item: string): Named<string> {
  return { item, service: /^([^:*?]+):/.exec(item)?.[1]?.toLowerCase() };
}

function nameArn(item: string): Named<string> {
  return { item, service: /^[^:]*:[^:]*:([^:*?$]+)(?::|$)/.exec(item)?.[1] };
}
