import type { Finding, FindingState } from "../model/finding.ts";
import { type Instant, isBefore } from "../model/instant.ts";
import { formatRoleKey, type RoleKey } from "../model/role.ts";
import { Severity } from "../model/severity.ts";
import { listedStates } from "./ledger-items.ts";

/** Which findings are listed: those for which everything holds that is given. */
export interface FindingFilter {
  readonly state?: FindingState;
  readonly severity?: Severity;
  readonly role?: RoleKey;
  /** Only findings whose last transition is not older than this. */
  readonly since?: Instant;
}

/** Whether a finding is one that a filter asks for. */
export function matchesFilter(finding: Finding, { state, severity, role, since }: FindingFilter): boolean {
  return (
    (state === undefined || finding.state === state) &&
    (severity === undefined || finding.severity === severity) &&
    (role === undefined || formatRoleKey(finding.role) === formatRoleKey(role)) &&
    (since === undefined || !isBefore(finding.updatedAt, since))
  );
}

/** Returns findings in the order of `FindingStore.listFindings`. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted(
    (a, b) =>
      listedStates.indexOf(a.state) - listedStates.indexOf(b.state) ||
      Severity.options.indexOf(a.severity) - Severity.options.indexOf(b.severity) ||
      Date.parse(b.updatedAt) - Date.parse(a.updatedAt),
  );
}
