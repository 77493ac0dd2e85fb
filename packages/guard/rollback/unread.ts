import type { RoleUnreadableError } from "@drift-guard/core/errors";
import type { RollbackMessage } from "@drift-guard/core/intake/rollback-message";
import type { Control, UnreadSince } from "@drift-guard/core/model/control";
import { addSeconds, type Instant, instantOf, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import { decideOnControl } from "../control-commit.ts";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import { recordUnreadChange } from "./causes.ts";
import { scheduleTry } from "./later-try.ts";
import type { RollbackOutcome } from "./outcome.ts";
import { type FindingRefusal, reportRefusals } from "./report.ts";

// As for rechecks: IAM throttles the reads of an account for minutes.
const pauses = { shortest: 300, longest: 900 };
const longestSeconds = 26 * 3600;
// A short throttling is nothing that people must know.
const quietSeconds = 900;
const maxWhy = 500;

/**
 * Schedules another look at a role that `message` concerns and that could not be read: after pauses that grow from 5 to 15
 * minutes, for 26 hours at most; then each sweep asks again. After 15 minutes, the findings that wait for a rollback say so.
 * If the message is about a change, the record keeps it until the role can be read. Throws `StoreUnavailableError`.
 */
export async function awaitRole(
  error: RoleUnreadableError,
  message: RollbackMessage,
  { guarded }: Pick<WatchedRoleWithUses, "guarded">,
  key: RoleKey,
  ports: RollbackPorts,
  settings: GuardSettings,
): Promise<RollbackOutcome> {
  const now = instantOf(ports.now());
  const { control, result: unread } = await decideOnControl(ports.control, key, now, async (current) => {
    const first = current.unread ?? { since: now, why: error.message.slice(0, maxWhy) };
    const noted: Control =
      "changed" in message
        ? recordUnreadChange(current, first, message.changed.change, now, settings)
        : { ...current, unread: first };
    const seconds = Math.min(Math.max(elapsedOf(first, now), pauses.shortest), pauses.longest);
    const later = { due: plusSeconds(now, seconds), findings: [] };
    const isOver = elapsedOf(first, now) >= longestSeconds;
    return { control: isOver ? noted : await scheduleTry(noted, later, ports), result: first };
  });
  if (elapsedOf(unread, now) >= quietSeconds) {
    const { findings } = await ports.findings.load(key);
    const waiting = findings.filter(
      ({ id, state, evidence }) =>
        state === "open" &&
        evidence.kind === "drift" &&
        (guarded.rollback[evidence.side] === "automatic" ||
          control.approvals.some(({ findingId }) => findingId === id)),
    );
    const reason = describeWait(key.name, unread, now);
    const refusals = waiting.map(({ id }): FindingRefusal => ({ id, reason, temporary: true, quiet: false }));
    await reportRefusals(refusals, key, ports);
  }
  return { status: "refused", reason: error.message };
}

function describeWait(name: string, unread: UnreadSince, now: Instant): string {
  const { since, why } = unread;
  const end = plusSeconds(since, longestSeconds);
  return elapsedOf(unread, now) < longestSeconds
    ? `Rollback cannot read ${name} since ${since}, so nothing is rolled back: ${why} It reads the role again every 15 minutes until ${end}.`
    : `Rollback could not read ${name} from ${since} until ${end}, so nothing was rolled back: ${why} Each sweep asks for the rollback again. Check that the rollback function may read the role.`;
}

function elapsedOf({ since }: UnreadSince, now: Instant): number {
  return millisecondsBetween(since, now) / 1000;
}

function plusSeconds(at: Instant, seconds: number): Instant {
  return addSeconds(at, seconds);
}
