import { isOff } from "@drift-guard/core/config/rollback-choice";
import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { Control } from "@drift-guard/core/model/control";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { joinPhases, type ObservingPhase } from "@drift-guard/core/model/observing";
import type { RoleKey } from "@drift-guard/core/model/role";
import { decideOnControl } from "../control-commit.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import { nothingToDo, type RollbackOutcome } from "./outcome.ts";

type PhasePorts = Pick<RollbackPorts, "control" | "now">;

/**
 * Stores the observing phase where the account has none: a new one if rollback has stored nothing about any role, an ended
 * one if it has stored records from before there was a phase, and else what its records say. Throws `StoreUnavailableError`.
 */
export async function beginObserving(
  key: RoleKey,
  ports: PhasePorts,
  settings: GuardSettings,
): Promise<void> {
  const { observing, unreadable } = await ports.control.load(key);
  // An item that cannot be read has rollbacks refused.
  if (unreadable !== undefined || (observing && observing.version > 0)) return;
  const now = instantOf(ports.now());
  // Another invocation may have stored it meanwhile.
  await ports.control.saveObserving(
    key.account,
    findPhase(await loadRecords(key.account, ports, settings), now),
  );
}

function findPhase(records: readonly Control[], now: Instant): ObservingPhase {
  const isOlder = records.some(({ version, observing }) => version > 0 && observing === undefined);
  if (isOlder) return { version: 0, since: now, ended: { at: now } };
  const known = records
    .map(({ observing }) => observing)
    .reduce((joined, phase) => (joined === undefined ? phase : joinPhases(joined, phase)), undefined);
  return known ? { ...known, version: 0 } : { version: 0, since: now };
}

/** What a message says of the observing phase: when a complete sweep ended, if that was the first one. */
export interface PhaseNews {
  readonly sweptAt?: Instant;
}

/**
 * Records the end of the first complete sweep, and copies the phase into the record of each role: a person may have ended
 * it. Throws `StoreUnavailableError`.
 */
export async function recordPhase(
  news: PhaseNews,
  ports: PhasePorts,
  settings: GuardSettings,
): Promise<RollbackOutcome> {
  const { account } = settings;
  // The time that the message names would let its sender end the phase.
  if (news.sweptAt !== undefined)
    await recordSweep({ account, name: "*" }, instantOf(ports.now()), ports, settings);
  for (const { role, version } of await loadRecords(account, ports, settings)) {
    if (version === 0) continue;
    await decideOnControl(ports.control, role, instantOf(ports.now()), (control) => ({
      control: { ...control },
      result: undefined,
    }));
  }
  return nothingToDo("the observing phase is recorded");
}

// Respond may write the item at the same time.
const maxAttempts = 10;

async function recordSweep(
  key: RoleKey,
  sweptAt: Instant,
  ports: PhasePorts,
  settings: GuardSettings,
): Promise<void> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    await beginObserving(key, ports, settings);
    const { observing, unreadable } = await ports.control.load(key);
    if (observing === undefined || observing.sweptAt !== undefined || unreadable !== undefined) return;
    if (observing.ended || (await ports.control.saveObserving(key.account, { ...observing, sweptAt })))
      return;
  }
  throw new StoreUnavailableError(
    `The observing phase of account ${key.account} changed during all ${maxAttempts} attempts to write it. The message returns to its queue.`,
  );
}

/** Returns the control records of the roles that rollback may concern. */
function loadRecords(
  account: string,
  { control }: PhasePorts,
  settings: GuardSettings,
): Promise<readonly Control[]> {
  const roles = listWatchedRoles(settings).filter(({ guarded }) => !isOff(guarded.rollback));
  return Promise.all(roles.map(({ name }) => control.load({ account, name })));
}
