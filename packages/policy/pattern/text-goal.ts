import type { Pattern } from "./pattern.ts";

/** A pattern, and which texts a search must find for it: texts that it does not match, that it matches, or both. */
export interface TextGoal {
  readonly pattern: Pattern;
  readonly wanted: "avoided" | "matched" | "either";
}
