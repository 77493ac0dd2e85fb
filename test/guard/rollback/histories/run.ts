import fc from "fast-check";
import { type Command, carryOut, choice, comeToRest, command } from "./commands.ts";
import { beginHistory, type Choice, type History } from "./history.ts";
import { assertEnd, createWriteLaws, type WritingRollbacks } from "./laws.ts";

/** Runs the commands of one history, and asserts its laws. */
export async function runHistory(owner: Choice, commands: readonly Command[]): Promise<History> {
  const known: WritingRollbacks = new Map();
  const history = await beginHistory(owner, createWriteLaws(known));
  for (const each of commands) await carryOut(each, history);
  await comeToRest(history);
  await assertEnd(history, known);
  return history;
}

/** Draws and runs histories. Throws at the first one that breaks a law, after it is made as short as possible. */
export async function runHistories(count: number, seed?: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(choice, fc.array(command, { minLength: 1, maxLength: 30 }), async (owner, commands) => {
      await runHistory(owner, commands);
    }),
    { numRuns: count, ...(seed !== undefined && { seed }) },
  );
}
