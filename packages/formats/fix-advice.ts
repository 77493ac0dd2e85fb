import type { Fix } from "@drift-guard/core/model/fix";
import { sanitise } from "./printable.ts";

/** What a person must know besides the commands of a fix, or do where there are none, each a sentence or more. */
export function formatFixAdvice(fix: Fix): readonly string[] {
  if (fix.kind === "manual") return [`No command fixes it alone. ${sanitise(fix.why, 1000)}`];
  return [
    ...(fix.warning === undefined ? [] : [`Before you fix it: ${sanitise(fix.warning, 1000)}`]),
    ...(fix.leaves === undefined ? [] : [`The commands fix a part of it. ${sanitise(fix.leaves, 1000)}`]),
  ];
}
