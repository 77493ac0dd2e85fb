import { RoleUnreadableError } from "@drift-guard/core/errors";
import type { Message } from "@drift-guard/core/intake/message";
import { isTimely, whyForeign } from "@drift-guard/core/intake/origin";
import type { Symptom } from "@drift-guard/core/intake/symptom";
import {
  type Change,
  type FullReadRequest,
  mayConcernEveryRole,
  type RoleRecheck,
} from "@drift-guard/core/model/change";
import type { Note } from "@drift-guard/core/model/evidence";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { partOf } from "@drift-guard/core/model/part";
import { sameRoleName } from "@drift-guard/core/model/role";
import type { Cause } from "@drift-guard/core/model/transition";
import { explainsFailure } from "@drift-guard/core/reconcile/finding-context";
import { attemptOf, isByGuard } from "@drift-guard/core/rollback/own-call";
import type { GuardSettings, InspectPorts } from "../ports.ts";
import { findWatchedRolesWithUses, type WatchedRoleWithUses } from "./discovery.ts";
import { readEveryRole } from "./full-read.ts";
import { type Inspection, inspectRole } from "./inspection.ts";
import { noteLinkedRoleEdits, noteRunningDeletion } from "./linked-role-watch.ts";
import { claimRecheck } from "./recheck-claims.ts";
import { continueSeries, findSeries, waitsForRole } from "./recheck-series.ts";
import { claimSymptom } from "./symptom-claims.ts";
import { findEnvironmentsOfQueue, refreshSubjects } from "./usage.ts";

/**
 * Inspects every watched role that a message concerns, and schedules their rechecks. `sentAt` is when the message began to
 * wait for this; left out where it did not wait. Throws `RoleUnreadableError` and
 * `BatchUnreadableError` where the concerned roles cannot be found, and `StoreUnavailableError`; a watched role that
 * cannot be read becomes a finding.
 */
export async function inspectMessage(
  message: Message,
  ports: InspectPorts,
  settings: GuardSettings,
  sentAt?: Instant,
): Promise<readonly Inspection[]> {
  // The EventBridge rules match this account only.
  if (whyForeign(message, settings.account) !== undefined) return [];
  switch (message.kind) {
    case "irrelevant":
      return [];
    case "change":
      return inspectChange(message.change, ports, settings, sentAt);
    case "symptom":
      return inspectSymptom(message.symptom, ports, settings);
    case "recheck":
      return "everyRole" in message.recheck
        ? readEveryRole(narrowToWatched(message.recheck, settings), { kind: "recheck" }, ports, settings)
        : inspectRecheck(message.recheck, ports, settings);
  }
}

// Only messages that nobody of the guard sent name another Region.
function narrowToWatched(request: FullReadRequest, { config }: GuardSettings): FullReadRequest {
  if (request.region === undefined || config.regions.batch.includes(request.region)) return request;
  const { region: _, ...rest } = request;
  return rest;
}

// Clocks of SQS and of functions differ by less, and IAM shows most changes by then. The recheck reads again in any case.
const shownAfterMs = 2_000;

async function inspectChange(
  change: Change,
  ports: InspectPorts,
  settings: GuardSettings,
  sentAt: Instant | undefined,
): Promise<readonly Inspection[]> {
  const began = instantOf(ports.now());
  // An event of long ago is a replay. It still says where to look, and causes nothing that is there now.
  const isNews = isTimely(change.at, ports.now());
  const cause: Cause = isNews
    ? { kind: "change", changeId: change.id, call: change.call, at: change.at }
    : { kind: "recheck" };
  // A read that began when the message had been waiting for a while shows its change.
  const shownFrom = sentAt && instantOf(new Date(Date.parse(sentAt) + shownAfterMs));
  const after = isNews ? { after: change, ...(shownFrom && { shownFrom }) } : {};
  const request = { everyRole: "first", since: began } as const;
  if (mayConcernEveryRole(change)) {
    // A call to AWS Batch may also have changed which roles it uses.
    const isWatched = !isIamCall(change) && settings.config.regions.batch.includes(change.region);
    const place = isWatched ? { region: change.region } : {};
    return readEveryRole({ ...request, ...place }, cause, ports, settings);
  }
  const names = await findRolesBehind(change, ports, settings).catch(async (error: unknown) => {
    // The message returns to its queue, and its drift need not wait for that.
    if (error instanceof RoleUnreadableError) await readEveryRole(request, cause, ports, settings);
    throw error;
  });
  return Promise.all(
    (await findWatchedRolesWithUses(names, ports, settings)).map(async (watched) => {
      const evidence = [
        // A refused call by the guard's own role is judged at the recheck, when its rollback is recorded.
        ...(isNews && change.outcome.status === "refused" && isIamCall(change) && !isByGuard(change, settings)
          ? [attemptOf(change, change.outcome)]
          : []),
        ...(isNews ? await noteLinkedRoleEdits(watched, change, ports) : []),
        ...(isNews ? await noteRunningDeletion(watched, change, ports) : []),
      ];
      const key = { account: settings.account, name: watched.name };
      const kept = isNews ? { change: await ports.changes.keep(key, change) } : {};
      const inspection = await inspectRole(watched, { cause, ...after, evidence }, ports, settings);
      // IAM is eventually consistent, so a clean role is rechecked too.
      await ports.rechecks.schedule({ role: watched.name, ...kept, began }, settings.config.recheckSeconds);
      return { ...inspection, recheck: true };
    }),
  );
}

async function findRolesBehind(
  { subjects, region }: Pick<Change, "subjects" | "region">,
  ports: InspectPorts,
  settings: GuardSettings,
): Promise<readonly string[]> {
  const names = await Promise.all(
    subjects.map((subject) => (subject.kind === "role" ? [subject.name] : ports.roles.rolesBehind(subject))),
  );
  return [...names.flat(), ...(await refreshSubjects(region, subjects, ports, settings))];
}

// A call to AWS Batch names a role and does not alter it, so its refusal is no attempt on the role.
function isIamCall({ call }: Change): boolean {
  return call.startsWith("iam:");
}

async function inspectSymptom(
  symptom: Symptom,
  ports: InspectPorts,
  settings: GuardSettings,
): Promise<readonly Inspection[]> {
  if (!isTimely(symptom.at, ports.now())) return [];
  const began = instantOf(ports.now());
  if (!(await claimSymptom(symptom, ports))) return [];
  const { id, at, what, reason, region, queue } = symptom;
  const behind = queue === undefined ? [] : await findEnvironmentsOfQueue(region, queue, ports);
  const subjects = [...symptom.subjects, ...behind];
  const names = await findRolesBehind({ subjects, region }, ports, settings);
  const watchedRoles = await findWatchedRolesWithUses(names, ports, settings);
  const cause: Cause = { kind: "symptom", eventId: id, at, what, reason };
  const inspections = await Promise.all(
    watchedRoles.map((watched) => inspectRole(watched, { cause, evidence: [] }, ports, settings)),
  );
  const [first] = watchedRoles;
  if (first && !inspections.some(({ evidence }) => evidence.some(explainsFailure))) {
    const evidence = [createUnexplainedNote(symptom, watchedRoles)];
    inspections.push(await inspectRole(first, { cause, evidence }, ports, settings));
  }
  for (const { name } of watchedRoles) {
    await ports.rechecks.schedule({ role: name, began }, settings.config.recheckSeconds);
  }
  return inspections.map((inspection) => ({ ...inspection, recheck: true }));
}

function createUnexplainedNote(
  { what, reason }: Symptom,
  watchedRoles: readonly WatchedRoleWithUses[],
): Note {
  return {
    kind: "note",
    part: partOf("role"),
    topic: "unexplained-symptom",
    details: [
      `${what}: ${reason}`,
      `Looked at, and as they should be: ${watchedRoles.map(({ name }) => name).join(", ")}. What else can refuse: a service control policy, the secret's or key's own policy, an endpoint policy, a secret that is gone.`,
    ],
    grants: [],
  };
}

async function inspectRecheck(
  recheck: RoleRecheck,
  ports: InspectPorts,
  settings: GuardSettings,
): Promise<readonly Inspection[]> {
  const { role, change: kept } = recheck;
  // The message only names the change. What it was, and that it concerned this role, is what the guard recorded.
  const after = kept && (await ports.changes.find({ account: settings.account, name: role }, kept));
  // Somebody edited or deleted the change, perhaps to keep the role from being read.
  const isHidden = kept?.digest !== undefined && after === undefined;
  const series = findSeries(recheck, instantOf(ports.now()));
  // AWS Batch validates the role of an environment some time after the call that names it.
  const touched = after && !isIamCall(after) ? await findRolesBehind(after, ports, settings) : [];
  const watchedRoles = await findWatchedRolesWithUses([role], ports, settings);
  const [own] = watchedRoles;
  const key = own && { account: settings.account, name: own.name };
  const isDue = series.isLast || recheck.decided === true || isHidden;
  if (key && !isDue && !(await claimRecheck(key, after, ports, settings))) return [];
  const others = await findWatchedRolesWithUses(
    touched.filter((name) => !sameRoleName(name, role)),
    ports,
    settings,
  );
  const inspections: Inspection[] = [];
  for (const watched of [...watchedRoles, ...others]) {
    const evidence = await noteRunningDeletion(watched, after, ports);
    const occasion = {
      cause: { kind: "recheck" },
      evidence,
      ...(after && { after }),
      lastTry: series.isLast && series.elapsed > 0,
    } as const;
    const inspection = await inspectRole(watched, occasion, ports, settings);
    const isWaiting = inspection.recheck || evidence.length > 0 || waitsForRole(inspection, series.began);
    // The other roles have rechecks of their own; scheduling more here would multiply them.
    if (isWaiting && !series.isLast && watchedRoles.includes(watched)) {
      const again = { role: watched.name, ...(after && kept && { change: kept }), began: series.began };
      await continueSeries(again, series, inspection, ports, settings.config.recheckSeconds);
    }
    inspections.push(inspection);
  }
  return inspections;
}
