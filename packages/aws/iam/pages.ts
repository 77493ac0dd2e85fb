import { RoleUnreadableError } from "@drift-guard/core/errors";

interface Page {
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

/** The items of every page. Throws `RoleUnreadableError` where a page says that there are more, and not where. */
export async function collectPages<P extends Page, T>(
  what: string,
  pages: AsyncIterable<P>,
  itemsOf: (page: P) => readonly T[] | undefined,
): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const page of validatePages(what, pages)) items.push(...(itemsOf(page) ?? []));
  return items;
}

/** The pages as they come. Half a list taken for a whole one would be a silent clean, so it throws instead. */
export async function* validatePages<P extends Page>(
  what: string,
  pages: AsyncIterable<P>,
): AsyncIterable<P> {
  for await (const page of pages) {
    if (page.IsTruncated && !page.Marker) {
      throw new RoleUnreadableError(
        `IAM's answer to ${what} ends before its end: it is truncated and has no Marker. Try again.`,
      );
    }
    yield page;
  }
}

/** A member that IAM always sends. Throws `RoleUnreadableError` that names it where it did not. */
export function expectMember<T>(value: T | undefined, call: string, member: string): T {
  if (value !== undefined) return value;
  throw new RoleUnreadableError(
    `IAM's answer to ${call} has no ${member}, so the role cannot be judged. Check the endpoint that answered.`,
  );
}
