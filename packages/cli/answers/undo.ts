import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { listEffective } from "@drift-guard/core/model/rollback";
import { planUndo } from "@drift-guard/core/rollback/undo";
import { sanitise } from "@drift-guard/formats/printable";
import { formatStep } from "@drift-guard/formats/steps";
import { applyByHand } from "@drift-guard/guard/rollback/apply-by-hand";
import { observeRole } from "@drift-guard/guard/rollback/observation";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { readSubject } from "../rollback/plan.ts";
import { findSubject } from "../rollback/subject.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { readEnd } from "./duration.ts";
import { requireReason } from "./pauses.ts";
import { reportAnswer } from "./report.ts";
import { answerOptions, openAnswerSession } from "./session.ts";

/**
 * `rollback undo`: accepts what a rollback removed, and brings it back with the caller's credentials: the guard's own role
 * attaches nothing outside a reference.
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
      ({ id, status }) => status !== "running" && id.startsWith(values.rollback ?? ""),
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
    const accepts = findings.flatMap(({ id, evidence }) =>
      found.plan.findings.includes(id) ? [{ finding: id, evidence: digestEvidence(evidence) }] : [],
    );
    if (plan.steps.length === 0 || accepts.length === 0) {
      const why = kept.map((each) => `${formatStep(each.step)} ${each.why}`).join(" ");
      throw new UsageError(`The rollback ${found.id} changed nothing that can be undone. ${why}`.trim());
    }
    if (!values.json) {
      const lines = [
        ...plan.steps.map((step, index) => `${index + 1}. ${formatStep(step)}`),
        ...kept.map(({ step, why }) => `This stays: ${formatStep(step)} ${why}`),
      ];
      await terminal.print(...lines.flatMap((line) => wrap(line, terminal.columns, "  ", "     ")));
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
      accepts,
      expires,
      reason,
    });
    if (outcome.status === "refused") {
      return await reportAnswer("undo", "", outcome, session, { json: values.json, terminal });
    }
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
    const what =
      result.status === "done"
        ? `The rollback ${found.id} is undone: ${effective} of ${plan.steps.length} calls took effect. What came back is accepted until ${expires}.`
        : `What the rollback ${found.id} removed is accepted until ${expires}, but not all of it came back: ${effective} of ${plan.steps.length} calls took effect. ${result.failure}`;
    const code = await reportAnswer("undo", what, outcome, session, { json: values.json, terminal });
    return result.status === "done" ? code : 1;
  } finally {
    session.close();
  }
}
