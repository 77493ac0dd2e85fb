import { matchesAction } from "../evaluate/decide.ts";
import type { Comparison } from "../model/comparison.ts";
import type { Grant } from "../model/grant.ts";
import { type Catalogue, listActions } from "./catalogue.ts";

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

function isLatent(grant: Grant, catalogue: Catalogue, spelled: readonly string[]): boolean {
  return grant.actions.every(hasWildcard) && listTouched(grant, catalogue, spelled)?.length === 0;
}

/**
 * The names of today that lie within a grant's actions, and those of `spelled` that do; undefined where the catalogue
 * does not know a service, or a wildcard stands for it.
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
