import type { Finding } from "../model/finding.ts";
import type { FirstReport, ReportState } from "../model/first-report.ts";
import { type Instant, millisecondsBetween } from "../model/instant.ts";
import { Severity, worstFirst } from "../model/severity.ts";
import type { Transition } from "../model/transition.ts";

const hourMs = 3_600_000;

// The first sweep of a new deployment comes within a day.
const newHours = 72;
// No drift waits longer than a day for a sweep that is complete.
const waitHours = 20;
const longestWaitHours = 24;
// What follows from the first report, such as the author that CloudTrail shows, comes within a day.
const followHours = 24;
const maxWorst = 5;
// An item of DynamoDB holds 400 KB; a finding takes 45 bytes of it.
const maxCovered = 7_000;

/** Whether the guard has been deployed for so long that its next sweep is not the first one, as its findings show. */
export function isEstablished(findings: readonly Finding[], now: Instant): boolean {
  return findings.some((finding) => ageOf(finding, now) > newHours * hourMs);
}

/** Whether a report is due although no sweep was complete: an open finding waits for it too long. */
export function isReportOverdue(findings: readonly Finding[], now: Instant): boolean {
  return findings.some((finding) => finding.state === "open" && ageOf(finding, now) > waitHours * hourMs);
}

function ageOf({ openedAt, firstSeenAt = openedAt }: Finding, now: Instant): number {
  return Math.max(millisecondsBetween(openedAt, now), millisecondsBetween(firstSeenAt, now));
}

/** A sweep that ends with the first report. */
interface FirstSweep {
  readonly account: string;
  readonly at: Instant;
  /** Number of roles that it read. */
  readonly roles: number;
  /** The findings of these roles, in every state. */
  readonly findings: readonly Finding[];
  readonly unreadRegions: readonly string[];
  readonly isComplete: boolean;
}

/** Returns the first report, as it is to be stored. */
export function createReport(sweep: FirstSweep): ReportState & { readonly report: FirstReport } {
  const { account, at, roles, findings, unreadRegions, isComplete } = sweep;
  const open = findings.filter(({ state }) => state === "open").toSorted(worstFirst);
  const counts = Severity.options.flatMap((severity) => {
    const { length } = open.filter((finding) => finding.severity === severity);
    return length === 0 ? [] : [[severity, length] as const];
  });
  const others = findings.filter(({ state }) => state !== "open");
  return {
    version: 0,
    report: {
      schema: 1,
      id: `first-report-${account}`,
      account,
      at,
      roles,
      open: Object.fromEntries(counts),
      accepted: others.filter(({ state }) => state === "suppressed").length,
      worst: open.slice(0, maxWorst).map(({ role, id, seq }) => ({ role: role.name, findingId: id, seq })),
      unreadRegions,
      ...(!isComplete && { incomplete: true }),
    },
    covers: Object.fromEntries([...open, ...others].slice(0, maxCovered).map(({ id, seq }) => [id, seq])),
  };
}

/** Whether a message about a transition may depend on the first report. */
export function concernsReport(transition: Transition): boolean {
  return isOfFirstSweep(transition) || followsSweep(transition);
}

/** Whether a first sweep made a transition. */
export function isOfFirstSweep({ cause }: Pick<Transition, "cause">): boolean {
  return cause.kind === "sweep" && cause.first === true;
}

/** Whether a transition may follow from a sweep, without news: what rollback would do, or an author that CloudTrail shows. */
export function followsSweep({ kind, cause }: Pick<Transition, "kind" | "cause">): boolean {
  return kind === "simulated" || (kind === "attributed" && cause.kind !== "change");
}

/**
 * What people are told of a transition beside the first report: `told` as other transitions, `reported` in the report and
 * nowhere else, or `waits` for the report, which no sweep has made yet: a day at most. The report tells what the first sweep
 * found. What rollback would do about it, and the author that CloudTrail shows later, stand in the findings.
 */
export function judgeByReport(
  transition: Transition,
  { version, report, covers = {} }: ReportState,
  now: Instant,
): "told" | "reported" | "waits" {
  const { finding, at } = transition;
  const covered = covers[finding.id];
  if (isOfFirstSweep(transition)) {
    if (covered !== undefined && finding.seq <= covered) return "reported";
    const isWaiting = version === 0 && millisecondsBetween(at, now) < longestWaitHours * hourMs;
    return isWaiting ? "waits" : "told";
  }
  const isSoon = report && millisecondsBetween(report.at, at) < followHours * hourMs;
  return followsSweep(transition) && covered !== undefined && isSoon ? "reported" : "told";
}
