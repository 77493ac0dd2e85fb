/** Whether a name or ARN is one that a pattern means: `*` stands for any text, and all else for itself. */
export function matchesName(pattern: string, name: string): boolean {
  const pieces = pattern.split("*").map((piece) => piece.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${pieces.join(".*")}$`, "s").test(name);
}

/** Whether a pattern of IAM's (`*` any text, `?` one character, no case) means some text that begins so. */
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

// A star stands for no text as well. What is added to a set while it is walked is walked too.
function skipStars(reached: Set<number>, written: string): Set<number> {
  for (const at of reached) if (written[at] === "*") reached.add(at + 1);
  return reached;
}
