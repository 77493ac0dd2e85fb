import { lookupSecondsOf, settleSecondsOf } from "@drift-guard/core/config/config";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import type { Control } from "@drift-guard/core/model/control";
import type { Drift } from "@drift-guard/core/model/evidence";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { addSeconds, type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import { jsonBytes } from "@drift-guard/core/model/json-size";
import type { Plan } from "@drift-guard/core/model/plan";
import type { RoleKey } from "@drift-guard/core/model/role";
import { findNextStart, isContested } from "@drift-guard/core/rollback/attempts";
import type { Obstacle } from "@drift-guard/core/rollback/restoring";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { GuardSettings } from "../ports.ts";

/** Why the rollback of a finding waits, and until when. A finding shows the reason only of a pause between attempts. */
export interface Delay {
  readonly kind: "settling" | "pausing" | "author-unknown";
  readonly reason: string;
  readonly until: Instant;
}

/** What the delays of a role's findings are found from. */
export interface DelayInput {
  readonly key: RoleKey;
  readonly control: Control;
  readonly drifts: readonly Drift[];
  /** Ids of the drifts that are excess of severity CRITICAL. */
  readonly critical: ReadonlySet<string>;
  readonly now: Instant;
  readonly config: GuardSettings["config"];
}

/**
 * Returns which findings must wait, by id: the read may show the role before a rollback that has just ended, the author may
 * be a trusted actor of whom no message came yet, or the drift keeps returning. Nobody waits long for the author of excess of
 * severity CRITICAL, nor where the owner trusts nobody.
 */
export function findDelays({
  key,
  control,
  drifts,
  critical,
  now,
  config,
}: DelayInput): ReadonlyMap<string, Delay> {
  const delays = new Map<string, Delay>();
  for (const drift of drifts) {
    const id = identifyFinding(key, drift);
    const hasCause = control.causes.some(
      ({ findingId, undoneBy }) => findingId === id && undoneBy === undefined,
    );
    const settled = findSettling(control, id, settleSecondsOf(config));
    const next = findNextStart(control, id, now);
    if (!hasCause && settled !== undefined && isBefore(now, settled)) {
      const reason = "The drift was just rolled back, and this read may show the role before that.";
      delays.set(id, { kind: "settling", reason, until: settled });
    } else if (next !== undefined) {
      delays.set(id, {
        kind: "pausing",
        reason: describePause(control, id, now, next),
        until: next,
      });
    } else if (!hasCause && config.trustedActors.length > 0) {
      const until = findAuthorDeadline(control, id, { isCritical: critical.has(id), now, config });
      if (!isBefore(now, until)) continue;
      const reason = `It is not known yet who made the change. If CloudTrail shows nobody whom the configuration trusts until ${until}, it is rolled back.`;
      delays.set(id, { kind: "author-unknown", reason, until });
    }
  }
  return delays;
}

// A message about the change itself arrives within this time after the one about the finding.
const causeSeconds = 60;

function findAuthorDeadline(
  { unexplained = [] }: Pick<Control, "unexplained">,
  id: string,
  { isCritical, now, config }: Pick<DelayInput, "now" | "config"> & { readonly isCritical: boolean },
): Instant {
  const since = unexplained.find(({ findingId }) => findingId === id)?.since ?? now;
  return addSeconds(since, isCritical ? causeSeconds : lookupSecondsOf(config));
}

/**
 * Returns the control record with the drifts of a read whose authors are not known, each with the time at which it was first
 * seen so; the same record if nothing changed. None where the owner trusts nobody: then no author matters.
 */
export function recordUnexplained(
  control: Control,
  drifts: readonly Drift[],
  { key, now, config }: Pick<DelayInput, "key" | "now" | "config">,
): Control {
  const known = control.unexplained ?? [];
  const explained = new Set(
    control.causes.flatMap(({ findingId, undoneBy }) => (undoneBy === undefined ? [findingId] : [])),
  );
  const ids = config.trustedActors.length === 0 ? [] : drifts.map((drift) => identifyFinding(key, drift));
  const unexplained = [...new Set(ids)]
    .filter((id) => !explained.has(id))
    .map((findingId) => known.find((each) => each.findingId === findingId) ?? { findingId, since: now });
  if (JSON.stringify(unexplained) === JSON.stringify(known)) return control;
  const { unexplained: _, ...rest } = control;
  return unexplained.length === 0 ? rest : { ...rest, unexplained };
}

function describePause(control: Control, findingId: string, now: Instant, next: Instant): string {
  const last = control.rollbacks.findLast(({ plan }) => plan.findings.includes(findingId));
  const failure = last?.status === "failed" ? `The last rollback failed: ${last.failure} ` : "";
  const why = isContested(control, findingId, now)
    ? "The drift returns again and again, so its rollbacks pause."
    : "The rollbacks of the drift pause after each failure.";
  return `${failure}${why} The next try is at ${next}.`;
}

/** Returns when IAM's reads show the last rollback of a finding; undefined if there was none. */
function findSettling({ rollbacks }: Control, findingId: string, settleSeconds: number): Instant | undefined {
  const last = rollbacks.findLast(
    ({ status, plan }) => status !== "running" && plan.findings.includes(findingId),
  );
  if (last === undefined || last.status === "running") return undefined;
  return addSeconds(last.endedAt, settleSeconds);
}

/** Returns the ids of the drifts that are excess of severity CRITICAL. */
export function findCritical(
  drifts: readonly Drift[],
  key: RoleKey,
  { uses }: Pick<WatchedRoleWithUses, "uses">,
  config: GuardSettings["config"],
): ReadonlySet<string> {
  const critical = drifts.filter(
    (drift) => drift.side === "excess" && rateSeverity(drift, { role: key, uses, config }) === "CRITICAL",
  );
  return new Set(critical.map((drift) => identifyFinding(key, drift)));
}

/** Returns the end of the hour that contains a time: then the cap on restoring counts anew. */
export function findNextHour(now: Instant): Instant {
  const hour = 3_600_000;
  return instantOf(new Date((Math.floor(Date.parse(now) / hour) + 1) * hour));
}

/** The most bytes of JSON that a plan may have: it is stored in one item, with the role before it (`recordRole`). */
const maxPlanBytes = 150_000;

/**
 * Returns the findings of a plan that do not fit in one item of the control table with those before them: they wait for a
 * later rollback, or for a person if one alone is too long. None if the plan fits, as every plan does unless
 * somebody padded the texts of policies.
 */
export function findOversized({ steps, findings }: Plan, now: Instant): ReadonlyMap<string, Obstacle> {
  const oversized = new Map<string, Obstacle>();
  let left = maxPlanBytes - jsonBytes(findings);
  for (const id of findings) {
    const bytes = jsonBytes(steps.filter((step) => step.findings.includes(id)));
    if (bytes <= left) left -= bytes;
    else if (bytes > maxPlanBytes / 2) oversized.set(id, { reason: tooLong });
    else oversized.set(id, { reason: "The rollback of other findings of the role comes first.", until: now });
  }
  return oversized;
}

/** Returns why a plan cannot be stored; undefined if it can. Approvals lift every other limit. */
export function findSizeObstacle(plan: Plan): string | undefined {
  return jsonBytes(plan) > 1.5 * maxPlanBytes ? tooLong : undefined;
}

const tooLong =
  "The policies that the rollback would write are too long to record, so that it could not be continued or reversed. A person must repair the part.";
