import { formatUses } from "@drift-guard/core/batch/role-use-text";
import type { Config } from "@drift-guard/core/config/config";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { permissionsFor } from "@drift-guard/core/fixes/permission";
import type { StepEffect } from "@drift-guard/core/fixes/step-effect";
import { linkedRoles } from "@drift-guard/core/linked-role/linked-role";
import { permissionFor } from "@drift-guard/core/linked-role/permission";
import { emptyControl } from "@drift-guard/core/model/control";
import { instantOf } from "@drift-guard/core/model/instant";
import type { RoleReading } from "@drift-guard/core/model/role";
import { listCountedExceptions } from "@drift-guard/core/rollback/counted-exceptions";
import { carryOut, type EnsureOutcome } from "@drift-guard/guard/ensure/carry-out";
import { planEnsure } from "@drift-guard/guard/ensure/plan";
import type { WatchedRoleWithUses } from "@drift-guard/guard/inspect/discovery";
import type { EnsureRole, EnsureStep } from "../output/ensure.ts";
import { askForFixes, checkRole } from "../role-check.ts";
import { describeStep } from "../step-lines.ts";
import type { EnsureSession } from "./session.ts";

/** What a person asks for. */
export interface EnsureRequest {
  readonly config: Config;
  /** Whether to carry the steps out. */
  readonly yes: boolean;
  /** Whether to carry out steps with a warning too. */
  readonly force: boolean;
}

/** The steps of a role, as they are printed. */
export interface EnsuredRole {
  readonly output: EnsureRole;
  /** The effect of each step, in the order of the output's steps. */
  readonly effects: readonly StepEffect[];
}

/**
 * Plans what makes a role as its reference says, and carries it out if that is asked for. A role that cannot be read has no
 * steps, and its check says why.
 */
export async function ensureRole(
  watched: WatchedRoleWithUses,
  { config, yes, force }: EnsureRequest,
  { account, partition, ports, resources, survey, control: store }: EnsureSession,
): Promise<EnsuredRole> {
  const settings = {
    account,
    partition,
    config,
    resources,
    reader: ports.roles,
    readEverywhere: survey.isComplete,
  };
  const check = (reading?: RoleReading) => checkRole(watched, settings, reading);
  const uses = formatUses(watched.uses);
  try {
    const question = await askForFixes(watched, await ports.roles.read(watched.name), settings);
    const key = { account, name: watched.name };
    const control = store ? await store.load(key) : emptyControl(key);
    const plan = await planEnsure(question, ports, {
      exceptions: listCountedExceptions(control, config),
      pauses: control.pauses,
      now: instantOf(new Date()),
    });
    const result = yes ? await carryOut(plan, question, { warned: force }, ports) : undefined;
    const path = question.reading.status === "present" ? question.reading.role.path : "/";
    const outcomes = [...(result?.outcomes ?? [])];
    const place = { account, partition, path: pathOf(plan.groups, path) };
    const describe = (effect: StepEffect): EnsureStep => {
      const outcome = outcomes.shift();
      return {
        ...describeStep(effect, partition),
        ...(outcome && { outcome: explainOutcome(effect.step, outcome, place) }),
      };
    };
    const output: EnsureRole = {
      groups: plan.groups.map(({ steps, ...group }) => ({ ...group, steps: steps.map(describe) })),
      left: plan.left.map(({ drift: { part, side }, why }) => ({ part, side, why })),
      ...(result?.stopped !== undefined && { stopped: result.stopped }),
      check: await check(result?.reading ?? question.reading),
      uses,
    };
    return { output, effects: plan.groups.flatMap(({ steps }) => steps) };
  } catch (error) {
    if (!(error instanceof RoleUnreadableError)) throw error;
    // A step may have been carried out before: the role is then read again as a whole.
    return { output: { check: await check(), groups: [], left: [], uses }, effects: [] };
  }
}

function pathOf(groups: readonly { readonly steps: readonly StepEffect[] }[], path: string): string {
  const created = groups.flatMap(({ steps }) =>
    steps.flatMap(({ step }) => (step.call === "iam:CreateRole" ? [step.path] : [])),
  );
  return created[0] ?? path;
}

interface Place {
  readonly account: string;
  readonly partition: string;
  readonly path: string;
}

function explainOutcome(
  step: StepEffect["step"],
  outcome: EnsureOutcome,
  place: Place,
): NonNullable<EnsureStep["outcome"]> {
  if (outcome.status !== "refused" || !/^AccessDenied/.test(outcome.code)) return outcome;
  if (step.call !== "iam:CreateServiceLinkedRole") {
    return { ...outcome, statements: permissionsFor(step, place) };
  }
  const linked = linkedRoles.find(({ service }) => service === step.service);
  return linked ? { ...outcome, statements: [permissionFor("create", linked, place)] } : outcome;
}
