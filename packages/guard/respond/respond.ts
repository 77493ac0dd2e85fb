import { writesNothing } from "@drift-guard/core/config/rollback-choice";
import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import { formatCause, StoreUnavailableError } from "@drift-guard/core/errors";
import type { Control, Decision } from "@drift-guard/core/model/control";
import type { Exception } from "@drift-guard/core/model/exception";
import { type Instant, instantOf, isBefore } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Answer } from "@drift-guard/core/respond/answer";
import type { Person } from "@drift-guard/core/respond/person";
import type { GuardSettings, RespondPorts } from "../ports.ts";
import { findObjection } from "./objection.ts";
import { listUndone } from "./undone.ts";

/** What became of an answer. */
export type AnswerOutcome =
  | {
      readonly status: "recorded";
      readonly at: Instant;
      /** ARN of the person who gave it. */
      readonly by: string;
      /** What did not work after the answer was recorded, as sentences; the answer counts all the same. */
      readonly warnings: readonly string[];
    }
  | { readonly status: "refused"; readonly reason: string };

/**
 * Records a person's answer in the control table, and has the guard act on it: the role is read again, or its rollback is
 * tried. `person` must be proven. It writes no role. Throws `StoreUnavailableError`; nothing was recorded then, or a part
 * of an answer about several findings, and the answer can be given again.
 */
export async function respond(
  answer: Answer,
  person: Person,
  ports: RespondPorts,
  settings: GuardSettings,
): Promise<AnswerOutcome> {
  const now = instantOf(ports.now());
  const key = keyOf(answer, settings);
  const control = await ports.control.load(key);
  const reason = findObjection({ answer, person, control, settings, now });
  if (reason !== undefined) return { status: "refused", reason };
  if (answer.verb === "enable") await endObserving(key, person, now, ports);
  for (const decision of listDecisions(answer, person, control, now))
    await ports.control.decide(key, decision);
  const warnings: string[] = [];
  const attempt = async (what: string, work: Promise<void>) => {
    await work.catch((error: unknown) => warnings.push(`${what} ${formatCause(error)}`));
  };
  // A read changes nothing that people must know of.
  if (answer.verb !== "evaluate") {
    const undone = listUndone(answer, control, settings);
    await attempt(
      "People were not told of it.",
      ports.tell({ answer, person, at: now, account: settings.account, undone }),
    );
  }
  await attempt("The guard acts on it at the next sweep.", followUp(answer, key, now, ports, settings));
  return { status: "recorded", at: now, by: person.arn, warnings };
}

// A decision about the account is stored in its own partition; which role it is loaded with does not matter.
function keyOf(answer: Answer, { account }: GuardSettings): RoleKey {
  return { account, name: ("role" in answer ? answer.role : undefined) ?? "*" };
}

/** Returns what is stored of an answer. */
function listDecisions(
  answer: Answer,
  person: Person,
  { exceptions }: Pick<Control, "exceptions">,
  now: Instant,
): readonly Decision[] {
  const { arn, userId } = person;
  const by = { by: arn, ...(userId !== undefined && { userId }), at: now };
  const except = (
    { finding: findingId, evidence: digest }: { readonly finding: string; readonly evidence: string },
    { reason, expires }: { readonly reason: string; readonly expires: Instant },
    more: Pick<Exception, "undoes" | "grants" | "denies" | "detail"> = {},
  ): Decision => ({
    kind: "exception",
    exception: {
      findingId,
      digest,
      owner: arn,
      ...(userId !== undefined && { userId }),
      reason,
      at: now,
      ...more,
      expires,
    },
  });
  const pause = (role: string | undefined, until: Instant, reason: string): Decision => ({
    kind: "pause",
    pause: { ...by, scope: role === undefined ? "account" : "role", until, reason },
  });
  switch (answer.verb) {
    case "approve": {
      const { finding, evidence, plan, expires } = answer;
      const approval = {
        ...by,
        principal: person.principal,
        findingId: finding,
        digest: evidence,
        plan,
        expires,
      };
      return [{ kind: "approval", approval }];
    }
    case "undo":
      return answer.accepts.map((accepted) => except(accepted, answer, { undoes: answer.rollback }));
    case "suppress":
      return [except(answer, answer, answer.covers)];
    case "reopen":
      return exceptions
        .filter(({ findingId, expires }) => findingId === answer.finding && isBefore(now, expires))
        .map((exception): Decision => ({ kind: "exception", exception: { ...exception, expires: now } }));
    case "evaluate":
    case "enable":
      return [];
    case "pause":
      return [pause(answer.role, answer.until, answer.reason)];
    case "resume":
      return [pause(answer.role, now, answer.reason ?? "resumed")];
    case "reset":
      return answer.findings.map((findingId): Decision => ({ kind: "reset", reset: { ...by, findingId } }));
    case "close": {
      const { finding, evidence, reason } = answer;
      return [{ kind: "closure", closure: { ...by, findingId: finding, digest: evidence, reason } }];
    }
  }
}

// Rollback may write the item at the same time.
const maxAttempts = 10;

async function endObserving(
  key: RoleKey,
  { arn, userId }: Person,
  now: Instant,
  { control }: Pick<RespondPorts, "control">,
): Promise<void> {
  const ended = { at: now, by: arn, ...(userId !== undefined && { userId }) };
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const { observing = { version: 0, since: now } } = await control.load(key);
    if (observing.ended || (await control.saveObserving(key.account, { ...observing, ended }))) return;
  }
  throw new StoreUnavailableError(
    `The observing phase changed during all ${maxAttempts} attempts to end it. Give the answer again.`,
  );
}

/** Returns the names of the roles that rollback may write. */
function listWritten(settings: GuardSettings): readonly string[] {
  return listWatchedRoles(settings).flatMap(({ name, guarded }) =>
    writesNothing(guarded.rollback) ? [] : [name],
  );
}

/** Has the guard look at the roles that an answer concerns. */
async function followUp(
  answer: Answer,
  key: RoleKey,
  now: Instant,
  { rechecks, requests }: RespondPorts,
  settings: GuardSettings,
): Promise<void> {
  const retry = async (role: string, findings: readonly string[]) =>
    requests?.send({ retry: { role, due: now, findings: [...findings] } }, 0);
  switch (answer.verb) {
    case "approve":
      return retry(answer.role, [answer.finding]);
    case "reset":
      return retry(answer.role, answer.findings);
    case "resume": {
      const roles = answer.role === undefined ? listWritten(settings) : [answer.role];
      for (const role of roles) await retry(role, []);
      return;
    }
    case "enable":
      await requests?.send({ observing: {} }, 0);
      for (const role of listWritten(settings)) await retry(role, []);
      return;
    case "undo":
    case "suppress":
    case "reopen":
    case "evaluate":
    case "close":
      return rechecks.schedule({ role: key.name, decided: true }, 0);
    case "pause":
      return;
  }
}
