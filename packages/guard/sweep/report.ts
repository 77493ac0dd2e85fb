import type { UnreadRegion } from "@drift-guard/core/batch/unread-regions";
import { formatCause } from "@drift-guard/core/errors";
import type { UnreadableItem } from "@drift-guard/core/ports";
import type { Inspection } from "../inspect/inspection.ts";

/** The result of a sweep. */
export interface SweepReport {
  readonly inspections: readonly Inspection[];
  /** Number of transitions announced again because a sink had not marked them as delivered. */
  readonly resent: number;
  /** Number of findings renewed in Security Hub because they have been open for long. */
  readonly renewed: number;
  /** Transitions that cannot be read, and of which nobody is told; each is reported by one sweep. */
  readonly unreadable: readonly UnreadableItem[];
  /** Names of the roles that were not inspected before time ran out; the next sweep starts with every role again. */
  readonly left: readonly string[];
  /** Regions whose recorded uses may be older than this sweep. */
  readonly unread: readonly UnreadRegion[];
}

/** One part of a sweep that failed, and why. */
export interface SweepFailure {
  /** Such as `role ecsTaskExecutionRole`. */
  readonly what: string;
  readonly cause: unknown;
}

/** A sweep failed in part. `errors` holds the causes and `report` the result of the rest. */
export class SweepIncompleteError extends AggregateError {
  override readonly name = "SweepIncompleteError";
  readonly report: SweepReport;
  constructor(failures: readonly SweepFailure[], report: SweepReport) {
    const lines = failures.map(({ what, cause }) => `- ${what}: ${formatCause(cause)}`);
    super(
      failures.map(({ cause }) => cause),
      `The sweep failed in part; everything else is done. The next sweep tries again.\n${lines.join("\n")}`,
    );
    this.report = report;
  }
}

/** Runs `work`. Records what it throws, under the name `what`, and returns undefined instead of throwing. */
export type FailureCollector = <T>(what: string, work: () => Promise<T>) => Promise<T | undefined>;

/** Creates a collector that appends failures to a list. */
export function createFailureCollector(failures: SweepFailure[]): FailureCollector {
  return async (what, work) => {
    try {
      return await work();
    } catch (cause) {
      failures.push({ what, cause });
      return undefined;
    }
  };
}
