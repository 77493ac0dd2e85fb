import { matchesAction } from "../evaluate/decide.ts";
import type { Comparison, LatentGrant, Side } from "../model/comparison.ts";
import type { Grant } from "../model/grant.ts";
import { type Catalogue, listActions } from "./catalogue.ts";

/**
 * Moves grants from `excess` and `missing` to `latent` if they touch only action names that no service has today, as
 * `s3:Get*` minus a list of today's Get actions. The relation stays: a latent difference is a difference.
 *
 * A catalogue may be out of date. So an action that a policy of either side spells out (`named`) counts as existing, and
 * so does every action of a service that the catalogue does not know.
 */
export function separateLatent(
  comparison: Comparison,
  catalogue: Catalogue,
  named: readonly string[] = [],
): Comparison {
  const spelled = named.filter((name) => !hasWildcard(name));
  const isReal = (grant: Grant) => !isLatent(grant, catalogue, spelled);
  const excess = comparison.excess.filter(isReal);
  const missing = comparison.missing.filter(isReal);
  const reason = `No AWS service has these actions, so they allow nothing until AWS adds one (catalogue of ${catalogue.date}).`;
  const listLatent = (grants: readonly Grant[], side: Side) =>
    grants
      .filter((grant) => !isReal(grant))
      .map((grant): LatentGrant => ({ ...grant, side, effect: "Allow", cause: "no-action", reason }));
  const latent = [
    ...comparison.latent,
    ...listLatent(comparison.excess, "candidate"),
    ...listLatent(comparison.missing, "reference"),
  ];
  return { ...comparison, excess, missing, latent };
}

function isLatent(grant: Grant, catalogue: Catalogue, spelled: readonly string[]): boolean {
  return grant.actions.every(hasWildcard) && listTouched(grant, catalogue, spelled)?.length === 0;
}

/**
 * Returns the actions of the catalogue, and of `spelled`, that a grant allows. Undefined if a pattern has a wildcard in
 * its service or the catalogue does not know the service.
 */
export function listTouched(
  { actions, exceptActions = [] }: Grant,
  catalogue: Catalogue,
  spelled: readonly string[] = [],
): readonly string[] | undefined {
  const excepted = new Set(exceptActions.map((pattern) => pattern.toLowerCase()));
  const exceptions = exceptActions.filter(hasWildcard);
  const touched = new Set<string>();
  for (const pattern of actions) {
    const service = pattern.slice(0, Math.max(pattern.indexOf(":"), 0));
    const known = hasWildcard(service) ? undefined : listActions(catalogue, service);
    if (known === undefined) return undefined;
    for (const name of [...known, ...spelled]) {
      const action = name.toLowerCase();
      const isExcepted = () => excepted.has(action) || exceptions.some((wide) => matchesAction(wide, action));
      if (matchesAction(pattern, action) && !isExcepted()) touched.add(name);
    }
  }
  return [...touched];
}

function hasWildcard(pattern: string): boolean {
  return /[*?]/.test(pattern);
}
