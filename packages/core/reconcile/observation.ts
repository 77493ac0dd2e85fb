import type { RoleUse } from "../batch/role-use.ts";
import type { Config } from "../config/config.ts";
import type { Change } from "../model/change.ts";
import type { Exception } from "../model/control.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Instant } from "../model/instant.ts";
import type { Ledger } from "../model/ledger.ts";
import type { Cause } from "../model/transition.ts";

/** What a look at a role gave, and what led to it. */
export interface Observation {
  readonly ledger: Ledger;
  readonly evidence: readonly Evidence[];
  readonly exceptions: readonly Exception[];
  readonly cause: Cause;
  /** What is known to use the role; left out where that was not asked. */
  readonly uses?: readonly RoleUse[];
  /** The change that made the guard look: it names who caused what it wrote, and nothing else. */
  readonly change?: Change;
  /** The owner's say about severities and trusted actors; none where left out. */
  readonly config?: Pick<Config, "severities" | "trustedActors">;
  /** The role's ARN, where it could be read. */
  readonly arn?: string;
  /** Name of the reference that it was compared with; left out where none has that name. */
  readonly reference?: string;
  readonly now: Instant;
  /** Seconds that must lie between two clean reads before a finding resolves: IAM is eventually consistent. */
  readonly settleSeconds: number;
}
