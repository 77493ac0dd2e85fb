/**
 * Histories are data: a list of commands, drawn as a whole and carried out one after the other. fast-check's own commands
 * (`fc.commands`) choose each from a model of the state before it, which would repeat what the guard decides. Here every
 * command makes sense in every state, such as the loss of a message that is not there, so that a list shrinks to the few
 * commands that matter, and a printed history can be run again.
 */
import fc from "fast-check";
import { type Choice, choice } from "./choice.ts";
import { type Command, carryOut, comeToRest, command } from "./commands.ts";
import { assertEnd, assertTold } from "./end-laws.ts";
import { beginHistory, type History } from "./history.ts";
import { assertWrite, type WritingRollbacks } from "./write-laws.ts";

/** How often something happened in the histories of a run. */
export type Tally = Map<string, number>;

/** Carries out the commands of one history, and asserts its laws. */
async function runHistory(owner: Choice, commands: readonly Command[]): Promise<History> {
  const known: WritingRollbacks = new Map();
  const history = await beginHistory(owner, {
    onWrite: (write, current) => assertWrite(write, current, known),
    onLedger: assertTold,
  });
  for (const each of commands) await carryOut(each, history);
  await comeToRest(history);
  await assertEnd(history, known);
  return history;
}

/**
 * Draws and runs histories. Throws at the first one that breaks a law, after it is made as short as possible, with the seed
 * that draws it again. Returns what happened in them.
 */
export async function runHistories(count: number, seed: number): Promise<Tally> {
  const tally: Tally = new Map();
  const add = (what: string) => tally.set(what, (tally.get(what) ?? 0) + 1);
  const histories = fc.array(command, { minLength: 1, maxLength: 20, size: "max" });
  await fc.assert(
    fc.asyncProperty(choice, histories, async (owner, commands) => {
      const { outcomes, writes, transitions } = await runHistory(owner, commands);
      add("histories");
      for (const { status } of outcomes) add(`message ${status}`);
      for (const { step } of writes) add(step.call);
      for (const { kind, finding } of transitions) add(`${finding.evidence.kind} ${kind}`);
    }),
    { numRuns: count, seed },
  );
  return tally;
}
