import { formatCause } from "@drift-guard/core/errors";
import type { Inspection } from "../inspect/inspection.ts";

/** A region whose AWS Batch could not be read, so that what is known of it stays as it was. */
export interface UnreadRegion {
  readonly region: string;
  readonly why: string;
}

/** What a sweep came to. */
export interface SweepReport {
  readonly inspections: readonly Inspection[];
  /** Transitions that a sink had not confirmed, told again. */
  readonly resent: number;
  /** Rollbacks that were lost on their way, or refused for a reason that passes, asked for again. */
  readonly asked: number;
  /** Findings that are open for long, told again to Security Hub. */
  readonly renewed: number;
  /** Roles that were not reached before time ran out; the next sweep finds them. */
  readonly left: readonly string[];
  /** Regions whose AWS Batch could not be read: what is known of them is as old as the sweep before. */
  readonly unread: readonly UnreadRegion[];
}

/** Something that a sweep could not do, and why. */
export interface SweepFailure {
  /** Such as `role ecsTaskExecutionRole`. */
  readonly what: string;
  readonly cause: unknown;
}

/** A sweep did everything but what the text names; `errors` holds the causes, `report` what was done. */
export class SweepIncompleteError extends AggregateError {
  override readonly name = "SweepIncompleteError";
  readonly report: SweepReport;
  constructor(failures: readonly SweepFailure[], report: SweepReport) {
    const told = failures.map(({ what, cause }) => `- ${what}: ${formatCause(cause)}`);
    super(
      failures.map(({ cause }) => cause),
      `The sweep could not do everything; all else is done. The next sweep tries again.\n${told.join("\n")}`,
    );
    this.report = report;
  }
}

/** Does work, and notes its failure in place of throwing it; then gives undefined. */
export type FailureCollector = <T>(what: string, work: () => Promise<T>) => Promise<T | undefined>;

/** An `Attempt` that notes failures in a list. */
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
