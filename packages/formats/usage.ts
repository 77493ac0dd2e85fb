import type { Transition } from "@drift-guard/core/model/transition";
import { explainsFailure } from "@drift-guard/core/reconcile/finding-context";
import type { DescribedList } from "./evidence.ts";
import { isOver } from "./next-steps.ts";
import { sanitise } from "./printable.ts";
import { describeSessions } from "./sessions.ts";
import { formatStep } from "./steps.ts";

/**
 * What uses the role in AWS Batch, which failures AWS Batch has reported, and which sessions an open trust policy let in; at
 * most `maxLines` lines of each.
 */
export function describeUsage(
  transition: Pick<Transition, "kind" | "finding">,
  maxLines = 20,
): readonly DescribedList[] {
  const { finding } = transition;
  const { evidence, usedBy = [], symptoms = [] } = finding;
  const breaks = !isOver(transition) && finding.state !== "resolved" && explainsFailure(evidence);
  const lists = [
    { heading: breaks ? "What breaks" : "Used by", lines: usedBy },
    { heading: breaks ? "Seen in AWS Batch, and explained by this" : "Seen in AWS Batch", lines: symptoms },
    ...describeSessions(finding),
  ];
  return lists
    .filter(({ lines }) => lines.length > 0)
    .map(({ heading, lines }) => ({ heading, lines: limitLines(lines, maxLines) }));
}

/** The calls that a simulated rollback would make, at most `maxLines` lines. */
export function describeSimulation({ steps = [] }: Transition, maxLines = 20): readonly DescribedList[] {
  if (steps.length === 0) return [];
  return [{ heading: "A rollback would", lines: limitLines(steps.map(formatStep), maxLines) }];
}

function limitLines(lines: readonly string[], maxLines: number): readonly string[] {
  const shown = lines.slice(0, maxLines).map((line) => sanitise(line, 400));
  return lines.length > maxLines ? [...shown, `and ${lines.length - maxLines} more`] : shown;
}
