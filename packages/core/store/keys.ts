import type { UsageSubject } from "../batch/role-use.ts";
import type { ChangeName } from "../model/change.ts";
import type { FindingState } from "../model/finding.ts";
import type { RoleKey } from "../model/role.ts";
import { formatRoleKey } from "../model/role.ts";

/** The schema number of every stored item but those of a ledger. Stores refuse items of another schema. */
export const schema = 1;

/**
 * The schema number of ledgers, findings and transitions. Items of `oldLedgerSchema` are read too: they have no index of
 * their ledger, and are in no listing.
 */
export const ledgerSchema = 2;
/** The schema number of ledgers, findings and transitions that older versions of drift-guard wrote. */
export const oldLedgerSchema = 1;

/** Keys of the findings table. A role's partition is `account#role`, with the name in lower case. */
export const findingKeys = {
  partition: (role: RoleKey) => formatRoleKey(role),
  ledger: () => "LEDGER",
  finding: (id: string) => `FINDING#${id}`,
  /** The number is zero-padded, so that keys sort by time. */
  transition: (id: string, seq: number) => `TRANSITION#${id}#${String(seq).padStart(6, "0")}`,
  /** The prefix of all transitions' keys; the table's stream is filtered by it. */
  anyTransition: "TRANSITION#",
  /** The prefix of the keys of one finding's transitions. */
  transitions: (id: string) => `TRANSITION#${id}#`,
  /** The finding id in a transition's key. */
  findingOf: (transitionKey: string) => transitionKey.slice("TRANSITION#".length).replace(/#\d*$/, ""),
  /** A use of the role; loading the ledger does not read it. */
  usage: ({ kind, region, name }: UsageSubject) => `USAGE#${kind}#${region}#${name}`,
  /** The prefix of all uses' keys. */
  anyUsage: "USAGE#",
  /** A change of the role that is rechecked; loading the ledger does not read it. Older versions kept it without a digest. */
  change: ({ id, digest }: ChangeName) => (digest === undefined ? `CHANGE#${id}` : `CHANGE#${id}#${digest}`),
  /** The account's partition: environments and definitions, with the names of their roles. */
  account: (account: string) => `${account}#`,
  /** In the account's partition: when every watched role was last read, or AWS Batch in a Region with them. */
  fullReads: (region?: string) => (region === undefined ? "FULLREADS" : `FULLREADS#${region}`),
  /** In the account's partition: a test message that was sent. */
  testMessage: (id: string) => `TESTMESSAGE#${id}`,
  /** In the account's partition: what people were told in the current minute, and what waits. */
  notices: "NOTICES",
  /** In the account's partition: the first report of a new deployment; the table's stream is filtered by it too. */
  firstReport: "REPORT#first",
  /** What Security Hub's users did with a finding; loading the ledger does not read it. */
  hubFinding: (id: string) => `SECURITYHUB#${id}`,
  /** In the account's partition: whether Security Hub is enabled. */
  hubAccess: "SECURITYHUB",
  /** In the account's partition: which event looks into the symptoms of a key. */
  symptom: (key: string) => `SYMPTOM#${key}`,
  /** In the index `byListing`: all findings in a state, the worst last, and of one severity the latest change last. */
  findingListing: (state: FindingState) => `FINDINGS#${state}`,
  /** In the index `byListing`: the transitions of a day (`2026-11-28`, UTC), in the order of their times. */
  transitionListing: (day: string) => `TRANSITIONS#${day}`,
  /** The first key that loading a ledger reads. */
  first: "FINDING#",
  /** The last key that loading a ledger reads: that of the ledger itself. */
  last: "LEDGER",
};

/** Keys of the control table: decisions of people, and what rollback knows and has done. */
export const controlKeys = {
  partition: (role: RoleKey) => formatRoleKey(role),
  account: (account: string) => `${account}#`,
  exception: (findingId: string) => `EXCEPTION#${findingId}`,
  approval: (findingId: string) => `APPROVAL#${findingId}`,
  /** In the account's partition: an answer that was given, by its digest. */
  answer: (digest: string) => `ANSWER#${digest}`,
  reset: (findingId: string) => `RESET#${findingId}`,
  closure: (findingId: string) => `CLOSURE#${findingId}`,
  /** In the role's partition or in the account's. */
  pause: "PAUSE",
  /** The version of the rest of the role's record. */
  control: "CONTROL",
  attempts: "ATTEMPTS",
  causes: "CAUSES",
  plan: (rollbackId: string) => `PLAN#${rollbackId}`,
  rollback: (rollbackId: string) => `ROLLBACK#${rollbackId}`,
  /** In the account's partition: a request id of the guard's own calls. */
  ownCall: (requestId: string) => `CALL#${requestId}`,
  /** In the account's partition: the observing phase of the deployment. */
  observing: "OBSERVING",
  /** In the account's partition: the rollbacks that restored something in the hour that begins at a time. */
  restoring: (hour: string) => `RESTORING#${hour}`,
};
