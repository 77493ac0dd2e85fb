import assert from "node:assert/strict";

type Fields = { readonly [key: string]: unknown };

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Whether an event matches a pattern of EventBridge, as far as the stack's patterns go. `event-ruler.json` holds what AWS's own
 * matcher, event-ruler 1.8.1, says of such patterns; a test compares the two. Throws for an operator that it does not know.
 */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  assert.ok(isFields(pattern), "a pattern is an object");
  return Object.entries(pattern).every(([key, wanted]) => {
    if (key === "$or") return listOf(wanted).some((alternative) => matchesPattern(alternative, event));
    const value = isFields(event) ? event[key] : undefined;
    if (!Array.isArray(wanted)) return matchesPattern(wanted, value);
    const leaves = listOf(value).filter((leaf) => leaf !== undefined && !isFields(leaf));
    return wanted.some((matcher: unknown) =>
      isAbsence(matcher) ? leaves.length === 0 : leaves.some((leaf) => matchesLeaf(matcher, leaf)),
    );
  });
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

const isAbsence = (matcher: unknown) => isFields(matcher) && matcher.exists === false;

/** Whether a value of an event matches one matcher of a pattern's list. */
function matchesLeaf(matcher: unknown, leaf: unknown): boolean {
  if (!isFields(matcher)) return matcher === leaf;
  const [operator, operand] = Object.entries(matcher)[0] ?? [];
  switch (operator) {
    case "exists":
      return true;
    case "anything-but":
      return isFields(operand)
        ? !Object.entries(operand).some(([name, texts]) =>
            listOf(texts).some((text) => matchesLeaf({ [name]: text }, leaf)),
          )
        : !listOf(operand).includes(leaf);
    case "prefix":
      return typeof leaf === "string" && beginsWith(leaf, operand);
    case "wildcard":
      return typeof leaf === "string" && typeof operand === "string" && wildcard(operand).test(leaf);
    default:
      return assert.fail(`unknown operator ${operator}`);
  }
}

function beginsWith(text: string, prefix: unknown): boolean {
  if (typeof prefix === "string") return text.startsWith(prefix);
  const insensitive = isFields(prefix) ? prefix["equals-ignore-case"] : undefined;
  assert.ok(typeof insensitive === "string");
  return text.toLowerCase().startsWith(insensitive.toLowerCase());
}

const wildcard = (text: string) => new RegExp(`^${text.split("*").map(RegExp.escape).join("[^]*")}$`);
