import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hubIdOf } from "@drift-guard/core/model/hub";
import { account } from "../builders.ts";
import { type Act, type Ending, runMortalGuard } from "./mortal-guard.ts";
import { createExecutioner } from "./mortal-ports.ts";
import { hear } from "./subscriber.ts";

const roleName = "ecsTaskExecutionRole";

const put = (policyName: string, Action: readonly string[]) =>
  ({
    call: "PutRolePolicy",
    roleName,
    policyName,
    policyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action, Resource: "*" }],
    }),
  }) as const;

// Findings open, worsen, resolve and return; in the first minute so many that some wait for a joint message.
const acts: readonly Act[] = [
  { at: 0, call: put("one", ["s3:GetObject"]) },
  { at: 0, call: put("two", ["sqs:SendMessage"]) },
  { at: 10, call: put("two", ["sqs:SendMessage", "sns:Publish"]) },
  { at: 2_000, call: { call: "DeleteRolePolicy", roleName, policyName: "one" } },
  { at: 3_000, call: put("one", ["s3:GetObject"]) },
];

/** Asserts that nothing is lost, nothing told twice, and Security Hub shows what the table holds. */
function assertComplete({ transitions, findings, undelivered, messages, hub }: Ending): void {
  assert.deepEqual(undelivered, []);
  assert.deepEqual(
    [...hear(messages).values()].flat().toSorted(),
    transitions
      .filter(({ kind }) => kind !== "improved")
      .map(({ id }) => id)
      .toSorted(),
  );
  const shown = findings.map(({ id, seq, state, severity }) => [
    hubIdOf(account, id),
    {
      record: state === "open" ? "ACTIVE" : "ARCHIVED",
      compliance: state === "resolved" ? "PASSED" : "FAILED",
      transition: `${id}#${seq}`,
      severity,
    },
  ]);
  assert.deepEqual(Object.fromEntries(hub), Object.fromEntries(shown));
}

const endOf = ({ findings }: Ending) =>
  findings.map(({ state, evidence }) => `${evidence.part} ${state}`).toSorted();

describe("functions that are killed", () => {
  it("lose no transition, tell none twice, and leave Security Hub as the table, whichever call is the last", async () => {
    const expected = await runMortalGuard(acts, createExecutioner(0));
    assertComplete(expected);
    for (let fatal = 1; ; fatal += 1) {
      const executioner = createExecutioner(fatal);
      const ending = await runMortalGuard(acts, executioner);
      if (executioner.killedAt() === undefined) break;
      try {
        assertComplete(ending);
        assert.deepEqual(endOf(ending), endOf(expected));
      } catch (cause) {
        throw new Error(`The process ended at moment ${fatal}: ${executioner.killedAt()}.`, { cause });
      }
    }
  });
});
