import { settleSecondsOf } from "@drift-guard/core/config/config";
import { listWatchedRoles, nameReference } from "@drift-guard/core/config/watched-role";
import type { Change } from "@drift-guard/core/model/change";
import type { Control } from "@drift-guard/core/model/control";
import type { Evidence } from "@drift-guard/core/model/evidence";
import { cleanSinceOf, type Finding } from "@drift-guard/core/model/finding";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { findObserving } from "@drift-guard/core/model/observing";
import type { Role, RoleKey, RoleReading } from "@drift-guard/core/model/role";
import type { Rollback } from "@drift-guard/core/model/rollback";
import type { Cause, Transition } from "@drift-guard/core/model/transition";
import { listAuthors } from "@drift-guard/core/reconcile/attribution";
import { describeObservedRole } from "@drift-guard/core/reconcile/observation";
import { reconcile } from "@drift-guard/core/reconcile/reconcile";
import { forgetOtherModes } from "@drift-guard/core/reconcile/rollback-mode";
import { listCountedExceptions } from "@drift-guard/core/rollback/counted-exceptions";
import { isByGuard, judgeOwnCall } from "@drift-guard/core/rollback/own-call";
import { hasEnded, listStanding } from "@drift-guard/core/rollback/revocation";
import { noteRevocations } from "@drift-guard/core/rollback/revocation-note";
import { decideAndCommit } from "../commit.ts";
import type { GuardSettings, InspectPorts } from "../ports.ts";
import { readAndAssessRole } from "./assessment.ts";
import type { WatchedRoleWithUses } from "./discovery.ts";
import { requestLookup } from "./lookup-requests.ts";
import type { OtherUse } from "./other-regions.ts";
import { informRollback } from "./rollback-requests.ts";

/** The result of one inspection of a role. */
export interface Inspection {
  readonly role: RoleKey;
  readonly evidence: readonly Evidence[];
  readonly transitions: readonly Transition[];
  /** Whether the role must be inspected again, or is scheduled to be. */
  readonly recheck: boolean;
  /** Since when the role cannot be read; left out if it was read. */
  readonly unreadSince?: Instant;
  /** Whether keys seem unused and it was not looked whether AWS Batch uses them in Regions outside the configuration. */
  readonly keysUnjudged: boolean;
}

/** Why a role is inspected, and the evidence that is known before it is read. */
export interface Occasion {
  readonly cause: Cause;
  /** The change that led to the inspection, at once or by its recheck. */
  readonly after?: Change;
  readonly evidence: readonly Evidence[];
  /** The role, if the caller has just read it. */
  readonly reading?: RoleReading;
  /** A read that began at this time or later shows what led to the inspection. Left out where the role must be read now. */
  readonly shownFrom?: Instant;
  /**
   * Whether job definitions use the role in Regions outside the configuration, after AWS Batch was read to its end in those
   * of the configuration; left out if it was not looked.
   */
  readonly otherUse?: OtherUse;
  /** Whether no recheck follows if the role cannot be read. */
  readonly lastTry?: boolean;
}

/** Reads and evaluates one role, and commits the transitions of its findings. Throws `StoreUnavailableError`. */
export async function inspectRole(
  watched: WatchedRoleWithUses,
  occasion: Occasion,
  ports: Pick<
    InspectPorts,
    "roles" | "findings" | "control" | "requests" | "lookups" | "readings" | "resources" | "now"
  >,
  settings: GuardSettings,
): Promise<Inspection> {
  const key: RoleKey = { account: settings.account, name: watched.name };
  const { after, cause, shownFrom } = occasion;
  let given = occasion.reading;
  const isRecorded = await isOwnCall(after, ports, settings);
  const isJudged = cause.kind === "recheck" && !isRecorded;
  const others = isJudged ? await loadSharedRollbacks(after, key, ports, settings) : [];
  const decision = await decideAndCommit(ports.findings, key, async (ledger) => {
    // Only the first attempt may use the caller's reading: after a conflict the role is read again.
    const began = instantOf(ports.now());
    const recent = shownFrom && ports.readings?.find(ledger, { from: shownFrom, now: began });
    const seen = await readAndAssessRole(
      watched,
      given ?? recent?.reading,
      ports,
      settings,
      occasion.lastTry,
    );
    const judged =
      seen.reading && given === undefined ? (recent ?? { reading: seen.reading, began }) : undefined;
    given = undefined;
    // Loaded after the read: a rollback stores what it writes before it writes it.
    const control = await ports.control.load(key);
    const { closures } = control;
    const now = instantOf(ports.now());
    const foreign =
      cause.kind === "recheck" && after
        ? judgeOwnCall(after, { control, others, isRecorded }, settings)
        : "none";
    // A key may be used in a Region that was not read. Once the note is open, only uses or lost grants resolve it; where a
    // sweep found such a use in another Region, no other inspection revives the note.
    const { otherUse } = occasion;
    const judgesKeys = otherUse === "unused" || (otherUse !== "used" && ledger.findings.some(isOpenKeyNote));
    const counted = judgesKeys ? seen.assessments : seen.assessments.filter((one) => !isKeyNote(one));
    const assessments = seen.role ? noteRevocations(seen.role, counted, control, now) : counted;
    const evidence: readonly Evidence[] = [
      ...assessments,
      ...occasion.evidence,
      ...(typeof foreign === "object" ? [foreign] : []),
    ];
    const reconciled = reconcile({
      ledger,
      evidence,
      exceptions: listCountedExceptions(control, settings.config, listAuthors(ledger, evidence, after)),
      closures,
      cause,
      uses: watched.uses,
      ...describeObservedRole(seen.role, watched.reference),
      ...nameReference(watched, settings),
      ...(after && { change: after }),
      ...(watched.released && { released: true as const }),
      config: settings.config,
      ...(settings.guardRole !== undefined && { guardRole: settings.guardRole }),
      now,
      settleSeconds: settleSecondsOf(settings.config),
    });
    const recheck = reconciled.recheck || foreign === "unknown";
    const unreadSince = seen.unread && reconciled.ledger.findings.find(isUnread)?.openedAt;
    const isClean = assessments.every(({ kind }) => kind !== "drift" && kind !== "undecided");
    return {
      ledger: forgetOtherModes(
        reconciled.ledger,
        watched.guarded.rollback,
        findObserving(control, now) !== undefined,
      ),
      transitions: reconciled.transitions,
      result: {
        inspection: {
          evidence,
          recheck,
          ...(unreadSince && { unreadSince }),
          keysUnjudged: otherUse === undefined && seen.assessments.some(isKeyNote),
        },
        isClean: isClean && seen.role !== undefined,
        isDue:
          assessments.some(({ kind }) => kind === "drift") || holdsEndedRevocation(seen.role, control, now),
        control,
        judged,
      },
    };
  });
  const { inspection, isClean, isDue, control, judged } = decision.result;
  if (judged) ports.readings?.keep(decision.ledger, judged);
  await informRollback({ watched, control, isClean, isDue, cause, after }, ports, settings);
  const { ledger, transitions } = decision;
  await requestLookup({ ledger, transitions, cause }, ports, settings);
  return { role: key, transitions, ...inspection };
}

async function isOwnCall(
  after: Change | undefined,
  { control }: Pick<InspectPorts, "control">,
  settings: GuardSettings,
): Promise<boolean> {
  if (after?.requestId === undefined || !isByGuard(after, settings)) return false;
  return control.ownCall(settings.account, after.requestId);
}

/** Returns the rollbacks of other roles that may have made a call of the guard's role on a customer-managed policy. */
async function loadSharedRollbacks(
  after: Change | undefined,
  { account, name }: RoleKey,
  { control }: Pick<InspectPorts, "control">,
  settings: GuardSettings,
): Promise<readonly Rollback[]> {
  if (!after?.call.endsWith("PolicyVersion") || !isByGuard(after, settings)) return [];
  const others = listWatchedRoles(settings).filter(
    (watched) => watched.guarded.rollback.sharedPolicies && watched.name !== name,
  );
  const controls = await Promise.all(others.map((other) => control.load({ account, name: other.name })));
  return controls.flatMap(({ rollbacks }) => rollbacks);
}

function holdsEndedRevocation(role: Role | undefined, control: Control, now: Instant): boolean {
  return role !== undefined && listStanding(role, control).some((revocation) => hasEnded(revocation, now));
}

function isUnread({ evidence, state }: Finding): boolean {
  return state !== "resolved" && evidence.kind === "undecided" && evidence.part.kind === "role";
}

function isOpenKeyNote(finding: Finding): boolean {
  const { evidence, state } = finding;
  return state !== "resolved" && cleanSinceOf(finding) === undefined && isKeyNote(evidence);
}

/** Whether evidence is a note on unused keys, which holds only if AWS Batch was read in every enabled Region (T12). */
export function isKeyNote(evidence: Evidence): boolean {
  return evidence.kind === "note" && evidence.topic === "unused-keys";
}
