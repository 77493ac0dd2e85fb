import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { permissionsFor, type StepPermission } from "@drift-guard/core/fixes/permission";
import type { Drift } from "@drift-guard/core/model/evidence";
import { identifyFinding } from "@drift-guard/core/model/identity";
import type { Role } from "@drift-guard/core/model/role";
import { type EndedRollback, listEffective } from "@drift-guard/core/model/rollback";
import { sanitise } from "@drift-guard/formats/printable";
import { applyByHand } from "@drift-guard/guard/rollback/apply-by-hand";
import { observeRole } from "@drift-guard/guard/rollback/observation";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { formatDocument } from "../output/json.ts";
import { RollbackApplyOutput } from "../output/rollback.ts";
import { formatStatementAdvice } from "../statement-advice.ts";
import { type Terminal, wrap, wrapLines } from "../terminal.ts";
import { readSubject } from "./plan.ts";
import { count, describePlan, formatPlan } from "./plan-lines.ts";
import { type Preparation, type PreparedPlan, preparePlan } from "./preparation.ts";
import { forceOption, guardOptions, openRollbackSession, type RollbackSession } from "./session.ts";

/** `rollback apply`: carries out the plan with the caller's credentials. */
export async function applyPlan(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("rollback apply", args, {
    ...guardOptions,
    ...forceOption,
    plan: { type: "string", value: "a DIGEST" },
    yes: { type: "boolean", default: false },
  });
  const asked = readSubject("rollback apply", positionals);
  if (!values.yes) {
    throw new UsageError(
      "Nothing was changed. rollback apply writes the role with your own credentials. First see the steps: drift-guard rollback plan. Then add --yes.",
    );
  }
  if (values.stage === undefined && values.findings === undefined) {
    throw new UsageError(
      "Nothing was changed. rollback apply must know exceptions, pauses and running rollbacks: name the guard with --stage NAME or --findings FILE.",
    );
  }
  const session = await openRollbackSession(values, terminal.input);
  try {
    const prepared = await preparePlan(asked, values.force, session);
    // Printed first, so that it is known what was tried if the process is stopped.
    if (!values.json) await terminal.print(...formatPlan(prepared, session, terminal));
    const outcome = await carryOut(prepared, values.plan, session);
    const { exitCode, why, statements } = outcome;
    const advice = statements ? wrapLines(formatStatementAdvice(why, statements), terminal.columns) : [];
    await terminal.print(
      ...(values.json
        ? [formatDocument(RollbackApplyOutput, { ...describePlan(prepared, session), ...outcome })]
        : [...wrap(sanitise(why, 2000), terminal.columns), ...advice]),
    );
    return exitCode;
  } finally {
    session.close();
  }
}

/** The fields of `RollbackApplyOutput` that say what became of the plan. */
type ApplyOutcome = Pick<
  RollbackApplyOutput,
  "exitCode" | "changed" | "outcome" | "why" | "rollback" | "effective" | "statements" | "left"
>;

async function carryOut(
  prepared: Preparation,
  digest: string | undefined,
  session: RollbackSession,
): Promise<ApplyOutcome> {
  const stop = (exitCode: ExitCode, outcome: ApplyOutcome["outcome"], why: string): ApplyOutcome => ({
    exitCode,
    outcome,
    why: `${why} Nothing was changed.`,
    changed: false,
    effective: [],
  });
  if (prepared.status === "absent") return stop(1, "not carried out", "The role does not exist.");
  const { hand, asked, undecided } = prepared;
  if (hand.refusal !== undefined) return stop(1, "not carried out", hand.refusal);
  if (digest !== undefined && !(isDigest(digest) && hand.digest.startsWith(digest))) {
    return stop(
      1,
      "not carried out",
      `The plan is not the one that --plan names: it has the digest ${hand.digest.slice(0, 16)}. The role, the reference or a decision changed meanwhile. Look at the plan again with drift-guard rollback plan.`,
    );
  }
  if (hand.plan.steps.length === 0) {
    const open = asked.filter(({ guard }) => guard.kind !== "accepted");
    if (open.some(({ hazard }) => hazard !== undefined)) {
      return stop(
        1,
        "not carried out",
        "What is left is not safe to roll back: rollback plan says why. --force does it all the same.",
      );
    }
    if (open.length > 0) return stop(1, "not carried out", "No step repairs what is left.");
    if (undecided.length > 0) return stop(2, "nothing to do", "Some parts could not be compared.");
    return stop(0, "nothing to do", "There is nothing to roll back.");
  }
  const { writer } = session;
  if (!writer) return stop(1, "not carried out", "The role was read from a file.");
  const ports = {
    roles: session.roles,
    policies: session.policies,
    writer,
    now: () => new Date(),
    newId: () => randomUUID(),
    wait: async (seconds: number) => {
      await sleep(seconds * 1000);
    },
  };
  const rollback = await applyByHand(hand.plan, prepared.role, ports);
  const left = await readLeft(prepared, rollback, ports);
  return conclude(prepared, rollback, left);
}

/** Returns the statements that allow the call that IAM denied; none if none was denied. */
function listMissingPermissions(role: Role, { plan, steps }: EndedRollback): readonly StepPermission[] {
  const last = steps.at(-1);
  const step = last && plan.steps[last.step];
  const isDenied = last?.outcome?.status === "refused" && /^AccessDenied/.test(last.outcome.code);
  return isDenied && step !== undefined ? permissionsFor(step, role) : [];
}

function isDigest(text: string): boolean {
  return /^[0-9a-f]{8,64}$/.test(text);
}

/** Seconds between reads while IAM may not show yet what it carried out: IAM is eventually consistent. */
const pauses = [1, 2, 4, 8];

/** Returns the drifts of the plan that a read still shows; after a rollback that is done, some seconds later. */
async function readLeft(
  { subject: { watched }, hand: { plan } }: PreparedPlan,
  { status }: EndedRollback,
  ports: Pick<Parameters<typeof applyByHand>[2], "roles" | "now" | "wait">,
): Promise<readonly Drift[]> {
  const read = async () => {
    const observation = await observeRole(watched, ports);
    if (observation.status === "absent") return [];
    const { role, assessments } = observation;
    return assessments.filter(
      (one): one is Drift => one.kind === "drift" && plan.findings.includes(identifyFinding(role, one)),
    );
  };
  let left = await read();
  // A rollback that stopped leaves drifts that no wait removes.
  for (const pause of status === "done" ? pauses : []) {
    if (left.length === 0) break;
    await ports.wait(pause);
    left = await read();
  }
  return left;
}

function conclude(
  { role, hand: { plan } }: PreparedPlan,
  rollback: EndedRollback,
  left: readonly Drift[],
): ApplyOutcome {
  const effective = listEffective(rollback);
  const done = `${effective.length} of ${count(plan.steps.length, "step")} took effect (rollback ${rollback.id}).`;
  const rest =
    left.length === 0
      ? "A read afterwards shows none of these drifts."
      : `A read afterwards still shows ${left.map(({ part, side }) => `${part}, ${side}`).join("; ")}.`;
  const base = {
    changed: effective.length > 0,
    rollback: rollback.id,
    effective,
    left: left.map((drift) => ({
      finding: identifyFinding(role, drift),
      part: drift.part,
      side: drift.side,
    })),
  };
  if (rollback.status === "failed") {
    const statements = listMissingPermissions(role, rollback);
    return {
      ...base,
      ...(statements.length > 0 && { statements }),
      exitCode: 1,
      outcome: "failed",
      why: `The rollback stopped: ${rollback.failure} ${done} ${rest} Look at the role again with drift-guard rollback plan.`,
    };
  }
  return {
    ...base,
    exitCode: left.length === 0 ? 0 : 1,
    outcome: "done",
    why: `${done} ${rest} The guard sees these calls as changes by you, and resolves the findings when its own reads are clean.`,
  };
}
