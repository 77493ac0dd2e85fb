import { formatCause, StepRefusedError, StepUnansweredError } from "@drift-guard/core/errors";
import { digestRole } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { Role, RoleKey } from "@drift-guard/core/model/role";
import type { Rollback, StepDone } from "@drift-guard/core/model/rollback";
import { applyStep } from "@drift-guard/core/rollback/apply-step";
import { decideAndCommit } from "../commit.ts";
import type { RollbackPorts } from "../ports.ts";

/**
 * Carries out the steps of a rollback in order, and records each in the ledger. Reads the role before each step and stops
 * if someone else changed it. Returns the rollback as done, or as failed with the reason; throws only where the first
 * state of the role cannot be compared.
 */
export async function carryOut(
  rollback: Rollback,
  key: RoleKey,
  ports: Pick<RollbackPorts, "roles" | "writer" | "findings" | "now">,
): Promise<Rollback> {
  const { roles, writer, now } = ports;
  const { plan, before } = rollback;
  const done: StepDone[] = [];
  const fail = (failure: string): Rollback => ({
    ...rollback,
    done,
    status: "failed",
    endedAt: instantOf(now()),
    failure,
  });
  let expected: readonly Role[] = [before];
  for (const [index, step] of plan.steps.entries()) {
    try {
      const reading = await roles.read(plan.role);
      if (reading.status === "absent")
        return fail(`${plan.role} was deleted meanwhile; nothing more was written.`);
      const digest = digestRole(reading.role);
      const isExpected = expected.some((role) => digestRole(role) === digest);
      if (!isExpected)
        return fail(`${plan.role} was changed by somebody else meanwhile; nothing more was written.`);
      const { requestId } = await writer.apply(step);
      done.push({ step: index, at: instantOf(now()), ...(requestId !== undefined && { requestId }) });
      // Before the next step: the call's own event is on its way and is recognised by this request id.
      await recordSteps({ ...rollback, done: [...done] }, key, ports);
      // IAM is eventually consistent: the next read may still show the role before this step.
      expected = [...expected.map((role) => applyStep(role, step)), ...expected];
    } catch (error) {
      const failed = describeFailure(error);
      if (failed) {
        const requestId = error instanceof StepRefusedError ? error.requestId : undefined;
        done.push({
          step: index,
          at: instantOf(now()),
          ...(requestId !== undefined && { requestId }),
          failed,
        });
      }
      return fail(`${step.call} on ${plan.role} failed: ${formatCause(error)}`);
    }
  }
  return { ...rollback, done, status: "done", endedAt: instantOf(now()) };
}

function describeFailure(error: unknown): StepDone["failed"] | undefined {
  if (error instanceof StepRefusedError) return "refused";
  return error instanceof StepUnansweredError ? "unanswered" : undefined;
}

async function recordSteps(
  rollback: Rollback,
  key: RoleKey,
  { findings }: Pick<RollbackPorts, "findings">,
): Promise<void> {
  await decideAndCommit(findings, key, (ledger) => ({
    ledger: replaceRollback(ledger, rollback),
    transitions: [],
    result: undefined,
  }));
}

/** Returns the ledger with a rollback replaced by its current state. */
export function replaceRollback(ledger: Ledger, rollback: Rollback): Ledger {
  return {
    ...ledger,
    rollbacks: ledger.rollbacks.map((each) => (each.id === rollback.id ? rollback : each)),
  };
}
