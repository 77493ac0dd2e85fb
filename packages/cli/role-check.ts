import type { Config } from "@drift-guard/core/config/config";
import type { WatchedRole } from "@drift-guard/core/config/watched-role";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import type { Assessment } from "@drift-guard/core/model/evidence";
import type { RoleReading } from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import type { ExitCode } from "./command.ts";
import type { RoleCheck } from "./output/check.ts";

/** Reads a watched role and compares it with its reference. A role that cannot be read has the status `unreadable`. */
export async function checkRole(
  watched: WatchedRole,
  { reader, account, config }: { reader: RoleReader; account: string; config: Config },
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
  const assessments = evaluate({ ...watched, reading }).map((assessment) => ({
    ...assessment,
    severity: rateSeverity(assessment, { role: { account, name: watched.name }, config }),
  }));
  return {
    ...base,
    status: statusOf(assessments, reading),
    ...(reading.status === "present" && { arn: reading.role.arn }),
    assessments,
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
