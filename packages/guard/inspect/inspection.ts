import { settleSecondsOf } from "@drift-guard/core/config/config";
import { nameReference } from "@drift-guard/core/config/watched-role";
import type { Change } from "@drift-guard/core/model/change";
import type { Evidence } from "@drift-guard/core/model/evidence";
import { instantOf } from "@drift-guard/core/model/instant";
import type { RoleKey, RoleReading } from "@drift-guard/core/model/role";
import type { Cause, Transition } from "@drift-guard/core/model/transition";
import { reconcile } from "@drift-guard/core/reconcile/reconcile";
import { judgeOwnCall } from "@drift-guard/core/rollback/own-call";
import { decideAndCommit } from "../commit.ts";
import type { GuardSettings, InspectPorts } from "../ports.ts";
import { readAndAssessRole } from "./assessment.ts";
import type { WatchedRoleWithUses } from "./discovery.ts";

/** The result of one inspection of a role. */
export interface Inspection {
  readonly role: RoleKey;
  readonly evidence: readonly Evidence[];
  readonly transitions: readonly Transition[];
  /** Whether the role must be inspected again, or is scheduled to be. */
  readonly recheck: boolean;
}

/** Why a role is inspected, and the evidence that is known before it is read. */
export interface Occasion {
  readonly cause: Cause;
  /** The change that led to the inspection, at once or by its recheck. */
  readonly after?: Change;
  readonly evidence: readonly Evidence[];
  /** The role, if the caller has just read it. */
  readonly reading?: RoleReading;
}

/** Reads and evaluates one role, and commits the transitions of its findings. Throws `StoreUnavailableError`. */
export async function inspectRole(
  watched: WatchedRoleWithUses,
  occasion: Occasion,
  ports: Pick<InspectPorts, "roles" | "findings" | "control" | "resources" | "now">,
  settings: GuardSettings,
): Promise<Inspection> {
  const key: RoleKey = { account: settings.account, name: watched.name };
  const { after, cause } = occasion;
  let given = occasion.reading;
  const { exceptions } = await ports.control.load(key);
  const decision = await decideAndCommit(ports.findings, key, async (ledger) => {
    // Only the first attempt may use the caller's reading: after a conflict the role is read again.
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
