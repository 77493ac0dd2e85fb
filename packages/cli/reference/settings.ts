import type { Reference } from "@drift-guard/core/reference/reference";
import { sanitise } from "@drift-guard/formats/printable";

/** A description as one line: quoted, so that an empty one shows. */
export function formatDescription(description: string): string {
  return `"${sanitise(description, 1_000)}"`;
}

/** The tags of a reference, one line each. */
export function formatTags(tags: Reference["tags"] = {}): readonly string[] {
  return Object.entries(tags).map(([key, value]) => `${sanitise(key)} = "${sanitise(value, 256)}"`);
}
