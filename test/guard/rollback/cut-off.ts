import assert from "node:assert/strict";
import { account } from "../../builders.ts";
import { CrashError, type World, type WorldOptions } from "../world.ts";

/** Options of a world whose rollback function is cut off once, and whether it came to that. */
export interface CutOff {
  readonly options: WorldOptions;
  readonly isDone: () => boolean;
}

/**
 * Cuts off the rollback function after its n-th call to a port, if that comes before people have been told of the first
 * rollback. A cut before a call leaves the same as one after the call before it.
 */
export function cuttingOff(moment: number): CutOff {
  let count = 0;
  let isDone = false;
  let isTold = false;
  return {
    isDone: () => isDone,
    options: {
      control: (store) => ({
        ...store,
        commit: async (commit) => {
          const stored = await store.commit(commit);
          isTold ||= stored.rollbacks.some((rollback) => rollback.status !== "running" && rollback.told);
          return stored;
        },
      }),
      rollbackCall: async (call) => {
        const answer = await call();
        if (isTold) return answer;
        count += 1;
        if (count !== moment) return answer;
        isDone = true;
        throw new CrashError();
      },
    },
  };
}

/** Asserts that every rollback of a role has ended, that people were told of it once, and that nobody is called a thief. */
export async function assertConcluded(world: World, role: string, moment: number): Promise<void> {
  const where = `cut off after call ${moment}`;
  const { rollbacks } = await world.control.load({ account, name: role });
  assert.ok(rollbacks.length > 0, where);
  for (const { id, status, ...rollback } of rollbacks) {
    assert.notEqual(status, "running", where);
    assert.equal("told" in rollback && rollback.told, true, where);
    const told = world.announced.flatMap(({ cause, finding }) =>
      cause.kind === "rollback" && cause.rollbackId === id ? [finding.id] : [],
    );
    assert.deepEqual(told.toSorted(), rollback.plan.findings.toSorted(), where);
  }
  const thieves = world.announced.filter(({ finding }) => finding.evidence.kind === "impersonation");
  assert.deepEqual(thieves, [], where);
}
