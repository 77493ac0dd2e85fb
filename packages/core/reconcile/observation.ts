import type { RoleUse } from "../batch/role-use.ts";
import type { Config } from "../config/config.ts";
import { describePartTexts, type PartTexts } from "../evaluate/part-texts.ts";
import type { Change } from "../model/change.ts";
import type { Closure } from "../model/control.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Exception } from "../model/exception.ts";
import type { FindingBody } from "../model/finding.ts";
import type { Instant } from "../model/instant.ts";
import type { Ledger } from "../model/ledger.ts";
import type { Part } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import type { Cause } from "../model/transition.ts";
import type { Reference } from "../reference/reference.ts";

/** The result of reading and assessing a role, and what led to it. */
export interface Observation {
  readonly ledger: Ledger;
  readonly evidence: readonly Evidence[];
  readonly exceptions: readonly Exception[];
  /** People's answers to foreign calls with the guard's credentials; none if left out. */
  readonly closures?: readonly Closure[];
  readonly cause: Cause;
  /** Known uses of the role; left out if they were not read. */
  readonly uses?: readonly RoleUse[];
  /** The change that led to the read. Its actor is named for the part that it wrote, and for nothing else. */
  readonly change?: Change;
  /** ARN of the role that rollbacks run as; left out if rollback is not deployed. */
  readonly guardRole?: string;
  /** The owner's severities and trusted actors; none if left out. */
  readonly config?: Pick<Config, "severities" | "trustedActors">;
  /** Set if the guard does not watch the role any more, so that it was compared with nothing. */
  readonly released?: true;
  /** The role's ARN; left out if the role is absent or unreadable. */
  readonly arn?: string;
  /** The role's unique id; left out like `arn`. */
  readonly roleId?: string;
  /** Source and date of the reference; left out if the caller does not know them. */
  readonly referenceSource?: FindingBody["referenceSource"];
  /** The texts of a part, as the reference has it and as it was read; left out if the caller does not have both. */
  readonly textsOf?: (part: Part) => PartTexts;
  /** Name of the reference that the role was compared with; left out if it cannot be looked up by name. */
  readonly reference?: string;
  readonly now: Instant;
  /** Seconds that must pass between two clean reads before a finding resolves, since IAM is eventually consistent. */
  readonly settleSeconds: number;
}

/** What of an observation comes from the role as it was read, and from its reference. */
type ObservedRole = Pick<Observation, "arn" | "roleId" | "referenceSource" | "textsOf">;

/** Returns what findings say of a role and its reference. `role` is undefined if the role is absent or was not read. */
export function describeObservedRole(role: Role | undefined, reference: Reference): ObservedRole {
  const { title, date } = reference.source;
  return {
    ...(role && { arn: role.arn, roleId: role.id }),
    referenceSource: { title, date },
    textsOf: (part) => describePartTexts(part, role, reference),
  };
}
