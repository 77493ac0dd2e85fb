import { type Catalogue, listActions } from "./catalogue.ts";
import type { Comparison } from "./comparison.ts";
import { matchesAction } from "./decide.ts";
import type { Grant } from "./grant.ts";

/**
 * Tells apart the differences that touch only names that no service has today: `s3:Get*` against the list of all Get
 * actions of today. They go from `excess` and `missing` to `latent`; the relation stays, for latent is not equal.
 *
 * A catalogue may be out of date. So a name that a policy spells out (`named`: those of both sides) counts as one that
 * there is, and so does every name of a service that the catalogue does not know.
 */
export function separateLatent(
  comparison: Comparison,
  catalogue: Catalogue,
  named: readonly string[] = [],
): Comparison {
  const spelled = named.filter((name) => !hasWildcard(name));
  const real = (grant: Grant) => !isLatent(grant, catalogue, spelled);
  const excess = comparison.excess.filter(real);
  const missing = comparison.missing.filter(real);
  const latent = [...comparison.excess, ...comparison.missing].filter((grant) => !real(grant));
  return { ...comparison, excess, missing, latent: [...comparison.latent, ...latent] };
}

function isLatent(
  { actions, exceptActions = [] }: Grant,
  catalogue: Catalogue,
  spelled: readonly string[],
): boolean {
  const excepted = new Set(exceptActions.map((pattern) => pattern.toLowerCase()));
  const exceptions = exceptActions.filter(hasWildcard);
  const isExcepted = (name: string) =>
    excepted.has(name) || exceptions.some((pattern) => matchesAction(pattern, name));
  return actions.every((pattern) => {
    const service = pattern.slice(0, Math.max(pattern.indexOf(":"), 0));
    const known = hasWildcard(service) ? undefined : listActions(catalogue, service);
    if (known === undefined || !hasWildcard(pattern)) return false;
    const names = [...known, ...spelled].map((name) => name.toLowerCase());
    return names.every((name) => !matchesAction(pattern, name) || isExcepted(name));
  });
}

function hasWildcard(pattern: string): boolean {
  return /[*?]/.test(pattern);
}
