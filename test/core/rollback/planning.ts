import assert from "node:assert/strict";
import type { GuardedRole } from "@drift-guard/core/config/config";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import type { Approval } from "@drift-guard/core/model/approval";
import type { Assessment, Drift } from "@drift-guard/core/model/evidence";
import type { Exception } from "@drift-guard/core/model/exception";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import type { Role } from "@drift-guard/core/model/role";
import type { Reference } from "@drift-guard/core/reference/reference";
import { type PlanningResult, planRollback } from "@drift-guard/core/rollback/planner";
import type { PlanningControl, PlanningInput } from "@drift-guard/core/rollback/planning";
import { aRole, noon, secondsAfterNoon } from "../../builders.ts";
import { guardedAs, referenceOf } from "../watched-roles.ts";

/** Returns the assessments of a role, compared with the built-in reference of its name unless another is given. */
export function assess(
  role: Role,
  guarded: GuardedRole,
  reference: Reference = referenceOf(role.name),
): readonly Assessment[] {
  return evaluate({ reference, guarded, reading: { status: "present", role } });
}

/** What a test says of the control record. An `enrolment` of undefined: no read found the role clean yet. */
export type ControlGiven = Partial<Omit<PlanningControl, "enrolment">> & {
  readonly enrolment?: PlanningControl["enrolment"] | undefined;
};

/** Builds the control record of a role that was read clean long ago. */
export function controlWith(given: ControlGiven = {}): PlanningControl {
  const long = { roleId: aRole().id, at: "2026-01-01T00:00:00Z" } as const;
  const { enrolment, ...over } = "enrolment" in given ? given : { ...given, enrolment: long };
  return {
    exceptions: [],
    approvals: [],
    rollbacks: [],
    causes: [],
    ...over,
    ...(enrolment && { enrolment }),
  };
}

/** Plans the rollback of a role that was just read. */
export function plan(
  role: Role,
  rollback: Partial<GuardedRole["rollback"]>,
  {
    control = {},
    ...over
  }: Partial<Omit<PlanningInput, "control">> & {
    readonly control?: ControlGiven;
  } = {},
): PlanningResult {
  const guarded = over.guarded ?? guardedAs({ rollback });
  return planRollback({
    role,
    reference: over.reference ?? referenceOf(role.name),
    guarded,
    assessments: over.assessments ?? assess(role, guarded, over.reference),
    control: controlWith(control),
    now: noon,
    ...over,
  });
}

/** Returns the drifts of a role, each with the id of its finding. */
export function driftsOf(
  role: Role,
  reference?: Reference,
): readonly { readonly id: string; readonly drift: Drift }[] {
  return assess(role, guardedAs({}), reference).flatMap((evidence) =>
    evidence.kind === "drift" ? [{ id: identifyFinding(role, evidence), drift: evidence }] : [],
  );
}

/** Builds approvals of the drifts of a role. */
export function approving(
  role: Role,
  isApproved: (drift: Drift) => boolean = () => true,
  over: Partial<Approval> = {},
): { readonly control: Pick<PlanningControl, "approvals"> } {
  const approvals = driftsOf(role)
    .filter(({ drift }) => isApproved(drift))
    .map(({ id, drift }) => ({
      findingId: id,
      digest: digestEvidence(drift),
      by: "ann",
      at: noon,
      expires: secondsAfterNoon(60),
      ...over,
    }));
  assert.ok(approvals.length > 0);
  return { control: { approvals } };
}

/** Builds exceptions for the drifts of a role. */
export function suppressing(
  role: Role,
  isAccepted: (drift: Drift) => boolean = () => true,
): readonly Exception[] {
  const exceptions = driftsOf(role)
    .filter(({ drift }) => isAccepted(drift))
    .map(({ id, drift }) => ({
      findingId: id,
      digest: digestEvidence(drift),
      owner: "ann",
      reason: "known",
      expires: secondsAfterNoon(60),
    }));
  assert.ok(exceptions.length > 0);
  return exceptions;
}

/** Automatic rollback of excess and missing. */
export const automatic = { excess: "automatic", missing: "automatic" } as const;

/** Returns the names of the calls of a plan, in order. */
export function calls({ plan: { steps } }: PlanningResult): readonly string[] {
  return steps.map(({ call }) => call);
}

/** Returns the reasons for which drifts are not rolled back, as one text. */
export function reasons({ withheld }: PlanningResult): string {
  return withheld.map(({ reason }) => reason).join("\n");
}
