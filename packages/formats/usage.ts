import type { Finding } from "@drift-guard/core/model/finding";
import { explainsFailure } from "@drift-guard/core/reconcile/finding-context";
import type { DescribedList } from "./evidence.ts";
import { sanitise } from "./printable.ts";

/** What of AWS Batch uses the role, and what already suffers, where that is known; `most` lines of each. */
export function describeUsage(
  { evidence, state, usedBy = [], symptoms = [] }: Finding,
  most = 20,
): readonly DescribedList[] {
  const breaks = state !== "resolved" && explainsFailure(evidence);
  const lists = [
    { heading: breaks ? "What breaks" : "Used by", lines: usedBy },
    { heading: breaks ? "Seen in AWS Batch, and explained by this" : "Seen in AWS Batch", lines: symptoms },
  ];
  return lists
    .filter(({ lines }) => lines.length > 0)
    .map(({ heading, lines }) => ({ heading, lines: limitLines(lines, most) }));
}

function limitLines(lines: readonly string[], most: number): readonly string[] {
  const shown = lines.slice(0, most).map((line) => sanitise(line, 400));
  return lines.length > most ? [...shown, `and ${lines.length - most} more`] : shown;
}
