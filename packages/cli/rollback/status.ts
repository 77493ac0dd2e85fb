import { findWatchedRole, listWatchedRoles } from "@drift-guard/core/config/watched-role";
import type { Control } from "@drift-guard/core/model/control";
import { type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import { findObserving } from "@drift-guard/core/model/observing";
import type { Rollback } from "@drift-guard/core/model/rollback";
import { isUsedUp } from "@drift-guard/core/rollback/approvals";
import { findNextStart, isContested, listStarts } from "@drift-guard/core/rollback/attempts";
import { sanitise } from "@drift-guard/formats/printable";
import { parseAskedRole } from "../account-check.ts";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { formatDocument } from "../output/json.ts";
import { type RoleStatus, RollbackStatusOutput } from "../output/rollback.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { warnOfConfiguration } from "./configuration.ts";
import { guardOptions, openRollbackSession, type RollbackSession } from "./session.ts";
import { formatStatus } from "./status-lines.ts";

/** `rollback status`: shows what rollback knows of roles, and what it does and waits for. Changes nothing. */
export async function showStatus(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("rollback status", args, guardOptions);
  if (values.stage === undefined && values.findings === undefined) {
    throw new UsageError(
      "rollback status reads what a guard stores: name it with --stage NAME, or with --findings FILE for an embedded one.",
    );
  }
  const session = await openRollbackSession(values, terminal.input);
  try {
    const roles = await readStatuses(chooseRoles(positionals, session), session);
    const exitCode = codeOf(roles);
    const { account, from, stores, configuration } = session;
    if (values.json) {
      const control = stores && { control: stores.from };
      const output = { schema: 1 as const, account, from, ...control, configuration, exitCode, roles };
      await terminal.print(formatDocument(RollbackStatusOutput, output));
      return exitCode;
    }
    const warning = warnOfConfiguration(configuration);
    // At once: a reader such as `head` may close the pipe after the first lines, and the exit code still counts.
    await terminal.print(
      ...roles.flatMap((role) => [...formatStatus(role, terminal), ""]),
      ...wrap(
        sanitise(
          `Account ${account}, ${stores?.from ?? from}, modes from ${configuration.file}. Nothing was changed.`,
          1000,
        ),
        terminal.columns,
      ),
      ...(warning === undefined
        ? []
        : wrap(sanitise(warning, 1500), terminal.columns).map((line) => terminal.paint("yellow", line))),
    );
    return exitCode;
  } finally {
    session.close();
  }
}

/** Returns the names of the roles to show: those asked for, else those that the configuration names. */
function chooseRoles(asked: readonly string[], { settings }: RollbackSession): readonly string[] {
  if (asked.length === 0) return listWatchedRoles(settings).map(({ name }) => name);
  return asked.map((text) => {
    const { name } = parseAskedRole(text);
    const watched = findWatchedRole(settings, name);
    if (watched) return watched.name;
    throw new UsageError(
      `${sanitise(name, 80)} is not in the configuration, so that the guard never rolls it back.`,
    );
  });
}

// The reads of the table are small, and DynamoDB takes many at once.
const readsAtOnce = 10;

async function readStatuses(
  names: readonly string[],
  { stores, settings, account }: RollbackSession,
): Promise<readonly RoleStatus[]> {
  const statuses: RoleStatus[] = [];
  const now = instantOf(new Date());
  for (let begin = 0; begin < names.length; begin += readsAtOnce) {
    const read = names.slice(begin, begin + readsAtOnce).map(async (name) => {
      const control = await stores?.control.load({ account, name });
      const guarded = findWatchedRole(settings, name)?.guarded;
      return control && guarded ? [describeRole(name, guarded.rollback, control, now)] : [];
    });
    statuses.push(...(await Promise.all(read)).flat());
  }
  return statuses;
}

/** The last rollbacks that are shown: more is noise. */
const maxRollbacks = 5;

function describeRole(
  role: string,
  { excess, missing, altered }: RoleStatus["modes"],
  control: Control,
  now: Instant,
): RoleStatus {
  const { enrolment, pauses, rollbacks, attempts, approvals, exceptions, nextTry, unreadable = [] } = control;
  const inForce = <T extends { readonly expires: Instant }>(decisions: readonly T[]) =>
    decisions.filter(({ expires }) => isBefore(now, expires));
  const phase = findObserving(control, now);
  const since = control.observing?.since;
  return {
    role,
    modes: { excess, missing, altered },
    ...(phase && { observing: { ...(since !== undefined && { since }), ...phase } }),
    ...(enrolment && {
      enrolment: {
        roleId: enrolment.roleId,
        at: enrolment.at,
        ...(enrolment.cleanAt !== undefined && { cleanAt: enrolment.cleanAt }),
      },
    }),
    pauses: pauses
      .filter(({ until }) => isBefore(now, until))
      .map(({ scope, by, until, reason }) => ({ scope, by, until, reason })),
    rollbacks: rollbacks
      .toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
      .filter(({ status }, index) => index < maxRollbacks || status === "running")
      .map(describeRollback),
    attempts: attempts.flatMap(({ findingId }) => {
      const starts = listStarts(control, findingId, now);
      const next = findNextStart(control, findingId, now);
      if (starts.length === 0) return [];
      return {
        finding: findingId,
        starts,
        contested: isContested(control, findingId, now),
        ...(next !== undefined && { next }),
      };
    }),
    ...(nextTry !== undefined && isBefore(now, nextTry) && { nextTry }),
    approvals: inForce(approvals)
      .filter((approval) => !isUsedUp(approval, rollbacks))
      .map(({ findingId, by, expires }) => ({
        finding: findingId,
        by,
        until: expires,
      })),
    exceptions: inForce(exceptions).map(({ findingId, owner, reason, expires }) => ({
      finding: findingId,
      by: owner,
      reason,
      until: expires,
    })),
    unreadable,
  };
}

function describeRollback(rollback: Rollback): RoleStatus["rollbacks"][number] {
  const { id, status, startedAt, plan, steps: records } = rollback;
  return {
    id,
    status,
    startedAt,
    ...(rollback.status !== "running" && { endedAt: rollback.endedAt }),
    ...(rollback.status === "failed" && { failure: rollback.failure }),
    findings: plan.findings,
    steps: plan.steps.map(({ call, part }, index) => {
      const record = records.findLast(({ step }) => step === index);
      const outcome = record?.outcome;
      return {
        call,
        part,
        status: outcome?.status ?? (record ? "calling" : "planned"),
        ...(outcome?.status === "refused" && { code: outcome.code }),
        ...(record && { at: outcome?.at ?? record.intendedAt }),
        ...(outcome !== undefined &&
          "requestId" in outcome &&
          outcome.requestId !== undefined && { requestId: outcome.requestId }),
      };
    }),
  };
}

// A person must act where the last rollback failed, or where something else keeps setting a drift.
function codeOf(roles: readonly RoleStatus[]): ExitCode {
  if (roles.some(({ unreadable }) => unreadable.length > 0)) return 2;
  const isStuck = roles.some(
    ({ rollbacks: [last], attempts }) =>
      last?.status === "failed" || attempts.some(({ contested }) => contested),
  );
  return isStuck ? 1 : 0;
}
