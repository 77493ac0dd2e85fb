import {
  LinkedRoleRefusedError,
  LinkedRoleUnansweredError,
  StepRefusedError,
  StepUnansweredError,
} from "@drift-guard/core/errors";
import { type FixQuestion, settingsOf } from "@drift-guard/core/fixes/fixes";
import { keyOf, trySteps } from "@drift-guard/core/fixes/trial";
import type { FixStep } from "@drift-guard/core/model/fix";
import { digestRole } from "@drift-guard/core/model/identity";
import type { RoleReading } from "@drift-guard/core/model/role";
import type { EnsurePorts } from "../ports.ts";
import type { EnsurePlan } from "./plan.ts";

type WritingPorts = Omit<EnsurePorts, "policies">;

/** What became of one step. */
export type EnsureOutcome =
  | { readonly status: "done" }
  | { readonly status: "refused"; readonly code: string; readonly why: string }
  /** It is unknown whether IAM carried the step out. */
  | { readonly status: "unanswered"; readonly why: string }
  | { readonly status: "not tried" };

/**
 * Why steps were not tried: the role changed after it was planned for, the next steps have a warning, or a step before them
 * was refused or has an unknown result.
 */
export type EnsureStop = "changed" | "warning" | "failed";

/** What became of a plan. */
export interface EnsureResult {
  /** One for each step of the plan, in its order. */
  readonly outcomes: readonly EnsureOutcome[];
  /** Left out if every step was tried. */
  readonly stopped?: EnsureStop;
  /** The role as it was read at the end. */
  readonly reading: RoleReading;
}

/** Seconds between tries while IAM may not show yet what it carried out: IAM is eventually consistent. */
const pauses = [1, 2, 4, 8];

/**
 * Carries out the steps of a plan in their order, until one is refused. It stops before the first steps with a warning,
 * unless `warned` is set: those after them may depend on them. It does nothing if the role is no longer as it was planned
 * for. At the end, the role is read again until it shows what was done, for some seconds. Throws `RoleUnreadableError`.
 */
export async function carryOut(
  plan: EnsurePlan,
  question: FixQuestion,
  { warned }: { readonly warned: boolean },
  ports: WritingPorts,
): Promise<EnsureResult> {
  const outcomes: EnsureOutcome[] = [];
  const done: FixStep[] = [];
  const fresh = await ports.roles.read(question.watched.name);
  let stopped: EnsureStop | undefined = isSame(fresh, question.reading) ? undefined : "changed";
  for (const { steps, warning } of plan.groups) {
    if (warning !== undefined && !warned) stopped ??= "warning";
    for (const { step } of steps) {
      const outcome: EnsureOutcome =
        stopped === undefined ? await tryStep(step, done, ports) : { status: "not tried" };
      outcomes.push(outcome);
      if (outcome.status === "done") done.push(step);
      if (outcome.status === "refused" || outcome.status === "unanswered") stopped = "failed";
    }
  }
  const mayHaveChanged = outcomes.some(({ status }) => status === "done" || status === "unanswered");
  const reading = mayHaveChanged ? await readAfter(done, question, ports) : fresh;
  return { outcomes, ...(stopped !== undefined && { stopped }), reading };
}

function isSame(one: RoleReading, other: RoleReading): boolean {
  if (one.status === "absent" || other.status === "absent") return one.status === other.status;
  return digestRole(one.role) === digestRole(other.role);
}

async function tryStep(step: FixStep, done: readonly FixStep[], ports: WritingPorts): Promise<EnsureOutcome> {
  const isNew = done.some(({ call }) => call === "iam:CreateRole");
  for (const pause of [...pauses, undefined]) {
    const outcome = await makeCall(step, done.length, ports);
    const isEarly = isNew && outcome.status === "refused" && outcome.code === "NoSuchEntity";
    if (!isEarly || pause === undefined) return outcome;
    await ports.wait(pause);
  }
  return { status: "not tried" };
}

async function makeCall(
  step: FixStep,
  index: number,
  { writer, builder, keeper }: WritingPorts,
): Promise<EnsureOutcome> {
  try {
    switch (step.call) {
      case "iam:CreateServiceLinkedRole":
        await keeper.create(step.service);
        break;
      case "iam:CreateRole":
      case "iam:AddRoleToInstanceProfile":
        await builder.build(step);
        break;
      default:
        // CloudTrail then shows that a person's command made the call.
        await writer.apply(step, { rollbackId: "ensure", step: index });
    }
    return { status: "done" };
  } catch (error) {
    if (error instanceof StepRefusedError || error instanceof LinkedRoleRefusedError) {
      return { status: "refused", code: error.code, why: error.message };
    }
    if (error instanceof StepUnansweredError || error instanceof LinkedRoleUnansweredError) {
      return { status: "unanswered", why: error.message };
    }
    throw error;
  }
}

/** Reads the role until it has no drift but what is expected after the steps that were carried out. */
async function readAfter(
  done: readonly FixStep[],
  question: FixQuestion,
  { roles, wait }: WritingPorts,
): Promise<RoleReading> {
  const expected = trySteps(question, done, settingsOf(question));
  const known = new Set((expected ?? question).assessments.map(keyOf));
  let reading = await roles.read(question.watched.name);
  for (const pause of pauses) {
    const drifts = question.assess(reading).filter(({ kind }) => kind === "drift");
    if (drifts.every((drift) => known.has(keyOf(drift)))) break;
    await wait(pause);
    reading = await roles.read(question.watched.name);
  }
  return reading;
}
