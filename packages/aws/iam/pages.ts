import { RoleUnreadableError } from "@drift-guard/core/errors";

/** The paging members of an IAM answer. */
interface Page {
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

/**
 * Returns the items of all pages. `call` is the name of the IAM call, for error messages. Throws `RoleUnreadableError`
 * like `validatePages`.
 */
export async function collectPages<P extends Page, T>(
  call: string,
  pages: AsyncIterable<P>,
  itemsOf: (page: P) => readonly T[] | undefined,
): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const page of validatePages(call, pages)) items.push(...(itemsOf(page) ?? []));
  return items;
}

/**
 * Yields the pages unchanged. Throws `RoleUnreadableError` if a page is truncated without a marker: a partial list would
 * make a role look clean.
 */
export async function* validatePages<P extends Page>(
  call: string,
  pages: AsyncIterable<P>,
): AsyncIterable<P> {
  for await (const page of pages) {
    if (page.IsTruncated && !page.Marker) {
      throw new RoleUnreadableError(
        `IAM's answer to ${call} is truncated and has no Marker, so the rest of the list is unknown. Try again.`,
      );
    }
    yield page;
  }
}

/** Returns a member that IAM always sends. Throws `RoleUnreadableError`, which names the member, if it is missing. */
export function expectMember<T>(value: T | undefined, call: string, member: string): T {
  if (value !== undefined) return value;
  throw new RoleUnreadableError(
    `IAM's answer to ${call} has no ${member}, so the role cannot be evaluated. Check the endpoint that answered.`,
  );
}
