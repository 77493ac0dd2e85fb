import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import { parseMessage } from "@drift-guard/core/intake/message";
import type { Change } from "@drift-guard/core/model/change";
import { instantOf } from "@drift-guard/core/model/instant";
import { rollbackKinds, type Transition } from "@drift-guard/core/model/transition";
import type { FindingStore } from "@drift-guard/core/ports";
import { builtInReferences } from "@drift-guard/core/reference/built-in";
import { createSimulatedBatch } from "@drift-guard/embedded/batch/batch";
import { createVirtualClock, type VirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount, type SimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import { createIdGenerator } from "@drift-guard/embedded/iam/ids";
import { listAwsPolicies } from "@drift-guard/embedded/iam/managed-policies";
import { createRecheckQueue, createRollbackQueue } from "@drift-guard/embedded/rechecks";
import { createChangeStore } from "@drift-guard/embedded/sqlite/changes";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { createFullReadStore } from "@drift-guard/embedded/sqlite/full-reads";
import { createUsageStore } from "@drift-guard/embedded/sqlite/usage";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import type { Inspection } from "@drift-guard/guard/inspect/inspection";
import { refreshRegion } from "@drift-guard/guard/inspect/usage";
import type { GuardSettings, InspectPorts, RollbackPorts } from "@drift-guard/guard/ports";
import type { RollbackOutcome } from "@drift-guard/guard/rollback/outcome";
import { handleRollbackMessage } from "@drift-guard/guard/rollback/rollback";
import type { RoleCheck } from "../output/check.ts";
import { checkRole } from "../role-check.ts";
import { batchRegion, createBatchResources, createRoles, makeSettings, root } from "./account.ts";

/** Something that happened on the stage, at a time of its simulated clock. */
export type Happening = { readonly at: Date } & (
  | { readonly kind: "call"; readonly change: Change; readonly byGuard: boolean }
  | { readonly kind: "inspection"; readonly inspection: Inspection; readonly isRecheck: boolean }
  | { readonly kind: "transition"; readonly transition: Transition }
  | { readonly kind: "rollback"; readonly outcome: RollbackOutcome }
);

/** An account in memory with the guard, wired as in a deployment. */
export interface Stage {
  readonly account: SimulatedAccount;
  readonly settings: GuardSettings;
  /** Makes a call to IAM, and returns everything that follows, until nothing is pending. */
  perform(call: IamCall, by: ApiCaller): Promise<readonly Happening[]>;
  /** Compares every watched role with its reference. */
  checkRoles(): Promise<readonly RoleCheck[]>;
  close(): void;
}

// The delay from a call to its CloudTrail event.
const trailSeconds = 150;
// Longer than a session of the roles.
const enrolmentSeconds = 2 * 3600;
/** Far more than any scene has; reaching it means an endless loop. */
const maxHappenings = 500;

/** Creates a stage whose watched roles match their references, with automatic rollback. `start` is ISO 8601. */
export async function setStage(start: string): Promise<Stage> {
  const clock = createVirtualClock(start);
  const ids = createIdGenerator();
  const account = createSimulatedAccount({ clock, ids, awsPolicies: listAwsPolicies(builtInReferences()) });
  const settings = makeSettings(account);
  createRoles(account, settings);
  const database = openDatabase(":memory:");
  const committed: Transition[] = [];
  const rechecks = createRecheckQueue(clock);
  const requests = createRollbackQueue(clock);
  const batch = createSimulatedBatch({ iam: account, clock, ids });
  await createBatchResources(batch);
  const guard: ApiCaller = { kind: "session", role: settings.guardRole, session: "rollback" };
  const ports: InspectPorts & RollbackPorts = {
    roles: account.reader(guard),
    policies: account.policyReader(),
    writer: account.writer(guard),
    findings: recordTransitions(createFindingStore(database), committed),
    control: createControlStore(database),
    rechecks,
    requests,
    changes: createChangeStore(database),
    batch: batch.reader,
    usage: createUsageStore(database),
    fullReads: createFullReadStore(database),
    now: clock.now,
    newId: ids.uuid,
  };
  await refreshRegion(batchRegion, ports, settings);
  const now = instantOf(clock.now());
  // A new deployment would only observe for its first days.
  await ports.control.saveObserving(account.account, { version: 0, since: now, ended: { at: now } });
  // Rollback restores nothing while a session may be alive from before its first clean read.
  for (const { name, reference } of listWatchedRoles(settings)) {
    if (reference.serviceLinked !== undefined) continue;
    await handleRollbackMessage({ enrol: { role: name, at: now } }, ports, settings);
  }
  clock.advance(enrolmentSeconds);
  const events: string[] = [];
  account.onEvent((envelope) => events.push(JSON.stringify(envelope)));

  const next = async (): Promise<readonly Happening[] | undefined> => {
    const transition = committed.shift();
    if (transition) return deliverTransition(transition, ports, settings);
    const event = events.shift();
    if (event !== undefined) {
      clock.advance(trailSeconds);
      const message = parseMessage(event);
      const inspections = await inspectMessage(message, ports, settings);
      return [...describeCall(message, settings, clock), ...describeInspections(inspections, clock, false)];
    }
    const times = [rechecks.nextAt(), requests.nextAt()].filter((time) => time !== undefined);
    if (times.length === 0) return undefined;
    const at = new Date(Math.min(...times.map((time) => time.getTime())));
    if (at > clock.now()) clock.advanceTo(at);
    const happenings: Happening[] = [];
    for (const request of requests.due(clock.now())) {
      const outcome = await handleRollbackMessage(request, ports, settings);
      if (outcome.status === "done" || outcome.status === "failed") {
        happenings.push({ at: clock.now(), kind: "rollback", outcome });
      }
    }
    for (const recheck of rechecks.due(clock.now())) {
      const inspections = await inspectMessage({ kind: "recheck", recheck }, ports, settings);
      happenings.push(...describeInspections(inspections, clock, true));
    }
    return happenings;
  };

  return {
    account,
    settings,
    async perform(call, by) {
      account.call(call, by);
      const happenings: Happening[] = [];
      for (let more = await next(); more; more = await next()) {
        happenings.push(...more);
        if (happenings.length > maxHappenings) {
          throw new Error(
            `${call.call} led to more than ${maxHappenings} happenings: the guard is in an endless loop.`,
          );
        }
      }
      clock.advance(600);
      return happenings;
    },
    checkRoles: () =>
      Promise.all(
        listWatchedRoles(settings).map((watched) =>
          checkRole(watched, {
            reader: account.reader(root),
            account: account.account,
            partition: account.partition,
            config: settings.config,
          }),
        ),
      ),
    close: () => database.close(),
  };
}

// Stands for the table's stream: exactly the committed transitions are delivered.
function recordTransitions(store: FindingStore, committed: Transition[]): FindingStore {
  return {
    ...store,
    async commit(commit) {
      const ledger = await store.commit(commit);
      committed.push(...commit.transitions);
      return ledger;
    },
  };
}

async function deliverTransition(
  transition: Transition,
  ports: RollbackPorts,
  settings: GuardSettings,
): Promise<readonly Happening[]> {
  const happening: Happening = { at: ports.now(), kind: "transition", transition };
  if (!rollbackKinds.includes(transition.kind)) return [happening];
  const outcome = await handleRollbackMessage({ hint: transition.finding.role }, ports, settings);
  return [happening, { at: ports.now(), kind: "rollback", outcome }];
}

function describeCall(
  message: ReturnType<typeof parseMessage>,
  { guardRole }: GuardSettings,
  clock: VirtualClock,
): readonly Happening[] {
  if (message.kind !== "change") return [];
  const { change } = message;
  return [{ at: clock.now(), kind: "call", change, byGuard: change.actor.issuer === guardRole }];
}

function describeInspections(
  inspections: readonly Inspection[],
  clock: VirtualClock,
  isRecheck: boolean,
): readonly Happening[] {
  return inspections.map((inspection) => ({ at: clock.now(), kind: "inspection", inspection, isRecheck }));
}
