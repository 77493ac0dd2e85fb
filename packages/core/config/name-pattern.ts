/** Whether a name of the configuration is a pattern: it contains `*`, which no name of a role does. */
export function isNamePattern(name: string): boolean {
  return name.includes("*");
}

/**
 * Whether a pattern of the configuration matches a whole name or ARN: `*` stands for any text, also across colons, and
 * every other character, `?` included, for itself. The matchers of `@drift-guard/policy` follow IAM's rules instead:
 * segment by segment, with `?` as a wildcard. Takes time in proportion to the lengths of both, however many stars there
 * are: names come from the account.
 */
export function matchesName(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return first === name;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  // The earliest place of each piece leaves the most text for the pieces after it.
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at + last.length <= name.length;
}

/** Whether some text matches both patterns, as `matchesName` understands them. */
export function patternsIntersect(one: string, other: string): boolean {
  // Pairs of positions that some text reaches in both patterns: reached[b] belongs to the position `a` in `one`.
  let reached = new Set([0]);
  for (let a = 0; ; a += 1) {
    // A star in `other` also stands for nothing, and for the next characters of `one`.
    for (const b of reached) {
      if (other[b] === "*" || (one[a] === "*" && b < other.length)) reached.add(b + 1);
    }
    if (a === one.length) return reached.has(other.length);
    const next = new Set<number>();
    for (const b of reached) {
      if (one[a] === "*" || other[b] === "*") next.add(b);
      else if (one[a] === other[b]) next.add(b + 1);
    }
    reached = next;
  }
}
