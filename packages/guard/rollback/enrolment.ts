import { isExcepted } from "@drift-guard/core/evaluate/coverage";
import type { Control } from "@drift-guard/core/model/control";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import { listCountedExceptions } from "@drift-guard/core/rollback/counted-exceptions";
import { noteRevocations } from "@drift-guard/core/rollback/revocation-note";
import { decideOnControl } from "../control-commit.ts";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";
import type { GuardSettings, RollbackPorts } from "../ports.ts";
import { recordSessions } from "./exposure.ts";
import { type Observation, observeRole } from "./observation.ts";
import { nothingToDo, type RollbackOutcome } from "./outcome.ts";
import { forgetGone } from "./recorded-makers.ts";

/**
 * Records the id of a role and the time of this read, if rollback's own read finds the role clean. A role with another id
 * than the enrolled one was made anew, so that it is not enrolled by itself. Throws `RoleUnreadableError`,
 * `StoreUnavailableError`.
 */
export async function enrolRole(
  watched: WatchedRoleWithUses,
  key: RoleKey,
  ports: Pick<RollbackPorts, "roles" | "control" | "now">,
  { config }: Pick<GuardSettings, "config">,
): Promise<RollbackOutcome> {
  const { result } = await decideOnControl(ports.control, key, instantOf(ports.now()), async (stored) => {
    const observation = await observeRole(watched, ports);
    const end = (why: string, kept: Control) => ({ control: kept, result: nothingToDo(why) });
    if (observation.status === "absent") return end(`${watched.name} does not exist`, stored);
    if (stored.unreadable !== undefined) return end("the control record cannot be read whole", stored);
    const { role, assessments, now } = observation;
    const control = forgetGone(stored, key, assessments, now, config);
    const exceptions = listCountedExceptions(control, config);
    const isClean = noteRevocations(role, assessments, control, now).every(
      (evidence) =>
        (evidence.kind !== "drift" && evidence.kind !== "undecided") ||
        isExcepted({ id: identifyFinding(key, evidence), evidence }, { exceptions, now }),
    );
    if (!isClean) {
      const exposed = recordSessions(control, role, assessments, now);
      return end(`${watched.name} is not as its reference says`, exposed);
    }
    const enrolled = enrol(control, observation);
    if (enrolled === undefined) return end(`${watched.name} was made anew since it was enrolled`, control);
    return { control: enrolled, result: { status: "enrolled" } satisfies RollbackOutcome };
  });
  return result;
}

function enrol(
  control: Control,
  { role, assessments, now }: Extract<Observation, { status: "present" }>,
): Control | undefined {
  const { enrolment = { roleId: role.id, at: now } } = control;
  if (enrolment.roleId !== role.id) return undefined;
  return recordSessions({ ...control, enrolment: { ...enrolment, cleanAt: now } }, role, assessments, now);
}
