import type { RoleRecheck } from "@drift-guard/core/model/change";
import { clockSlackMs, type Instant, isBefore, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { InspectPorts } from "../ports.ts";
import type { Inspection } from "./inspection.ts";

// Two hours more than the guard follows the deletion of a service-linked role. A sweep reads the role afterwards.
const longestSeconds = 26 * 3600;
// docs/aws-facts.md, "DynamoDB, SQS and Lambda".
const longestPauseSeconds = 900;

/** Rechecks of one role that follow each other, until nothing is left to wait for or a day has passed. */
export interface RecheckSeries {
  /** When the first of them was due. */
  readonly began: Instant;
  /** Seconds since then. */
  readonly elapsed: number;
  /** Whether no recheck may follow. */
  readonly isLast: boolean;
}

/**
 * Returns the series that a recheck belongs to. A recheck that claims to have begun later than clocks differ is forged, and no
 * other follows it.
 */
export function findSeries({ began }: RoleRecheck, now: Instant): RecheckSeries {
  const elapsed = began === undefined ? 0 : millisecondsBetween(began, now) / 1000;
  return {
    began: began ?? now,
    elapsed,
    isLast: elapsed < -clockSlackMs / 1000 || elapsed >= longestSeconds,
  };
}

/**
 * Whether an inspection that began at `began` must read the role again because it could not be read. Only inspections
 * from before the finding opened do, so that one series of reads waits for the role, however many changes it has.
 */
export function waitsForRole({ unreadSince }: Pick<Inspection, "unreadSince">, began: Instant): boolean {
  return unreadSince !== undefined && !isBefore(unreadSince, began);
}

/** Schedules the next recheck of a series. The pauses before an unreadable role grow to 15 minutes. */
export async function continueSeries(
  recheck: RoleRecheck,
  { elapsed }: RecheckSeries,
  inspection: Pick<Inspection, "unreadSince">,
  { rechecks }: Pick<InspectPorts, "rechecks">,
  recheckSeconds: number,
): Promise<void> {
  const longest = Math.max(recheckSeconds, longestPauseSeconds);
  const pause = inspection.unreadSince === undefined ? recheckSeconds : Math.max(recheckSeconds, elapsed);
  await rechecks.schedule(recheck, Math.min(pause, longest));
}
