import { functionEnvironments } from "@drift-guard/core/config/environment";
import { writesNothing } from "@drift-guard/core/config/rollback-choice";
import { findWatchedRole } from "@drift-guard/core/config/watched-role";
import type { Control } from "@drift-guard/core/model/control";
import { type Instant, millisecondsBetween } from "@drift-guard/core/model/instant";
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
        checkApproval(answer, request) ??
        findActorObjection([answer.finding], undefined, request)
      );
    case "suppress":
      return (
        checkEnd(answer.expires, days.accept, "An exception", request) ??
        findActorObjection([answer.finding], undefined, request)
      );
    case "undo":
      return (
        checkEnd(answer.expires, days.accept, "An exception", request) ??
        checkUndo(answer, request) ??
        findActorObjection(
          answer.accepts.map(({ finding }) => finding),
          answer.rollback,
          request,
        )
      );
    case "close":
      return findActorObjection([answer.finding], undefined, request);
    case "pause":
      return checkEnd(answer.until, days.pause, "A pause", request) ?? checkScope(answer, request);
    case "resume":
      return checkScope(answer, request) ?? checkPaused(answer, request);
    case "reset":
      return checkScope(answer, request);
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

function findActorObjection(
  findings: readonly string[],
  rollback: string | undefined,
  { person, control }: AnswerRequest,
): string | undefined {
  if (control.unreadable !== undefined && control.unreadable.length > 0) {
    return `A stored item about the role cannot be read, so that it is not known who made the change: ${control.unreadable.join(" ").replaceAll(/\s+/g, " ")}`;
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
