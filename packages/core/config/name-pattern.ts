/**
 * Whether a pattern of the configuration matches a whole name or ARN: `*` stands for any text, also across colons, and
 * every other character, `?` included, for itself. The matchers of `@drift-guard/policy` follow IAM's rules instead:
 * segment by segment, with `?` as a wildcard.
 */
export function matchesName(pattern: string, name: string): boolean {
  const pieces = pattern.split("*").map((piece) => piece.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${pieces.join(".*")}$`, "s").test(name);
}

/**
 * Whether an IAM action pattern (`*` any text, `?` one character, compared without case) matches some text that starts
 * with `start`.
 */
export function mayBegin(pattern: string, start: string): boolean {
  const written = pattern.toLowerCase();
  let reached = skipStars(new Set([0]), written);
  for (const character of start.toLowerCase()) {
    const next = new Set<number>();
    for (const at of reached) {
      if (written[at] === "*") next.add(at);
      else if (written[at] === "?" || written[at] === character) next.add(at + 1);
    }
    reached = skipStars(next, written);
  }
  return reached.size > 0;
}

// A star also matches the empty text. A set's iteration includes elements that are added during it.
function skipStars(reached: Set<number>, written: string): Set<number> {
  for (const at of reached) if (written[at] === "*") reached.add(at + 1);
  return reached;
}
