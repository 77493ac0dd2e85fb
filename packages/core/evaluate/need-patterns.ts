interface Grant {
  readonly action: string;
  readonly resource: string;
}

/** Fewer resources than this are not worth a pattern, which also allows what nobody needs. */
const minGroup = 3;

/**
 * Returns grants in which resources of one action and one folder are replaced by a pattern (`…:secret:prod/*`), the largest
 * folders first, until `fits` accepts them. Undefined if it accepts none.
 */
export function groupByPattern<One extends Grant>(
  grants: readonly One[],
  fits: (grants: readonly Grant[]) => boolean,
): readonly Grant[] | undefined {
  const folders = [...Map.groupBy(grants, (grant) => `${grant.action} ${folderOf(grant.resource) ?? ""}`)]
    .filter(([, members]) => members.length >= minGroup)
    .flatMap(([key, members]) => {
      const [first] = members;
      const folder = first && folderOf(first.resource);
      return first && folder !== undefined
        ? [{ key, members, pattern: { action: first.action, resource: `${folder}*` } }]
        : [];
    })
    .sort((a, b) => charactersOf(b.members) - charactersOf(a.members) || (a.key < b.key ? -1 : 1));
  let current: readonly Grant[] = grants;
  for (const { members, pattern } of folders) {
    const replaced = new Set<Grant>(members);
    current = [...current.filter((grant) => !replaced.has(grant)), pattern];
    if (fits(current)) return current;
  }
  return undefined;
}

function charactersOf(grants: readonly Grant[]): number {
  return grants.reduce((sum, { resource }) => sum + resource.length, 0);
}

/**
 * Returns the beginning of a resource's ARN that names its folder: the name up to its last slash, else up to its first
 * hyphen, underscore or full stop. Undefined for a key and for a name of one word, which have no folder.
 */
function folderOf(resource: string): string | undefined {
  const named =
    /^(arn:[^:]*:(?:secretsmanager:[^:]*:\d+:secret:|ssm:[^:]*:\d+:parameter\/|logs:[^:]*:\d+:log-group:\/?))(.+)$/.exec(
      resource,
    );
  const [, kind = "", name = ""] = named ?? [];
  const folder = /^.*\//.exec(name)?.[0] ?? /^[^-_.]+[-_.]/.exec(name)?.[0];
  return named && folder !== undefined && folder !== "/" ? kind + folder : undefined;
}
