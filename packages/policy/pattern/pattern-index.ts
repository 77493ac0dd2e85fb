import { areDisjoint, coversPattern } from "./cover.ts";
import type { Pattern } from "./pattern.ts";

/** A list of patterns made ready for being asked often: 1,500 actions are not gone through for each of 1,500. */
interface PatternIndex {
  readonly texts: ReadonlySet<string>;
  /** Patterns with wildcards by the service that they name, `s3` for `s3:Get*`. */
  readonly services: ReadonlyMap<string, readonly Pattern[]>;
  /** Patterns with wildcards that name no one service. */
  readonly loose: readonly Pattern[];
}

const indices = new WeakMap<readonly Pattern[], PatternIndex>();

function recallIndex(patterns: readonly Pattern[]): PatternIndex {
  const known = indices.get(patterns);
  if (known !== undefined) return known;
  const wide = patterns.filter(({ literal }) => literal === undefined);
  const services = Map.groupBy(wide, (pattern) => readService(pattern) ?? "");
  const loose = services.get("") ?? [];
  services.delete("");
  const index = { texts: new Set(patterns.map(({ text }) => text)), services, loose };
  indices.set(patterns, index);
  return index;
}

function readService({ ends }: Pattern): string | undefined {
  const [only, ...more] = ends;
  const colon = only === undefined || more.length > 0 ? -1 : only.head.indexOf(":");
  return colon < 0 ? undefined : only?.head.slice(0, colon);
}

/** Whether some pattern of a list covers another; certain when true. */
export function coversOneOf(patterns: readonly Pattern[], narrow: Pattern): boolean {
  const { texts, services, loose } = recallIndex(patterns);
  if (texts.has(narrow.text)) return true;
  const service = readService(narrow);
  const near = service === undefined ? undefined : services.get(service);
  return (
    near?.some((wide) => coversPattern(wide, narrow)) === true ||
    loose.some((wide) => coversPattern(wide, narrow))
  );
}

/** Whether no pattern of a list has a text in common with another; certain when true. */
export function areApart(patterns: readonly Pattern[], other: Pattern): boolean {
  if (patterns.length < 8) return patterns.every((pattern) => areDisjoint(pattern, other));
  return listNear(patterns, other).length === 0;
}

/** Those patterns of a list that may have a text in common with another. */
export function listNear(patterns: readonly Pattern[], other: Pattern): readonly Pattern[] {
  const service = readService(other);
  if (service === undefined) return patterns.filter((pattern) => !areDisjoint(pattern, other));
  const { texts, services, loose } = recallIndex(patterns);
  const wide = [...(services.get(service) ?? []), ...loose].filter((pattern) => !areDisjoint(pattern, other));
  if (other.literal !== undefined) return texts.has(other.text) ? [other, ...wide] : wide;
  return [
    ...wide,
    ...patterns
      .filter(({ literal }) => literal !== undefined)
      .filter((pattern) => !areDisjoint(pattern, other)),
  ];
}
