import { areDisjoint, coversPattern } from "./cover.ts";
import type { Pattern } from "./pattern.ts";

/** An index of a list of patterns: comparing 1,500 actions with 1,500 others must not take 2 million steps. */
interface PatternIndex {
  readonly texts: ReadonlySet<string>;
  /** Patterns without wildcards by their service. */
  readonly literals: ReadonlyMap<string, readonly Pattern[]>;
  /** Patterns with wildcards by their service: `s3` for `s3:Get*`. */
  readonly services: ReadonlyMap<string, readonly Pattern[]>;
  /** Patterns with wildcards that name no single service. */
  readonly anyService: readonly Pattern[];
}

/** Kept as long as the list; an index depends on nothing else, so that no result depends on this memory. */
const indices = new WeakMap<readonly Pattern[], PatternIndex>();

function getIndex(patterns: readonly Pattern[]): PatternIndex {
  const known = indices.get(patterns);
  if (known) return known;
  const wide = patterns.filter(({ literal }) => literal === undefined);
  const services = Map.groupBy(wide, (pattern) => readService(pattern) ?? "");
  const anyService = services.get("") ?? [];
  services.delete("");
  const exact = patterns.filter(({ literal }) => literal !== undefined);
  const literals = Map.groupBy(exact, (pattern) => readService(pattern) ?? "");
  const index = { texts: new Set(patterns.map(({ text }) => text)), literals, services, anyService };
  indices.set(patterns, index);
  return index;
}

function readService({ ends }: Pattern): string | undefined {
  const [only, ...more] = ends;
  const colon = only === undefined || more.length > 0 ? -1 : only.head.indexOf(":");
  return colon < 0 ? undefined : only?.head.slice(0, colon);
}

/** Whether some pattern of a list matches every text that another matches. Certain when true. */
export function coversOneOf(patterns: readonly Pattern[], narrow: Pattern): boolean {
  const { texts, services, anyService } = getIndex(patterns);
  if (texts.has(narrow.text)) return true;
  const service = readService(narrow);
  const near = service === undefined ? undefined : services.get(service);
  return (
    near?.some((wide) => coversPattern(wide, narrow)) === true ||
    anyService.some((wide) => coversPattern(wide, narrow))
  );
}

/** Whether no pattern of a list matches a text that another matches. Certain when true. */
export function overlapsNone(patterns: readonly Pattern[], other: Pattern): boolean {
  if (patterns.length < 8) return patterns.every((pattern) => areDisjoint(pattern, other));
  return listOverlapping(patterns, other).length === 0;
}

/** Returns the patterns of a list that may match a text that another matches. */
export function listOverlapping(patterns: readonly Pattern[], other: Pattern): readonly Pattern[] {
  const service = readService(other);
  if (service === undefined) return patterns.filter((pattern) => !areDisjoint(pattern, other));
  const { texts, literals, services, anyService } = getIndex(patterns);
  const wide = [...(services.get(service) ?? []), ...anyService].filter(
    (pattern) => !areDisjoint(pattern, other),
  );
  if (other.literal !== undefined) return texts.has(other.text) ? [other, ...wide] : wide;
  // A pattern that names a service overlaps with no text of another.
  return [...wide, ...(literals.get(service) ?? []).filter((pattern) => !areDisjoint(pattern, other))];
}
