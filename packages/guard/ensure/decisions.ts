import { leaveUncovered } from "@drift-guard/core/evaluate/coverage";
import type { FixQuestion } from "@drift-guard/core/fixes/fixes";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { Exception } from "@drift-guard/core/model/exception";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { type Instant, isBefore } from "@drift-guard/core/model/instant";
import { isSamePart } from "@drift-guard/core/model/part";
import { findPauseOf, type PauseInForce } from "@drift-guard/core/rollback/pause";

/** What people decided about a role, as far as it is known. */
export interface KnownDecisions {
  readonly exceptions: readonly Exception[];
  readonly pauses: readonly PauseInForce[];
  readonly now: Instant;
}

/**
 * Returns what a person must consider before a drift of a role is fixed: that somebody accepted it or a part of it, or
 * another difference of the same part, and that rollbacks are paused. Undefined for a drift about which nothing was decided.
 */
export function createDecisionWarning(
  { reading, watched, assessments }: Pick<FixQuestion, "reading" | "watched" | "assessments">,
  decisions: KnownDecisions,
): (drift: Drift) => string | undefined {
  const { pauses, now } = decisions;
  const account = reading.status === "present" ? reading.role.account : reading.account;
  const accepted = assessments.flatMap((evidence) => {
    if (evidence.kind !== "drift") return [];
    const exceptions = listCovering(
      identifyFinding({ account, name: watched.name }, evidence),
      evidence,
      decisions,
    );
    return exceptions.length === 0 ? [] : [{ part: evidence.part, exceptions }];
  });
  const pause = findPauseOf(pauses, [], now);
  const paused =
    pause === undefined
      ? []
      : [`${pause.by} paused rollbacks until ${pause.until} (${pause.reason}). Ask them first.`];
  return (drift) => {
    const about = accepted.filter(({ part }) => isSamePart(part, drift.part));
    const sentences = about.flatMap(({ part, exceptions }) =>
      exceptions.map(
        ({ owner, reason, expires }) =>
          `These steps undo what ${owner} accepted at ${part} until ${expires} (${reason}).`,
      ),
    );
    const all = [...new Set([...sentences, ...paused])];
    return all.length === 0 ? undefined : all.join(" ");
  };
}

function listCovering(
  id: string,
  evidence: Drift,
  { exceptions, now }: KnownDecisions,
): readonly Exception[] {
  return exceptions.filter(
    (exception) =>
      exception.findingId === id &&
      isBefore(now, exception.expires) &&
      leaveUncovered({ id, evidence }, { exceptions: [exception], now }) !== evidence,
  );
}
