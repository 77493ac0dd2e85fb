import type { Config } from "@drift-guard/core/config/config";
import type { Actor } from "@drift-guard/core/model/actor";
import type { Change } from "@drift-guard/core/model/change";
import type { Control, RecordedCause, UnreadSince } from "@drift-guard/core/model/control";
import type { Assessment } from "@drift-guard/core/model/evidence";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import { type Instant, instantOf, isAhead } from "@drift-guard/core/model/instant";
import { takeBytes } from "@drift-guard/core/model/json-size";
import { isSamePart } from "@drift-guard/core/model/part";
import type { Step } from "@drift-guard/core/model/plan";
import { type RoleKey, unseen } from "@drift-guard/core/model/role";
import { authorOf } from "@drift-guard/core/reconcile/attribution";
import { mayHaveChangedSession, mayHaveExposed } from "@drift-guard/core/rollback/exposure";
import { isByGuard, isNotBefore } from "@drift-guard/core/rollback/own-call";
import { recordedPart } from "@drift-guard/core/rollback/recorded-part";
import { decideOnControl } from "../control-commit.ts";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import { recordExposure, recordSessionChange, recordSessions } from "./exposure.ts";
import { observeRole } from "./observation.ts";
import { addMaker, addUndone } from "./recorded-makers.ts";

/**
 * Records the actor of a change as the cause of the drifts that it explains, as far as rollback's own read shows them; and
 * that somebody may have been let in, if the change wrote a trust policy that the read does not show, or may have a longer
 * session than the read shows, if it set the limit. A change of another
 * account, a refused one, one by the guard itself, and one of a time that no honest clock has shown are no causes. Throws
 * `RoleUnreadableError`, `StoreUnavailableError`.
 */
export async function recordCauses(
  watched: WatchedRoleWithUses,
  key: RoleKey,
  change: Change,
  ports: Pick<RollbackPorts, "roles" | "control" | "now">,
  settings: GuardSettings,
): Promise<void> {
  const now = instantOf(ports.now());
  if (!isCause(change, now, settings)) return;
  await decideOnControl(ports.control, key, now, async (control) => {
    const observation = await observeRole(watched, ports);
    const seen = observation.status === "present" ? observation.assessments : [];
    const causes = addCauses(control, key, change, seen, now, settings.config);
    const changed = causes === control.causes ? control : { ...control, causes };
    // The invocation may be cut off before its next record, and the role be closed again by the next one.
    const known =
      observation.status === "present"
        ? recordSessions(changed, observation.role, seen, observation.now)
        : changed;
    const timed = mayHaveChangedSession(change) ? recordSessionChange(known, instantOf(ports.now())) : known;
    const isExposing = observation.status === "present" && mayHaveExposed(change, observation.role);
    return {
      control: isExposing ? recordExposure(timed, observation.role, observation.now) : timed,
      result: undefined,
    };
  });
}

// A cause of the future would stay the cause, whatever was changed until then.
function isCause(change: Change, now: Instant, settings: GuardSettings): boolean {
  if (isAhead(change.at, now)) return false;
  if (change.account !== settings.account || isByGuard(change, settings)) return false;
  return change.outcome.status === "succeeded";
}

// What messages about a role that cannot be read add to its record: the newest changes, and bytes of JSON.
const maxUnread = { changes: 50, bytes: 100_000 };

/**
 * Returns the control record after a change whose role cannot be read, as `unread` says: the change is kept until a read shows
 * what it caused. A trust policy that it wrote may have let anybody in until then, and a session limit that it set may be the
 * longest.
 */
export function recordUnreadChange(
  control: Control,
  unread: UnreadSince,
  change: Change,
  now: Instant,
  settings: GuardSettings,
): Control {
  if (!isCause(change, now, settings)) return { ...control, unread };
  const others = (unread.changes ?? []).filter(({ id }) => id !== change.id);
  const kept = [{ ...change, actor: limitActor(change.actor) }, ...others.toReversed()];
  const changes = takeBytes(kept.slice(0, maxUnread.changes), maxUnread.bytes).toReversed();
  const known: Control = { ...control, unread: { ...unread, changes } };
  if (mayHaveChangedSession(change)) return recordSessionChange(known, now);
  if (change.call !== "iam:UpdateAssumeRolePolicy") return known;
  return recordExposure(known, { maxSession: unseen("The role cannot be read.") }, now, true);
}

/** Returns the control record after a read of a role that could not be read: with the causes of which messages came meanwhile. */
export function recordRead(
  control: Control,
  key: RoleKey,
  assessments: readonly Assessment[],
  now: Instant,
  config: Pick<Config, "trustedActors">,
): Control {
  const { unread, ...read } = control;
  if (unread === undefined) return control;
  const inOrder = (unread.changes ?? []).toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const { rollbacks } = read;
  const causes = inOrder.reduce(
    (known, change) => addCauses({ causes: known, rollbacks }, key, change, assessments, now, config),
    read.causes,
  );
  return { ...read, causes };
}

function addCauses(
  { causes, rollbacks }: Pick<Control, "causes" | "rollbacks">,
  key: RoleKey,
  change: Change,
  assessments: readonly Assessment[],
  now: Instant,
  config: Pick<Config, "trustedActors">,
): readonly RecordedCause[] {
  const changed = new Map<string, readonly RecordedCause[]>();
  // A cause of the future would hide every change until then.
  const believed = causes.filter(({ at }) => !isAhead(at, now));
  const causesOf = (id: string) => changed.get(id) ?? believed.filter(({ findingId }) => findingId === id);
  for (const evidence of assessments) {
    const actor = evidence.kind === "drift" ? authorOf(evidence, change) : undefined;
    if (actor === undefined) continue;
    const findingId = identifyFinding(key, evidence);
    const undone = rollbacks.findLast(
      ({ plan, startedAt, status }) =>
        status !== "failed" && plan.findings.includes(findingId) && !isNotBefore(change.at, startedAt),
    );
    const cause: RecordedCause = {
      findingId,
      digest: digestEvidence(evidence),
      changeId: change.id,
      call: change.call,
      at: change.at,
      actor: limitActor(actor),
      // The event came after the rollback of its own drift.
      ...(undone && { undoneBy: undone.id }),
    };
    const known = causesOf(findingId);
    changed.set(findingId, undone ? addUndone(known, cause) : addMaker(known, cause, config));
  }
  for (const cause of listUndoneCauses(rollbacks, change)) {
    changed.set(cause.findingId, addUndone(causesOf(cause.findingId), cause));
  }
  const others = causes.filter(({ findingId }) => !changed.has(findingId));
  const all = [...others, ...[...changed.values()].flat()];
  const isSame = all.length === causes.length && all.every((cause) => causes.includes(cause));
  return isSame ? causes : all;
}

/** Returns the change as the cause of drifts that a rollback undid before the message about the change came. */
function listUndoneCauses(
  rollbacks: Control["rollbacks"],
  { id, call, at, actor, writes }: Change,
): readonly RecordedCause[] {
  const isSame = (step: Step) => writes !== undefined && isSamePart(recordedPart(step), writes);
  const undone = rollbacks.find(
    ({ startedAt, plan }) => isNotBefore(startedAt, at) && plan.steps.some(isSame),
  );
  if (undone === undefined) return [];
  const steps = undone.plan.steps.filter(isSame);
  return [...new Set(steps.flatMap(({ findings }) => findings))].map((findingId) => ({
    findingId,
    digest: "",
    changeId: id,
    call,
    at,
    actor: limitActor(actor),
    undoneBy: undone.id,
  }));
}

const maxText = 700;

// A role's record holds many causes in one item.
function limitActor(actor: Actor): Actor {
  const { type, arn, account, issuer, session, service, accessKeyId, sourceIp, userAgent } = actor;
  const cut = (text: string) => text.slice(0, maxText);
  return {
    type: cut(type),
    ...(arn !== undefined && { arn: cut(arn) }),
    ...(account !== undefined && { account: cut(account) }),
    ...(issuer !== undefined && { issuer: cut(issuer) }),
    ...(session !== undefined && { session: cut(session) }),
    ...(service !== undefined && { service: cut(service) }),
    ...(accessKeyId !== undefined && { accessKeyId: cut(accessKeyId) }),
    ...(sourceIp !== undefined && { sourceIp: cut(sourceIp) }),
    ...(userAgent !== undefined && { userAgent: cut(userAgent) }),
  };
}
