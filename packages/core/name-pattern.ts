/** Whether a name or ARN is one that a pattern means: `*` stands for any text, and all else for itself. */
export function matchesName(pattern: string, name: string): boolean {
  const pieces = pattern.split("*").map((piece) => piece.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${pieces.join(".*")}$`, "s").test(name);
}
