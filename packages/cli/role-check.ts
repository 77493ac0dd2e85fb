import type { Config } from "@drift-guard/core/config/config";
import type { WatchedRole } from "@drift-guard/core/config/watched-role";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import type { Assessment } from "@drift-guard/core/model/evidence";
import type { Severity } from "@drift-guard/core/model/finding";
import type { RoleReading } from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import type { ExitCode } from "./command.ts";

/** A difference, with how bad it is. */
export type RatedAssessment = Assessment & { readonly severity: Severity };

/** What comparing one guarded role with its reference came to. */
export interface RoleCheck {
  readonly role: string;
  /** The name of the reference, and its source. */
  readonly reference: { readonly role: string; readonly title: string; readonly date: string };
  /** `absent` is a role that may be absent, and is. */
  readonly status: "clean" | "absent" | "drift" | "undecided" | "unreadable";
  readonly arn?: string;
  readonly assessments: readonly RatedAssessment[];
  /** Why the role could not be read. */
  readonly problem?: string;
}

/** Reads a guarded role and compares it; what cannot be read is a verdict as well. */
export async function checkRole(
  watched: WatchedRole,
  { reader, account, config }: { reader: RoleReader; account: string; config: Config },
): Promise<RoleCheck> {
  const { source, role } = watched.reference;
  const base = { role: watched.name, reference: { role, title: source.title, date: source.date } };
  let reading: RoleReading;
  try {
    reading = await reader.read(watched.name);
  } catch (error) {
    if (!(error instanceof RoleUnreadableError)) throw error;
    return { ...base, status: "unreadable", assessments: [], problem: error.message };
  }
  const assessments = evaluate({ ...watched, reading }).map((assessment) => ({
    ...assessment,
    severity: rateSeverity(assessment, { account, name: watched.name }, config),
  }));
  return {
    ...base,
    status: statusOf(assessments, reading),
    ...(reading.status === "present" && { arn: reading.role.arn }),
    assessments,
  };
}

function statusOf(assessments: readonly Assessment[], reading: RoleReading): RoleCheck["status"] {
  if (assessments.some(({ kind }) => kind === "drift")) return "drift";
  if (assessments.some(({ kind }) => kind === "undecided")) return "undecided";
  return reading.status === "absent" ? "absent" : "clean";
}

/** Drift is certain, whatever else could not be told; without it, one thing that could not be told is not clean. */
export function exitCodeOf(verdicts: readonly RoleCheck[]): ExitCode {
  if (verdicts.some(({ status }) => status === "drift")) return 1;
  return verdicts.some(({ status }) => status === "undecided" || status === "unreadable") ? 2 : 0;
}
