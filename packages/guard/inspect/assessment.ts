import { RoleUnreadableError } from "@drift-guard/core/errors";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { findEscalation } from "@drift-guard/core/evaluate/job-role";
import { allowNeeds } from "@drift-guard/core/evaluate/needs";
import { evaluateUses, joinAssessments } from "@drift-guard/core/evaluate/uses";
import type { Assessment } from "@drift-guard/core/model/evidence";
import { partOf } from "@drift-guard/core/model/part";
import type { RoleReading } from "@drift-guard/core/model/role";
import type { InspectPorts } from "../ports.ts";
import type { WatchedRoleWithUses } from "./discovery.ts";
import { readFacts } from "./facts.ts";

/** The assessments of a role that was just read. */
export interface RoleAssessment {
  readonly assessments: readonly Assessment[];
  /** The role's ARN; left out where the role is absent or could not be read. */
  readonly arn?: string;
}

/**
 * Assesses a role by `given`, or by a read of its own where `given` is undefined. A role that cannot be read is assessed
 * as undecided.
 */
export async function readAndAssessRole(
  watched: WatchedRoleWithUses,
  given: RoleReading | undefined,
  ports: Pick<InspectPorts, "roles" | "resources" | "now">,
): Promise<RoleAssessment> {
  try {
    const reading = given ?? (await ports.roles.read(watched.name));
    const assessments = await assessRole(watched, reading, ports);
    return { assessments, ...(reading.status === "present" && { arn: reading.role.arn }) };
  } catch (error) {
    // Unknown is never clean: the unreadable role becomes a finding, and its other findings keep their state.
    if (error instanceof RoleUnreadableError) {
      return { assessments: [{ kind: "undecided", part: partOf("role"), reasons: [error.message] }] };
    }
    throw error;
  }
}

/**
 * Returns every difference between a role and its reference, and every need of AWS Batch that the role does not meet.
 * Without `resources`, secrets, parameters and keys count as unread.
 */
export async function assessRole(
  watched: WatchedRoleWithUses,
  reading: RoleReading,
  ports: Pick<InspectPorts, "resources"> & Partial<Pick<InspectPorts, "now">>,
): Promise<readonly Assessment[]> {
  const { uses } = watched;
  const { facts, omitted } = await readFacts(uses, ports);
  const role = reading.status === "present" ? reading.role : undefined;
  const reference = allowNeeds(watched.reference, uses, facts, role);
  // A closed ceiling reports every further grant, those that escalate among them.
  const observed =
    watched.discovered &&
    uses.some(({ otherAccount }) => !otherAccount) &&
    reference.strictness.ceiling === "open";
  return joinAssessments([
    ...evaluate({ ...watched, reference, reading }),
    ...(observed && reading.status === "present" ? findEscalation(reading.role, reference) : []),
    ...evaluateUses({ reading, uses, facts }),
    ...(omitted && reading.status === "present" ? [omitted] : []),
  ]);
}
