import type { Fix, FixStep } from "../model/fix.ts";
import type { Role } from "../model/role.ts";
import { applyStep } from "../rollback/apply-step.ts";
import { doesRestore } from "../rollback/effect.ts";
import { isTrustExposed, longestSessionOf } from "../rollback/exposure.ts";
import type { Trial } from "./trial.ts";

/** Returns the role of a trial if its trust policy lets in strangers, or may do so; undefined if it does not. */
export function findExposedRole({ reading, assessments }: Trial): Role | undefined {
  return reading.status === "present" && isTrustExposed(assessments) ? reading.role : undefined;
}

/**
 * Returns a fix with a warning if it restores permissions of a role that lets in strangers (`findExposedRole`): they would
 * get what it restores, and so would their sessions that are still running. The repair of the trust policy has no warning.
 */
export function warnOfStrangers(fix: Fix, exposed: Role | undefined): Fix {
  if (exposed === undefined || fix.kind === "manual" || !restores(fix.steps, exposed)) return fix;
  const warning = `The trust policy of ${exposed.name} lets in more than its reference, or cannot be compared. Those whom it lets in would get what these steps restore. Repair it first; after that, somebody may have a running session for ${formatHours(longestSessionOf(exposed))}, which would get it too. Wait until then, or revoke the role's sessions.`;
  return { ...fix, warning: fix.warning === undefined ? warning : `${fix.warning} ${warning}` };
}

function restores(steps: readonly FixStep[], role: Role): boolean {
  let current = role;
  for (const step of steps) {
    if (
      step.call === "iam:CreateRole" ||
      step.call === "iam:CreateServiceLinkedRole" ||
      step.call === "iam:AddRoleToInstanceProfile"
    ) {
      continue;
    }
    // It lets in the reference's principals alone.
    if (step.call !== "iam:UpdateAssumeRolePolicy" && doesRestore(current, step)) return true;
    current = applyStep(current, step);
  }
  return false;
}

function formatHours(seconds: number): string {
  const hours = Math.ceil(seconds / 3600);
  return hours === 1 ? "an hour" : `${hours} hours`;
}
