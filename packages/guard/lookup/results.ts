import type { Finding } from "@drift-guard/core/model/finding";
import { type Instant, instantOf, momentAfter } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Sessions } from "@drift-guard/core/model/sessions";
import type { Transition } from "@drift-guard/core/model/transition";
import { lacksAuthor, mayHaveSessions } from "@drift-guard/core/reconcile/lookup";
import { decideAndCommit } from "../commit.ts";
import type { LookupPorts } from "../ports.ts";

/** What a lookup found about the findings of a role, by their ids. */
interface LookupResults {
  /** Drifts of which CloudTrail shows no author. */
  readonly unknown: ReadonlySet<string>;
  /** The time from which on CloudTrail was read for authors. */
  readonly since: Instant;
  readonly sessions: ReadonlyMap<string, Sessions>;
}

/**
 * Records the results of a lookup in the role's findings. People are told of sessions that AWS services did not ask for, if
 * the finding did not show them before. Throws `StoreUnavailableError`.
 */
export async function recordResults(
  role: RoleKey,
  results: LookupResults,
  { findings: store, now }: Pick<LookupPorts, "findings" | "now">,
): Promise<void> {
  if (results.unknown.size + results.sessions.size === 0) return;
  await decideAndCommit(store, role, (ledger) => {
    const at = instantOf(now());
    const transitions: Transition[] = [];
    const findings = ledger.findings.map((before) => {
      const after = addSessions(addUnknown(before, results, at), results, at);
      if (listNewSessions(before, after).length === 0) return after;
      const told = { ...after, seq: after.seq + 1, updatedAt: momentAfter(after.updatedAt, at) };
      transitions.push({
        schema: 1,
        id: `${told.id}#${told.seq}`,
        kind: "sessions-found",
        at: told.updatedAt,
        cause: { kind: "lookup" },
        finding: told,
      });
      return told;
    });
    const unchanged = findings.every((finding, index) => finding === ledger.findings[index]);
    return { ledger: unchanged ? ledger : { ...ledger, findings }, transitions, result: undefined };
  });
}

// The finding may have changed since the lookup began.
function addUnknown(finding: Finding, { unknown, since }: LookupResults, at: Instant): Finding {
  return unknown.has(finding.id) && lacksAuthor(finding)
    ? { ...finding, unattributed: { at, since } }
    : finding;
}

function addSessions(finding: Finding, { sessions }: LookupResults, at: Instant): Finding {
  const found = sessions.get(finding.id);
  if (found === undefined || !mayHaveSessions(finding, at)) return finding;
  const isEmpty = found.issued.length + found.byServices === 0 && finding.sessions === undefined;
  return isEmpty && found.incomplete === undefined ? finding : { ...finding, sessions: found };
}

function listNewSessions(before: Finding, after: Finding): readonly unknown[] {
  const known = new Set(before.sessions?.issued.map((session) => JSON.stringify(session)));
  return (after.sessions?.issued ?? []).filter((session) => !known.has(JSON.stringify(session)));
}
