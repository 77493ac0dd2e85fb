import type { UsageSubject } from "../batch/role-use.ts";
import type { RoleKey } from "../model/role.ts";
import { printRoleKey } from "../model/role.ts";

/** The schema of every stored item; an item of another schema is not read. */
export const schema = 1;

/** Keys of the findings table: one partition per role, `account#role`, the name lower-cased. */
export const findingKeys = {
  partition: (role: RoleKey) => printRoleKey(role),
  ledger: () => "LEDGER",
  finding: (id: string) => `FINDING#${id}`,
  rollback: (id: string) => `ROLLBACK#${id}`,
  /** Zero-padded, so that the order of keys is the order of time. */
  transition: (id: string, seq: number) => `TRANSITION#${id}#${String(seq).padStart(6, "0")}`,
  /** Begins the keys of all transitions, which the table's stream is read for … */
  anyTransition: "TRANSITION#",
  /** … and of one finding's. */
  transitions: (id: string) => `TRANSITION#${id}#`,
  /** What uses the role: beyond all that a load reads. */
  usage: ({ kind, region, name }: UsageSubject) => `USAGE#${kind}#${region}#${name}`,
  anyUsage: "USAGE#",
  /** The partition of what uses roles, each with the names of its roles. */
  account: (account: string) => `${account}#`,
  /** A load reads from here … */
  first: "FINDING#",
  /** … to here, which leaves the transitions out. */
  last: "ROLLBACK#~",
};

/** Keys of the control table: what people decided, what stops rollbacks, and the budgets. */
export const controlKeys = {
  partition: (role: RoleKey) => printRoleKey(role),
  account: (account: string) => `${account}#`,
  exception: (findingId: string) => `EXCEPTION#${findingId}`,
  approval: (findingId: string) => `APPROVAL#${findingId}`,
  breaker: "BREAKER",
  paused: "PAUSED",
  /** One budget item for each window. */
  budget: (window: string) => `BUDGET#${window}`,
};
