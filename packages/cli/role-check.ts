import type { Config } from "@drift-guard/core/config/config";
import type { WatchedRole } from "@drift-guard/core/config/watched-role";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import { addFixes, type FixPlan, type FixQuestion, planFixes } from "@drift-guard/core/fixes/fixes";
import type { Assessment } from "@drift-guard/core/model/evidence";
import type { RoleReading } from "@drift-guard/core/model/role";
import { Severity, worstFirst } from "@drift-guard/core/model/severity";
import type { ResourceReader, RoleReader } from "@drift-guard/core/ports";
import { formatStepCommands } from "@drift-guard/formats/steps";
import { prepareAssessment } from "@drift-guard/guard/inspect/assessment";
import { type BulkReading, readRolesInBulk } from "@drift-guard/guard/inspect/bulk-reading";
import type { WatchedRoleWithUses } from "@drift-guard/guard/inspect/discovery";
import { isKeyNote } from "@drift-guard/guard/inspect/inspection";
import type { OtherRegions } from "@drift-guard/guard/inspect/other-regions";
import type { ExitCode } from "./command.ts";
import type { RatedAssessment, RoleCheck, RolePlan } from "./output/check.ts";

/** A watched role, with the uses that AWS Batch makes of it if they were read. */
type CheckedRole = WatchedRole & Partial<Pick<WatchedRoleWithUses, "uses" | "discovered">>;

/** Where roles are read from, and how they are judged. */
export interface CheckSettings {
  readonly reader: Pick<RoleReader, "read">;
  readonly account: string;
  readonly partition: string;
  readonly config: Config;
  /** Whether to plan the commands that fix a role. */
  readonly plan?: boolean;
  /** Reads secrets, parameters and keys; without it, they count as unread. */
  readonly resources?: ResourceReader;
  /** Whether AWS Batch was read in every Region in which the guard looks for uses. */
  readonly readEverywhere?: boolean;
  /** Looks for uses in the account's other Regions; left out if there are none. */
  readonly otherRegions?: OtherRegions;
}

/** Milliseconds after which no more fixes of a role are tried. */
const maxFixMilliseconds = 10_000;

/**
 * Compares a watched role with its reference and its uses, as the guard does. The role is read, or is `given`. A role that
 * cannot be read has the status `unreadable`.
 */
export async function checkRole(
  checked: CheckedRole,
  { reader, account, partition, config, plan, resources, readEverywhere, otherRegions }: CheckSettings,
  given?: RoleReading,
): Promise<RoleCheck> {
  const watched: WatchedRoleWithUses = { uses: [], discovered: false, ...checked };
  const { reference, name, uses, discovered } = watched;
  const base = {
    role: name,
    account,
    reference: { role: reference.role, title: reference.source.title, date: reference.source.date },
  };
  let reading: RoleReading;
  try {
    reading = given ?? (await reader.read(name));
  } catch (error) {
    if (!(error instanceof RoleUnreadableError)) throw error;
    return { ...base, status: "unreadable", assessments: [], problem: error.message };
  }
  const question = await askForFixes(watched, reading, {
    partition,
    ...(resources && { resources }),
    ...(readEverywhere !== undefined && { readEverywhere }),
  });
  const fixed = addFixes(question);
  // Keys count as unused only where every enabled Region was read (T12).
  const judgesKeys =
    readEverywhere === true &&
    (!otherRegions || !fixed.some(isKeyNote) || (await otherRegions(name)) === "unused");
  const assessments = fixed
    .filter((assessment) => judgesKeys || !isKeyNote(assessment))
    .map((assessment) => ({
      ...explainRevocation(assessment, name),
      severity: rateSeverity(assessment, { role: { account, name }, config, uses }),
    }))
    .toSorted(worstFirst);
  const status = statusOf(assessments, reading);
  return {
    ...base,
    status,
    ...(reading.status === "present" && { arn: reading.role.arn }),
    ...(discovered && { discovered: true as const }),
    assessments,
    ...(plan &&
      status === "drift" && {
        plan: describePlan(planFixes({ ...question, assessments: fixed }), partition),
      }),
  };
}

// A check knows no record of the guard's, and anybody can give a policy such a name: it says only what it looks like.
const revocationNames = /^(?:(?:DriftGuard)?RevokedSessions-|AWSRevokeOlderSessions$)/;

function explainRevocation(assessment: Assessment, role: string): Assessment {
  const { kind, part } = assessment;
  const isNamedSo = kind === "drift" && part.kind === "inline" && revocationNames.test(part.name);
  if (!isNamedSo || assessment.side !== "missing" || assessment.detail !== undefined) return assessment;
  const detail = `By its name, it is a policy with which drift-guard, IAM's console or a person ended the role's sessions. drift-guard rollback status ${role} --stage NAME shows whether it is the guard's, which removes its own.`;
  return { ...assessment, detail };
}

/** Assesses a role that was read, so that its fixes can be planned. */
export async function askForFixes(
  watched: WatchedRoleWithUses,
  reading: RoleReading,
  { partition, resources, readEverywhere }: Pick<CheckSettings, "partition" | "resources" | "readEverywhere">,
): Promise<FixQuestion> {
  const assess = await prepareAssessment(watched, {
    ...(resources && { resources }),
    now: () => new Date(),
  });
  const began = performance.now();
  return {
    watched,
    uses: watched.uses,
    usesUnknown: readEverywhere !== true,
    partition,
    reading,
    assess,
    assessments: assess(reading),
    stop: () => performance.now() - began > maxFixMilliseconds,
  };
}

function describePlan({ groups, left }: FixPlan, partition: string): RolePlan {
  return {
    groups: groups.map(({ steps, warning }) => ({
      // A name that cannot be printed is no name of IAM's, so that no command with it would be right.
      commands: steps.flatMap((step) => formatStepCommands(step, partition) ?? []),
      ...(warning !== undefined && { warning }),
    })),
    left: left.map(({ drift: { part, side }, why }) => ({ part, side, why })),
  };
}

// One role is about six calls, and a page of the account holds a hundred roles or policies.
const maxSingleReads = 10;
// While one role waits for facts about its secrets, others are checked.
const parallelChecks = 8;

/** Checks several roles of one account: a few by calls of their own, more by account pages, as the sweep reads them. */
export async function* checkRoles(
  watchedRoles: readonly WatchedRoleWithUses[],
  settings: CheckSettings & { readonly reader: Pick<RoleReader, "read" | "readMany"> },
): AsyncIterable<RoleCheck> {
  if (watchedRoles.length <= maxSingleReads) {
    // One after the other: IAM throttles per account, and other programs share its limits.
    for (const watched of watchedRoles) yield await checkRole(watched, settings);
    return;
  }
  let waiting: BulkReading[] = [];
  const checkWaiting = () =>
    Promise.all(waiting.map(({ watched, reading }) => checkRole(watched, settings, reading)));
  for await (const read of readRolesInBulk(watchedRoles, settings.reader)) {
    waiting.push(read);
    // A role without a reading is read by calls of its own, one after the other.
    if (read.reading && waiting.length < parallelChecks) continue;
    yield* await checkWaiting();
    waiting = [];
  }
  yield* await checkWaiting();
}

function statusOf(assessments: readonly RatedAssessment[], reading: RoleReading): RoleCheck["status"] {
  if (assessments.some(isDefect)) return "drift";
  if (assessments.some(({ kind }) => kind === "undecided")) return "undecided";
  return reading.status === "absent" ? "absent" : "clean";
}

/**
 * Whether an assessment means that the role is not in order: drift, a withdrawn action that AWS Batch needs, or a note on
 * something that is broken.
 */
export function isDefect(assessment: RatedAssessment): boolean {
  const order = Severity.options;
  switch (assessment.kind) {
    case "drift":
      return true;
    case "vendor-change":
      return assessment.lost === true;
    case "note":
      return order.indexOf(assessment.severity) <= order.indexOf("MEDIUM");
    case "undecided":
      return false;
  }
}

/** The exit code of a check: drift (1) outweighs an unknown role (2), because drift is certain. */
export function exitCodeOf(roles: readonly RoleCheck[]): ExitCode {
  if (roles.some(({ status }) => status === "drift")) return 1;
  return roles.some(({ status }) => status === "undecided" || status === "unreadable") ? 2 : 0;
}
