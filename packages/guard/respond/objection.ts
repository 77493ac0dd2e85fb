import { listConfigured } from "@drift-guard/core/config/accepted-drift";
import { functionEnvironments } from "@drift-guard/core/config/environment";
import { writesNothing } from "@drift-guard/core/config/rollback-choice";
import { findWatchedRole, listWatchedRoles } from "@drift-guard/core/config/watched-role";
import { type Control, hasManyCauses } from "@drift-guard/core/model/control";
import { type Instant, isBefore, millisecondsBetween } from "@drift-guard/core/model/instant";
import { jsonBytes } from "@drift-guard/core/model/json-size";
import { findObserving } from "@drift-guard/core/model/observing";
import { sameRoleName } from "@drift-guard/core/model/role";
import type { Answer, AnswerOf } from "@drift-guard/core/respond/answer";
import type { Person } from "@drift-guard/core/respond/person";
import { mayApprove } from "@drift-guard/core/rollback/approvers";
import { isSamePrincipal } from "@drift-guard/core/rollback/pause";
import type { GuardSettings } from "../ports.ts";

/** An answer, who gives it, and what it is judged by. */
export interface AnswerRequest {
  readonly answer: Answer;
  readonly person: Person;
  readonly control: Control;
  readonly settings: GuardSettings;
  readonly now: Instant;
}

/**
 * Returns why an answer is refused, as sentences; undefined if it counts. Nobody may approve, accept or close what they
 * themselves did, and none of the guard's functions may answer.
 */
export function findObjection(request: AnswerRequest): string | undefined {
  const { answer } = request;
  const own = findOwnFunction(request);
  if (own !== undefined) return `${own} is a role of the guard itself, which answers nothing.`;
  switch (answer.verb) {
    case "approve":
      return (
        checkEnd(answer.expires, days.approve, "An approval", request) ??
        checkRoom(answer, request) ??
        checkApproval(answer, request) ??
        findActorObjection([answer.finding], undefined, request)
      );
    case "suppress":
      return (
        checkEnd(answer.expires, days.accept, "An exception", request) ??
        checkRoom(answer, request) ??
        findActorObjection([answer.finding], undefined, request)
      );
    case "undo":
      return (
        checkEnd(answer.expires, days.accept, "An exception", request) ??
        checkUndo(answer, request) ??
        checkRoom(answer, request) ??
        findActorObjection(
          answer.accepts.map(({ finding }) => finding),
          answer.rollback,
          request,
        )
      );
    case "close":
      return checkRoom(answer, request) ?? findActorObjection([answer.finding], undefined, request);
    case "reopen":
      return checkSuppressed(answer, request);
    case "evaluate":
      return undefined;
    case "pause":
      return (
        checkEnd(answer.until, days.pause, "A pause", request) ??
        checkScope(answer, request) ??
        checkLonger(answer, request)
      );
    case "resume":
      return checkScope(answer, request) ?? checkPaused(answer, request);
    case "enable":
      return checkObserving(request);
    case "reset":
      return checkScope(answer, request) ?? checkAttempted(answer, request);
  }
}

/** The longest time of each decision, in days. */
const days = { approve: 7, accept: 366, pause: 30 } as const;

// A person's clock may differ from the function's.
const slackMs = 300_000;

function checkEnd(
  end: Instant,
  most: number,
  what: string,
  { now }: Pick<AnswerRequest, "now">,
): string | undefined {
  const left = millisecondsBetween(now, end);
  if (left <= 0) return `${what} must end in the future, and ${end} has passed.`;
  if (left <= most * 86_400_000 + slackMs) return undefined;
  return `${what} lasts at most ${most} days, and this one would end at ${end}.`;
}

function checkApproval(
  { role, plan }: AnswerOf<"approve">,
  { person, settings }: AnswerRequest,
): string | undefined {
  const watched = findWatchedRole(settings, role);
  if (!watched || watched.pattern !== undefined) {
    return `The configuration does not name ${role}, so that the guard never writes it. There is nothing to approve.`;
  }
  const { rollback } = watched.guarded;
  if (writesNothing(rollback)) {
    return `The configuration rolls ${role} back in no case: set a mode of its rollback to approve first.`;
  }
  const other = plan.steps.find((step) => !sameRoleName(step.role, role));
  if (other) return `The plan has a step on another role, ${other.role}.`;
  if (mayApprove(person, rollback.approvers)) return undefined;
  return `${person.principal} is not among the approvers that the configuration lists for ${role}.`;
}

function checkUndo({ rollback, accepts }: AnswerOf<"undo">, { control }: AnswerRequest): string | undefined {
  const found = control.rollbacks.find(({ id }) => id === rollback);
  if (!found) return `There is no rollback ${rollback} of this role, or it is too long ago.`;
  if (found.status === "running")
    return `The rollback ${rollback} is still running. Pause the role, or wait until it ends.`;
  const other = accepts.find(({ finding }) => !found.plan.findings.includes(finding));
  return other && `The rollback ${rollback} did not repair the finding ${other.finding}.`;
}

function checkScope(
  { role }: { readonly role?: string },
  { settings }: Pick<AnswerRequest, "settings">,
): string | undefined {
  if (role === undefined) return undefined;
  const watched = findWatchedRole(settings, role);
  return watched && watched.pattern === undefined
    ? undefined
    : `The configuration does not name ${role}, so that the guard never rolls it back.`;
}

function checkPaused({ role }: AnswerOf<"resume">, { control, now }: AnswerRequest): string | undefined {
  const scope = role === undefined ? "account" : "role";
  const holds = control.pauses.some(
    (pause) => pause.scope === scope && millisecondsBetween(now, pause.until) > 0,
  );
  if (holds) return undefined;
  return role === undefined ? "No pause of the account holds." : `No pause of ${role} itself holds.`;
}

function checkObserving({ control, settings, now }: AnswerRequest): string | undefined {
  if (control.unreadable !== undefined) {
    return `What is stored about the account cannot be read: ${control.unreadable.join(" ").replaceAll(/\s+/g, " ")}`;
  }
  if (listWatchedRoles(settings).every(({ guarded }) => writesNothing(guarded.rollback))) {
    return "The configuration has no role rolled back: set a mode of its rollback first, and deploy.";
  }
  if (findObserving(control, now)) return undefined;
  const { ended } = control.observing ?? {};
  const since =
    ended === undefined ? "" : ` since ${ended.at}${ended.by === undefined ? "" : ` (${ended.by})`}`;
  return `Rollback is enabled already${since}.`;
}

function checkSuppressed({ finding }: AnswerOf<"reopen">, request: AnswerRequest): string | undefined {
  const { control, settings, now } = request;
  const configured = listConfigured(control.role, settings.config.exceptions).find(
    ({ findingId, expires }) => findingId === finding && isBefore(now, expires),
  );
  if (configured) {
    return `The configuration accepts the finding until ${configured.expires} (${configured.owner}): remove it under exceptions there, and deploy.`;
  }
  const holds = control.exceptions.some(
    ({ findingId, expires }) => findingId === finding && isBefore(now, expires),
  );
  return holds ? undefined : `No exception of the finding ${finding} is in force.`;
}

// One pause is stored for a scope, so that a shorter one would end another person's.
function checkLonger(
  { role, until }: AnswerOf<"pause">,
  { control, now }: AnswerRequest,
): string | undefined {
  const scope = role === undefined ? "account" : "role";
  const longer = control.pauses.find(
    (pause) => pause.scope === scope && isBefore(now, pause.until) && isBefore(until, pause.until),
  );
  return (
    longer &&
    `A pause until ${longer.until} holds already, by ${longer.by} (${longer.reason}). Resume first if it is to end earlier.`
  );
}

function checkAttempted({ findings }: AnswerOf<"reset">, { control }: AnswerRequest): string | undefined {
  const other = findings.find((id) => !control.attempts.some(({ findingId }) => findingId === id));
  return (
    other && `The finding ${other} was not rolled back in the last week: there is nothing to count anew.`
  );
}

// All decisions about a role are read with it. Each person has limits of their own, so that nobody can use up another's.
const room = { approvals: 100, planBytes: 1_000_000, exceptions: 500, closures: 500 };

function checkRoom(
  answer: AnswerOf<"approve" | "suppress" | "undo" | "close">,
  { control, person, now }: AnswerRequest,
): string | undefined {
  const theirs = (by: string) => isSamePrincipal({ type: "", arn: person.arn, issuer: person.principal }, by);
  const refuseFrom = (most: string) =>
    `${person.principal} has ${most} of ${answer.role} in force already: answer again when some have ended.`;
  if (answer.verb === "close") {
    const count = control.closures.filter(({ by }) => theirs(by)).length;
    return count < room.closures ? undefined : refuseFrom(`${count} closed findings`);
  }
  if (answer.verb === "approve") {
    const others = control.approvals.filter(
      ({ by, expires, findingId }) => isBefore(now, expires) && theirs(by) && findingId !== answer.finding,
    );
    const isTooMuch = others.length >= room.approvals || jsonBytes([...others, answer.plan]) > room.planBytes;
    return isTooMuch ? refuseFrom(`${others.length} approvals`) : undefined;
  }
  const findings = answer.verb === "undo" ? answer.accepts.map(({ finding }) => finding) : [answer.finding];
  const others = control.exceptions.filter(
    ({ owner, expires, findingId }) =>
      isBefore(now, expires) && theirs(owner) && !findings.includes(findingId),
  );
  return others.length + findings.length <= room.exceptions
    ? undefined
    : refuseFrom(`${others.length} exceptions`);
}

function findActorObjection(
  findings: readonly string[],
  rollback: string | undefined,
  { person, control }: AnswerRequest,
): string | undefined {
  if (control.unreadable !== undefined && control.unreadable.length > 0) {
    return `A stored item about the role cannot be read, so that it is not known who made the change: ${control.unreadable.join(" ").replaceAll(/\s+/g, " ")}`;
  }
  const own = control.causes.find(({ actor }) => isSamePrincipal(actor, person.arn));
  if (own !== undefined && hasManyCauses(control)) {
    return `${person.principal} is among those who changed the role, in so many changes that not all are kept: another person must answer.`;
  }
  const made = control.causes.find(
    ({ findingId, actor, undoneBy }) =>
      findings.includes(findingId) &&
      (undoneBy === undefined || undoneBy === rollback) &&
      isSamePrincipal(actor, person.arn),
  );
  if (!made) return undefined;
  return `${person.principal} made the change behind the finding (${made.call}, ${made.at}): another person must answer.`;
}

function findOwnFunction({ answer, person }: AnswerRequest): string | undefined {
  const [, prefix] = /:function:(.+-)respond$/.exec(answer.deployment) ?? [];
  const [, name] = /:role\/(?:.*\/)?([^/]+)$/.exec(person.principal) ?? [];
  if (prefix === undefined || name === undefined) return undefined;
  const own = functionNames.some((each) => `${prefix}${each}`.toLowerCase() === name.toLowerCase());
  return own ? person.principal : undefined;
}

const functionNames = Object.keys(functionEnvironments);
