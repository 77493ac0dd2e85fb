import { observingDays } from "@drift-guard/core/model/observing";
import { sanitise } from "@drift-guard/formats/printable";
import type { RoleStatus } from "../output/rollback.ts";
import { type Style, type Terminal, wrap } from "../terminal.ts";
import { count } from "./plan-lines.ts";

/** What rollback knows of one role, as lines. What there is none of is left out. */
export function formatStatus(status: RoleStatus, { columns, paint }: Terminal): readonly string[] {
  const say = (text: string, style?: Style) =>
    wrap(sanitise(text, 1500), columns, "  ", "    ").map((line) =>
      style === undefined ? line : paint(style, line),
    );
  const { role, modes, enrolment, pauses, rollbacks, attempts, nextTry, approvals, exceptions } = status;
  const { excess, missing, altered } = modes;
  return [
    paint("bold", sanitise(role)),
    ...say(`rollback: excess ${excess}, missing ${missing}, altered ${altered}`),
    // Where every side is off, the guard writes nothing anyway, and refuses rollback enable.
    ...(status.observing === undefined || [excess, missing, altered].every((mode) => mode === "off")
      ? []
      : say(formatPhase(status.observing), "yellow")),
    ...say(formatEnrolment(enrolment)),
    ...status.unreadable.flatMap((each) => say(`unreadable, so that nothing is rolled back: ${each}`, "red")),
    ...pauses.flatMap(({ scope, by, until, reason }) =>
      say(`paused until ${until} (${scope}) by ${by}: ${reason}`, "yellow"),
    ),
    ...rollbacks.flatMap((rollback) => formatRollback(rollback, say)),
    ...attempts.flatMap(({ finding, starts, contested, next }) =>
      say(
        `finding ${shorten(finding)}: ${count(starts.length, "rollback")} in the last 7 days${contested ? ", contested: something keeps setting it" : ""}${next === undefined ? "" : `, next try at ${next}`}`,
        contested ? "yellow" : undefined,
      ),
    ),
    ...(nextTry === undefined ? [] : say(`next look at the role: ${nextTry}`)),
    ...approvals.flatMap(({ finding, by, until }) =>
      say(`approved until ${until}: finding ${shorten(finding)}, by ${by}`),
    ),
    ...exceptions.flatMap(({ finding, by, until, reason }) =>
      say(`accepted until ${until}: finding ${shorten(finding)}, by ${by}: ${reason}`),
    ),
  ];
}

function shorten(finding: string): string {
  return finding.slice(0, 12);
}

function formatPhase({ until }: NonNullable<RoleStatus["observing"]>): string {
  const end =
    until === undefined ? `for ${observingDays} days after the first complete sweep` : `until ${until}`;
  return `observed only ${end}, or until drift-guard rollback enable: the guard is new here, and writes nothing that nobody approved`;
}

function formatEnrolment(enrolment: RoleStatus["enrolment"]): string {
  if (enrolment === undefined) {
    return "not known yet: no read by rollback found it clean, so that restoring needs an approval";
  }
  const { roleId, at, cleanAt } = enrolment;
  const clean = cleanAt === undefined ? "no read found it clean yet" : `last clean read at ${cleanAt}`;
  return `known since ${at} as ${roleId}, ${clean}`;
}

// Cap on the output: a rollback may remove 150 policies.
const maxSteps = 10;

function formatRollback(
  { id, status, startedAt, endedAt, failure, steps }: RoleStatus["rollbacks"][number],
  say: (text: string, style?: Style) => readonly string[],
): readonly string[] {
  const time = endedAt === undefined ? `started at ${startedAt}` : `ended at ${endedAt}`;
  const more = steps.length - maxSteps;
  return [
    ...say(`rollback ${id}: ${status}, ${time}`, status === "failed" ? "red" : undefined),
    ...(failure === undefined ? [] : say(`  ${failure}`)),
    ...steps
      .slice(0, maxSteps)
      .flatMap(({ call, part, status: step, code, requestId }) =>
        say(
          `  ${call} at ${part}: ${step}${code === undefined ? "" : ` (${code})`}${requestId === undefined ? "" : `, request ${requestId}`}`,
        ),
      ),
    ...(more > 0 ? say(`  and ${count(more, "more step")}`) : []),
  ];
}
