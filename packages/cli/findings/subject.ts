import type { Finding } from "@drift-guard/core/model/finding";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Transition } from "@drift-guard/core/model/transition";
import { findStanding } from "@drift-guard/core/rollback/standing";
import type { Announcement } from "@drift-guard/formats/announcement";
import { UsageError } from "../command.ts";
import { chooseFinding } from "../finding-choice.ts";
import { type FindingsSession, readAllFindings } from "./session.ts";

/** Returns the finding that the only argument of a command names. Throws `UsageError` for none, or several. */
export async function findOne(
  command: string,
  positionals: readonly string[],
  session: FindingsSession,
): Promise<Finding> {
  const [id, ...others] = positionals;
  if (id === undefined || others.length > 0) throw new UsageError(`${command} takes the id of one finding.`);
  return chooseFinding(id, await readAllFindings(session));
}

/** A finding with its history, and what the guard does about it now. */
export interface AnnouncedFinding extends Announcement {
  /** The oldest first. */
  readonly history: readonly Transition[];
}

/** Reads the history of a finding and what rollback knows of its role, and returns it as people would be told of it now. */
export async function announceFinding(
  finding: Finding,
  { stores, config, stage }: FindingsSession,
): Promise<AnnouncedFinding> {
  const history = await stores.findings.history(finding.role, finding.id);
  const control = await stores.control.load(finding.role);
  const transition = describeNow(finding, history.at(-1));
  const standing = findStanding(transition, { config, control, now: instantOf(new Date()) });
  return { transition, standing, history, ...(stage !== undefined && { stage }) };
}

// The last transition may be about another state, such as who caused the finding, and old ones are not kept for ever.
function describeNow(finding: Finding, last: Transition | undefined): Transition {
  const { id, seq, state, updatedAt } = finding;
  const kind = { open: "opened", suppressed: "suppressed", resolved: "resolved" } as const;
  const isAboutState = last !== undefined && last.finding.state === state && last.kind !== "attributed";
  const isAboutPart = last?.kind === "expiring" && state === "open";
  if (isAboutState && !isAboutPart) return { ...last, finding };
  return {
    schema: 1,
    id: `${id}#${seq}`,
    kind: kind[state],
    at: updatedAt,
    cause: { kind: "sweep" },
    finding,
  };
}
