import { RoleUnreadableError } from "@drift-guard/core/errors";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { findEscalation } from "@drift-guard/core/evaluate/job-role";
import { allowNeeds } from "@drift-guard/core/evaluate/needs";
import { evaluateUses, joinAssessments } from "@drift-guard/core/evaluate/uses";
import { addFixes } from "@drift-guard/core/fixes/fixes";
import type { Assessment } from "@drift-guard/core/model/evidence";
import { partOf } from "@drift-guard/core/model/part";
import type { Role, RoleReading } from "@drift-guard/core/model/role";
import type { GuardSettings, InspectPorts } from "../ports.ts";
import type { WatchedRoleWithUses } from "./discovery.ts";
import { readFacts } from "./facts.ts";

/** The assessments of a role that was just read. */
export interface RoleAssessment {
  readonly assessments: readonly Assessment[];
  /** What was assessed; left out where the role could not be read. */
  readonly reading?: RoleReading;
  /** Left out where the role is absent or could not be read. */
  readonly role?: Role;
  /** Whether the role could not be read. */
  readonly unread?: true;
}

const lastTryNote =
  "The guard tried to read the role for a day and stops. The next change or sweep reads it again.";

/** Milliseconds after which no more fixes are tried: an inspection also has its messages to send. */
const maxFixMilliseconds = 5000;

/**
 * Assesses a role by `given`, or by a read of its own where `given` is undefined, with a fix for each drift. A role that
 * cannot be read is assessed as undecided; on the `lastTry` of a series of rechecks, the reasons say so.
 */
export async function readAndAssessRole(
  watched: WatchedRoleWithUses,
  given: RoleReading | undefined,
  ports: Pick<InspectPorts, "roles" | "resources" | "now">,
  { partition }: Pick<GuardSettings, "partition">,
  lastTry = false,
): Promise<RoleAssessment> {
  try {
    const reading = given ?? (await ports.roles.read(watched.name));
    const assess = await prepareAssessment(watched, ports);
    const began = ports.now().getTime();
    const assessments = addFixes({
      watched,
      uses: watched.uses,
      reading,
      partition,
      assess,
      assessments: assess(reading),
      stop: () => ports.now().getTime() - began > maxFixMilliseconds,
    });
    return { assessments, reading, ...(reading.status === "present" && { role: reading.role }) };
  } catch (error) {
    // Unknown is never clean: the unreadable role becomes a finding, and its other findings keep their state.
    if (error instanceof RoleUnreadableError) {
      const reasons = [error.message, ...(lastTry ? [lastTryNote] : [])];
      return { assessments: [{ kind: "undecided", part: partOf("role"), reasons }], unread: true };
    }
    throw error;
  }
}

type AssessPorts = Pick<InspectPorts, "resources"> & Partial<Pick<InspectPorts, "now">>;

/**
 * Returns every difference between a role and its reference, and every need of AWS Batch that the role does not meet.
 * Without `resources`, secrets, parameters and keys count as unread.
 */
export async function assessRole(
  watched: WatchedRoleWithUses,
  reading: RoleReading,
  ports: AssessPorts,
): Promise<readonly Assessment[]> {
  const assess = await prepareAssessment(watched, ports);
  return assess(reading);
}

/**
 * Reads what the assessment of a role needs besides the role, and returns the assessment, a pure function: it also assesses
 * a copy of the role to which a fix was applied.
 */
export async function prepareAssessment(
  watched: WatchedRoleWithUses,
  ports: AssessPorts,
): Promise<(reading: RoleReading) => readonly Assessment[]> {
  const { uses } = watched;
  const { facts, omitted } = await readFacts(uses, ports);
  const now = ports.now?.();
  return (reading) => {
    const role = reading.status === "present" ? reading.role : undefined;
    const reference = allowNeeds(watched.reference, uses, facts, role);
    // A closed ceiling reports every further grant, those that escalate among them.
    const observed =
      watched.discovered &&
      uses.some(({ otherAccount }) => !otherAccount) &&
      reference.strictness.ceiling === "open";
    return joinAssessments([
      ...evaluate({ ...watched, reference, reading, now }),
      ...(observed && role ? findEscalation(role, reference, now) : []),
      ...evaluateUses({ reading, uses, facts }),
      ...(omitted && role ? [omitted] : []),
    ]);
  };
}
