import { settleSecondsOf } from "@drift-guard/core/config/config";
import { nameReference } from "@drift-guard/core/config/watched-role";
import type { Message } from "@drift-guard/core/intake/message";
import type { Symptom } from "@drift-guard/core/intake/symptom";
import type { Change, Recheck } from "@drift-guard/core/model/change";
import type { Evidence, Note } from "@drift-guard/core/model/evidence";
import { instantOf } from "@drift-guard/core/model/instant";
import { type RoleKey, type RoleReading, sameRoleName } from "@drift-guard/core/model/role";
import type { Cause, Transition } from "@drift-guard/core/model/transition";
import { explainsFailure } from "@drift-guard/core/reconcile/finding-context";
import { reconcile } from "@drift-guard/core/reconcile/reconcile";
import { attemptOf, isByGuard, judgeOwnCall } from "@drift-guard/core/rollback/own-call";
import { decideAndCommit } from "../commit.ts";
import type { GuardSettings, InspectPorts } from "../ports.ts";
import { readAndAssessRole } from "./assessment.ts";
import { findWatchedRolesWithUses, type WatchedRoleWithUses } from "./discovery.ts";
import { noteLinkedRoleEdits, noteRunningDeletion } from "./linked-role-watch.ts";
import { findEnvironmentsOfQueue, refreshSubjects } from "./usage.ts";

/** What a look at one role came to. */
export interface Inspection {
  readonly role: RoleKey;
  readonly evidence: readonly Evidence[];
  readonly transitions: readonly Transition[];
  /** Whether another look was asked for. */
  readonly recheck: boolean;
}

/** Looks at every role that a message concerns, guarded or used by AWS Batch; none where it concerns none. */
export async function inspectMessage(
  message: Message,
  ports: InspectPorts,
  settings: GuardSettings,
): Promise<readonly Inspection[]> {
  switch (message.kind) {
    case "irrelevant":
      return [];
    case "change":
      return inspectChange(message.change, ports, settings);
    case "symptom":
      return inspectSymptom(message.symptom, ports, settings);
    case "recheck":
      return inspectRecheck(message.recheck, ports, settings);
  }
}

async function inspectChange(
  change: Change,
  ports: InspectPorts,
  settings: GuardSettings,
): Promise<readonly Inspection[]> {
  // The rules pin the account; a message that another account's event slipped into is not believed.
  if (change.account !== settings.account) return [];
  const names = await findRolesBehind(change, ports, settings);
  const cause: Cause = { kind: "change", changeId: change.id, call: change.call, at: change.at };
  return Promise.all(
    (await findWatchedRolesWithUses(names, ports, settings)).map(async (watched) => {
      const evidence = [
        // A refused call of the guard itself is its rollback's failure, or somebody else's doing: judged at the recheck.
        ...(change.outcome.status === "refused" && isIamCall(change) && !isByGuard(change, settings)
          ? [attemptOf(change, change.outcome)]
          : []),
        ...(await noteLinkedRoleEdits(watched, change, ports)),
        ...(await noteRunningDeletion(watched, change, ports)),
      ];
      const inspection = await inspectRole(watched, { cause, after: change, evidence }, ports, settings);
      // IAM is eventually consistent: even a clean read is read again.
      await ports.rechecks.schedule({ role: watched.name, after: change }, settings.config.recheckSeconds);
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

// A role that Batch was told to use is not what somebody attempted to alter, and not altered by it.
function isIamCall({ call }: Change): boolean {
  return call.startsWith("iam:");
}

async function inspectSymptom(
  symptom: Symptom,
  ports: InspectPorts,
  settings: GuardSettings,
): Promise<readonly Inspection[]> {
  if (symptom.account !== settings.account) return [];
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
    await ports.rechecks.schedule({ role: name }, settings.config.recheckSeconds);
  }
  return inspections.map((inspection) => ({ ...inspection, recheck: true }));
}

function createUnexplainedNote(
  { what, reason }: Symptom,
  watchedRoles: readonly WatchedRoleWithUses[],
): Note {
  return {
    kind: "note",
    part: "role",
    topic: "unexplained-symptom",
    details: [
      `${what}: ${reason}`,
      `Looked at, and as they should be: ${watchedRoles.map(({ name }) => name).join(", ")}. What else can refuse: a service control policy, the secret's or key's own policy, an endpoint policy, a secret that is gone.`,
    ],
    grants: [],
  };
}

async function inspectRecheck(
  { role, after }: Recheck,
  ports: InspectPorts,
  settings: GuardSettings,
): Promise<readonly Inspection[]> {
  // Batch judges an environment's role some time after it was told of it.
  const touched = after && !isIamCall(after) ? await findRolesBehind(after, ports, settings) : [];
  const watchedRoles = await findWatchedRolesWithUses([role], ports, settings);
  const others = await findWatchedRolesWithUses(
    touched.filter((name) => !sameRoleName(name, role)),
    ports,
    settings,
  );
  const inspections: Inspection[] = [];
  for (const watched of [...watchedRoles, ...others]) {
    const evidence = await noteRunningDeletion(watched, after, ports);
    const occasion = { cause: { kind: "recheck" }, evidence, ...(after && { after }) } as const;
    const inspection = await inspectRole(watched, occasion, ports, settings);
    // The others have rechecks of their own: asked for here as well, they would multiply.
    if ((inspection.recheck || evidence.length > 0) && watchedRoles.includes(watched)) {
      const again = { role: watched.name, ...(after && { after }) };
      await ports.rechecks.schedule(again, settings.config.recheckSeconds);
    }
    inspections.push(inspection);
  }
  return inspections;
}

/** What led to a look at a role, and what is known before it is read. */
export interface Occasion {
  readonly cause: Cause;
  readonly after?: Change;
  readonly evidence: readonly Evidence[];
  /** The role as it was just read, where the caller has it. */
  readonly reading?: RoleReading;
}

/** Reads one role, evaluates it, and commits what that changes. */
export async function inspectRole(
  watched: WatchedRoleWithUses,
  occasion: Occasion,
  ports: InspectPorts,
  settings: GuardSettings,
): Promise<Inspection> {
  const key: RoleKey = { account: settings.account, name: watched.name };
  const { after, cause } = occasion;
  let given = occasion.reading;
  const { exceptions } = await ports.control.load(key);
  const decision = await decideAndCommit(ports.findings, key, async (ledger) => {
    // Only the first round may use what the caller read: after a conflict the role is read anew.
    const seen = await readAndAssessRole(watched, given, ports);
    given = undefined;
    const now = instantOf(ports.now());
    const foreign = cause.kind === "recheck" && after ? judgeOwnCall(after, ledger, settings, now) : "none";
    const evidence: readonly Evidence[] = [
      ...seen.assessments,
      ...occasion.evidence,
      ...(typeof foreign === "object" ? [foreign] : []),
    ];
    const reconciled = reconcile({
      ledger,
      evidence,
      exceptions,
      cause,
      uses: watched.uses,
      ...(seen.arn !== undefined && { arn: seen.arn }),
      ...nameReference(watched, settings),
      ...(after && { change: after }),
      config: settings.config,
      now,
      settleSeconds: settleSecondsOf(settings.config),
    });
    const recheck = reconciled.recheck || foreign === "unknown";
    return {
      ledger: reconciled.ledger,
      transitions: reconciled.transitions,
      result: { evidence, recheck },
    };
  });
  return { role: key, transitions: decision.transitions, ...decision.result };
}
