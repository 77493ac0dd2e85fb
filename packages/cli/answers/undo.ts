import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { digestEvidence } from "@drift-guard/core/model/identity";
import type { Plan, Step } from "@drift-guard/core/model/plan";
import { type EndedRollback, listEffective } from "@drift-guard/core/model/rollback";
import { worstFirst } from "@drift-guard/core/model/severity";
import { type KeptStep, planUndo } from "@drift-guard/core/rollback/undo";
import { describeEvidence } from "@drift-guard/formats/evidence";
import { sanitise } from "@drift-guard/formats/printable";
import { formatStep } from "@drift-guard/formats/steps";
import { applyByHand } from "@drift-guard/guard/rollback/apply-by-hand";
import { observeRole } from "@drift-guard/guard/rollback/observation";
import { readDriftedPolicies } from "@drift-guard/guard/rollback/policies";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { readSubject } from "../rollback/plan.ts";
import { describeRepair } from "../rollback/preparation.ts";
import { findSubject } from "../rollback/subject.ts";
import { describeStep, formatStepLines } from "../step-lines.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { readEnd } from "./duration.ts";
import { requireReason } from "./pauses.ts";
import { reportAnswer } from "./report.ts";
import { answerOptions, openAnswerSession } from "./session.ts";

/**
 * `rollback undo`: accepts the drift that a rollback repaired, and brings it back with the caller's credentials: the guard's
 * own role attaches nothing outside a reference. What the rollback removed comes back, and what it restored is removed.
 */
export async function undoRollback(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("rollback undo", args, {
    ...answerOptions,
    rollback: { type: "string", value: "an ID" },
    for: { type: "string", value: "a TIME", default: "30d" },
    yes: { type: "boolean", default: false },
  });
  const asked = readSubject("rollback undo", positionals);
  const reason = requireReason("rollback undo", values.reason);
  const expires = readEnd(values.for, new Date());
  const session = await openAnswerSession(values, terminal.input);
  try {
    const { watched } = await findSubject(asked, session);
    const { rollbacks } = await session.stores.control.load({ account: session.account, name: watched.name });
    const ended = rollbacks.filter(
      (rollback): rollback is EndedRollback =>
        rollback.status !== "running" && rollback.id.startsWith(values.rollback ?? ""),
    );
    const found = ended.at(-1);
    if (!found || (values.rollback !== undefined && ended.length > 1)) {
      throw new UsageError(
        found
          ? `Several rollbacks of ${watched.name} begin with ${sanitise(values.rollback ?? "", 80)}. Give more of the id.`
          : `No such rollback of ${watched.name} has ended. See drift-guard rollback status ${watched.name}.`,
      );
    }
    const now = () => new Date();
    const observation = await observeRole(watched, { roles: session.roles, now });
    if (observation.status === "absent") throw new UsageError(`${watched.name} does not exist.`);
    const { role } = observation;
    if (role.id !== found.before.id) {
      throw new UsageError(
        `${watched.name} was made anew since the rollback ${found.id}: there is nothing to undo.`,
      );
    }
    const done = listEffective(found).flatMap((index) => found.plan.steps[index] ?? []);
    const { plan, kept } = planUndo(done, found.before, role);
    // The findings as they were before the rollback; the guard keeps them when they resolve.
    const { findings } = await session.stores.findings.load({ account: session.account, name: watched.name });
    const accepted = findings.filter(({ id }) => found.plan.findings.includes(id)).toSorted(worstFirst);
    if (plan.steps.length === 0 || accepted.length === 0) {
      throw new UsageError(`Nothing was changed. ${explainNothing(found, done, kept, plan)}`);
    }
    if (!values.json) {
      const policies = await readDriftedPolicies(watched, observation, session);
      const effects = describeRepair(role, plan.steps, watched, policies);
      const say = (text: string) => wrap(sanitise(text, 1500), terminal.columns, "", "  ");
      await terminal.print(
        ...say(
          `This undoes the rollback ${found.id}, which ended at ${found.endedAt}, and accepts its drift until ${expires}:`,
        ),
        "",
        ...accepted.flatMap(({ id, severity, evidence }) =>
          wrap(
            `${severity}  ${describeEvidence(evidence, role.name).title} (finding ${id.slice(0, 12)})`,
            terminal.columns,
            "  ",
            "    ",
          ),
        ),
        "",
        ...effects.flatMap((effect, index) => [
          ...formatStepLines(effect, index + 1, describeStep(effect, role.partition), terminal),
          "",
        ]),
        ...kept.flatMap(({ step, why }) => say(`This stays: ${formatStep(step)}. ${why}`)),
      );
    }
    if (!values.yes) {
      throw new UsageError("Nothing was changed. Add --yes to make these calls with your own credentials.");
    }
    const { writer } = session;
    if (!writer) throw new UsageError("The role was read from a file, and cannot be written.");
    const outcome = await session.answer({
      verb: "undo",
      role: watched.name,
      rollback: found.id,
      accepts: accepted.map(({ id, evidence }) => ({ finding: id, evidence: digestEvidence(evidence) })),
      expires,
      reason,
    });
    if (outcome.status === "refused") {
      return await reportAnswer("undo", "", outcome, session, { json: values.json, terminal });
    }
    // The change must come after the answer by the clocks of two services, or it would count as a reason to refuse the answer.
    if (session.announces) await sleep(2000);
    const result = await applyByHand(plan, role, {
      roles: session.roles,
      policies: session.policies,
      writer,
      now,
      newId: () => randomUUID(),
      wait: async (seconds) => {
        await sleep(seconds * 1000);
      },
    });
    const effective = listEffective(result).length;
    const names = accepted
      .slice(0, maxNamed)
      .map(({ severity, evidence }) => `${severity} ${describeEvidence(evidence, role.name).title}`)
      .join("; ");
    const back = `${names}${accepted.length > maxNamed ? ` and ${accepted.length - maxNamed} more` : ""}`;
    const what =
      result.status === "done"
        ? `The rollback ${found.id} is undone: ${effective} of ${plan.steps.length} calls took effect. Accepted until ${expires}: ${back}.`
        : `Accepted until ${expires}: ${back}. But the rollback ${found.id} is not undone: ${effective} of ${plan.steps.length} calls took effect. ${result.failure}`;
    const code = await reportAnswer("undo", what, outcome, session, { json: values.json, terminal });
    return result.status === "done" ? code : 1;
  } finally {
    session.close();
  }
}

// Cap on the output: a rollback may be of 150 findings.
const maxNamed = 5;

/** Why there is nothing to undo, as sentences. */
function explainNothing(
  { id }: EndedRollback,
  done: readonly Step[],
  kept: readonly KeptStep[],
  { steps }: Plan,
): string {
  if (done.length === 0) return `No call of the rollback ${id} took effect.`;
  if (steps.length > 0)
    return `The findings of the rollback ${id} are no longer stored, so that they cannot be accepted.`;
  if (kept.length === done.length) {
    return `No call of the rollback ${id} can be undone. ${kept.map(({ step, why }) => `${formatStep(step)}: ${why}`).join(" ")}`;
  }
  return `The role is already as it was before the rollback ${id}. To keep it so, accept its finding: npx drift-guard suppress ID.`;
}
