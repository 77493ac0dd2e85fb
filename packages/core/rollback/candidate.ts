import type { RollbackMode } from "../config/rollback-choice.ts";
import { findNextOpening, isInWindows } from "../config/rollback-window.ts";
import { nameActor } from "../config/trusted-actor.ts";
import { leaveUncovered } from "../evaluate/coverage.ts";
import { rateSeverity } from "../evaluate/severity.ts";
import type { Actor } from "../model/actor.ts";
import type { Drift } from "../model/evidence.ts";
import { identifyFinding } from "../model/identity.ts";
import type { Instant } from "../model/instant.ts";
import type { Role } from "../model/role.ts";
import type { Reference } from "../reference/reference.ts";
import { type AcceptedPart, findAcceptedPart } from "./accepted-part.ts";
import { findApproval } from "./approvals.ts";
import { listCountedApprovals } from "./counted-approvals.ts";
import { listMakers, listTrusted } from "./makers.ts";
import { findPauseOf } from "./pause.ts";
import type { PlanningInput } from "./planning.ts";
import type { Obstacle } from "./restoring.ts";

/** A drift, and what the owner and people decided about its rollback. */
export interface Candidate {
  /** Id of the drift's finding. */
  readonly id: string;
  readonly evidence: Drift;
  /** Whether exceptions cover all of it. */
  readonly suppressed: boolean;
  /** What exceptions cover of it, where they leave some; `evidence` is then what they leave. */
  readonly accepted?: AcceptedPart;
  /** Whether a person approved the rollback of exactly this drift. */
  readonly approved: boolean;
  /** When that approval was given; left out if there is none. */
  readonly approvedAt?: Instant;
  /** The owner's mode; in the observing phase `simulate` in its place, unless the drift is approved. */
  readonly mode: RollbackMode;
  /** Who made the drift, if the owner trusts all of them; empty otherwise. */
  readonly trusted: readonly Actor[];
}

/** Returns the drifts of a fresh read with the decisions about them. */
export function listCandidates(planning: PlanningInput): readonly Candidate[] {
  const { role, assessments, control, guarded, config, now } = planning;
  return assessments.flatMap((evidence): readonly Candidate[] => {
    if (evidence.kind !== "drift") return [];
    const id = identifyFinding(role, evidence);
    const trusted = listTrusted(listMakers(id, control), config);
    const approvals = listCountedApprovals(id, planning);
    const approval = findApproval({ id, evidence }, { ...control, approvals, now });
    const coverage = { exceptions: control.exceptions, now };
    const left = leaveUncovered({ id, evidence }, coverage);
    const uncovered = left?.kind === "drift" ? left : evidence;
    const accepted =
      left &&
      findAcceptedPart({ id, evidence }, uncovered, {
        ...coverage,
        severity: rateSeverity(uncovered, planning),
        approved: approval !== undefined,
      });
    return [
      {
        id,
        evidence: uncovered,
        suppressed: left === undefined,
        ...(accepted && { accepted }),
        approved: approval !== undefined,
        ...(approval && { approvedAt: approval.at }),
        mode: chooseMode(guarded.rollback[evidence.side], approval !== undefined, planning),
        trusted,
      },
    ];
  });
}

// Somebody has looked at what they approved.
function chooseMode(
  mode: RollbackMode,
  isApproved: boolean,
  { observing = false }: Pick<PlanningInput, "observing">,
): RollbackMode {
  return observing && !isApproved && mode !== "off" ? "simulate" : mode;
}

/** Whether the owner never lets a drift be rolled back, or accepted it. */
export function isLeft({ suppressed, mode }: Candidate): boolean {
  return suppressed || mode === "off";
}

/** Returns what was accepted of some drifts whose rest can be undone, as a policy for each. */
export function listAccepted(candidates: readonly Pick<Candidate, "accepted">[]): readonly string[] {
  return candidates.flatMap(({ accepted }) => (accepted?.kind === "separable" ? [accepted.policy] : []));
}

/** Whether all of a drift stays for the sake of what was accepted of it, unless a person approves its rollback. */
export function staysForAccepted({ accepted, approved }: Pick<Candidate, "accepted" | "approved">): boolean {
  return accepted?.kind === "inseparable" && !approved;
}

/** Returns why a drift is not rolled back now, whatever its repair is; undefined if it may be. */
export function findHold(candidate: Candidate, planning: PlanningInput): Obstacle | undefined {
  const { control, now, hold, reference, role } = planning;
  const { id, approved, mode, trusted, accepted } = candidate;
  if (isServiceLinked(role, reference)) {
    return { reason: `${role.name} is a service-linked role: only AWS may change it.` };
  }
  const pause = findPauseOf(control.pauses ?? [], listMakers(id, control), now);
  if (pause) {
    const where = pause.scope === "account" ? "in this account" : "of this role";
    return {
      reason: `Rollbacks ${where} are paused until ${pause.until} by ${pause.by}: ${pause.reason}`,
      until: pause.until,
    };
  }
  if (approved) return undefined;
  if (accepted?.kind === "inseparable") return { reason: accepted.why };
  // A trusted pipeline would set its change again: a person decides which state is right.
  if (mode === "approve" || trusted.length > 0) {
    const wait = "Its rollback waits for a person's approval";
    const names = [...new Set(trusted.map(nameActor))].join(", ");
    return {
      reason:
        trusted.length === 0
          ? `${wait}.`
          : `${wait}: the change was made by ${names}, whom the configuration trusts.`,
    };
  }
  return hold?.(id);
}

/**
 * Returns why an automatic rollback waits for one of the owner's windows; undefined in a window, after an approval, and for
 * removing excess of severity CRITICAL, which never waits.
 */
export function findClosedWindow(
  { evidence, approved }: Candidate,
  { role, guarded, config, uses, now }: PlanningInput,
  restores: boolean,
): Obstacle | undefined {
  const { windows } = guarded.rollback;
  if (approved || isInWindows(windows, now)) return undefined;
  const severity = rateSeverity(evidence, { role, config, uses });
  if (!restores && evidence.side === "excess" && severity === "CRITICAL") return undefined;
  const until = findNextOpening(windows, now);
  return {
    reason:
      until === undefined
        ? "The configuration lets rollbacks run in windows, and none of them opens in the next 8 days. A person must approve the rollback."
        : `Automatic rollbacks of this role run in the windows of the configuration. The next one opens at ${until}.`,
    ...(until !== undefined && { until }),
  };
}

/** Whether a role is a service-linked role, by its reference or its path, which no other role can have (R20). */
export function isServiceLinked({ path }: Pick<Role, "path">, { serviceLinked }: Reference): boolean {
  return serviceLinked !== undefined || path.startsWith("/aws-service-role/");
}
