import type { Config } from "@drift-guard/core/config/config";
import type { WatchedRole } from "@drift-guard/core/config/watched-role";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import { addFixes, type FixPlan, type FixQuestion, planFixes } from "@drift-guard/core/fixes/fixes";
import type { Assessment } from "@drift-guard/core/model/evidence";
import type { RoleReading } from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import { formatStepCommands } from "@drift-guard/formats/steps";
import type { ExitCode } from "./command.ts";
import type { RoleCheck, RolePlan } from "./output/check.ts";

/** Where roles are read from, and how they are judged. */
export interface CheckSettings {
  readonly reader: RoleReader;
  readonly account: string;
  readonly partition: string;
  readonly config: Config;
  /** Whether to plan the commands that fix a role. */
  readonly plan?: boolean;
}

/** Milliseconds after which no more fixes of a role are tried. */
const maxFixMilliseconds = 10_000;

/** Reads a watched role and compares it with its reference. A role that cannot be read has the status `unreadable`. */
export async function checkRole(
  watched: WatchedRole,
  { reader, account, partition, config, plan }: CheckSettings,
): Promise<RoleCheck> {
  const { source, role } = watched.reference;
  const base = { role: watched.name, account, reference: { role, title: source.title, date: source.date } };
  let reading: RoleReading;
  try {
    reading = await reader.read(watched.name);
  } catch (error) {
    if (!(error instanceof RoleUnreadableError)) throw error;
    return { ...base, status: "unreadable", assessments: [], problem: error.message };
  }
  const assess = (read: RoleReading) => evaluate({ ...watched, reading: read });
  const began = performance.now();
  const question: FixQuestion = {
    watched,
    uses: [],
    partition,
    reading,
    assess,
    assessments: assess(reading),
    stop: () => performance.now() - began > maxFixMilliseconds,
  };
  const assessments = addFixes(question).map((assessment) => ({
    ...assessment,
    severity: rateSeverity(assessment, { role: { account, name: watched.name }, config }),
  }));
  const status = statusOf(assessments, reading);
  return {
    ...base,
    status,
    ...(reading.status === "present" && { arn: reading.role.arn }),
    assessments,
    ...(plan && status === "drift" && { plan: describePlan(planFixes(question), partition) }),
  };
}

function describePlan({ groups, left }: FixPlan, partition: string): RolePlan {
  return {
    groups: groups.map(({ steps, warning }) => ({
      // A name that cannot be printed is no name of IAM's, so that no command with it would be right.
      commands: steps.flatMap((step) => formatStepCommands(step, partition) ?? []),
      ...(warning !== undefined && { warning }),
    })),
    left: left.map(({ drift: { part, side }, why }) => ({ part, side, why })),
  };
}

function statusOf(assessments: readonly Assessment[], reading: RoleReading): RoleCheck["status"] {
  const isDrift = (assessment: Assessment) =>
    assessment.kind === "drift" || (assessment.kind === "vendor-change" && assessment.lost);
  if (assessments.some(isDrift)) return "drift";
  if (assessments.some(({ kind }) => kind === "undecided")) return "undecided";
  return reading.status === "absent" ? "absent" : "clean";
}

/** The exit code of a check: drift (1) outweighs an unknown role (2), because drift is certain. */
export function exitCodeOf(roles: readonly RoleCheck[]): ExitCode {
  if (roles.some(({ status }) => status === "drift")) return 1;
  return roles.some(({ status }) => status === "undecided" || status === "unreadable") ? 2 : 0;
}
