import type { Finding } from "@drift-guard/core/finding";
import { explainsFailure } from "@drift-guard/core/reconcile";
import type { DescribedList } from "./evidence.ts";
import { plain } from "./plain.ts";

/** What of AWS Batch uses the role, and what already suffers, where that is known. */
export function describeUsage({
  evidence,
  state,
  usedBy = [],
  symptoms = [],
}: Finding): readonly DescribedList[] {
  const breaks = state !== "resolved" && explainsFailure(evidence);
  const lists = [
    { heading: breaks ? "What breaks" : "Used by", lines: usedBy },
    { heading: "Seen in AWS Batch", lines: symptoms },
  ];
  return lists
    .filter(({ lines }) => lines.length > 0)
    .map(({ heading, lines }) => ({ heading, lines: lines.map((line) => plain(line, 400)) }));
}
