import { nameActor } from "@drift-guard/core/config/trusted-actor";
import { type Drift, deniesAdded } from "@drift-guard/core/model/evidence";
import type { Transition } from "@drift-guard/core/model/transition";
import { formatActor } from "./actors.ts";
import type { Announcement } from "./announcement.ts";
import { formatFixAdvice } from "./fix-advice.ts";
import { sanitise } from "./printable.ts";

/** How many findings the advice is about, and whether to name their author. */
export interface AdviceScope {
  readonly isOneOf: number;
  readonly knowsAuthor: boolean;
}

/**
 * Returns what a person does about a drift that is left to them, each a sentence or more: one that is CRITICAL is undone
 * first, and only then its author is asked, whose credentials may be stolen. A digest has the advice about its worst drift.
 */
export function findContainment(
  { transition, standing }: Announcement,
  { isOneOf, knowsAuthor }: AdviceScope = { isOneOf: 1, knowsAuthor: true },
): readonly string[] {
  const { evidence, severity } = transition.finding;
  if (evidence.kind !== "drift") return [];
  const isOne = isOneOf === 1;
  const advice = isOne && evidence.fix ? formatFixAdvice(evidence.fix) : [];
  const author = knowsAuthor ? findAuthor(transition) : undefined;
  const isTrusted = standing.kind === "approval" && standing.trusted.length > 0;
  const asks = deniesAdded(evidence).length > 0 || standing.kind === "service-linked";
  const isSuspect = severity === "HIGH" && evidence.side !== "missing";
  if (isSuspect && !isTrusted && !asks) return [findOut(author, isOne), ...advice];
  if (severity !== "CRITICAL" || isTrusted || asks) return [askAuthor(author, isOne), ...advice];
  // The approvers stand before this, with the same command.
  const isSaid = isOne && (standing.kind === "approval" || evidence.fix?.kind === "manual");
  const roles = isOne ? "the role's sessions" : "the sessions of the roles that others can assume";
  return [
    ...advice,
    ...(isSaid ? [] : [isOne ? `First undo it: ${sayHow(standing, evidence)}.` : undoAll(standing)]),
    ...(letsIn(evidence)
      ? [
          `Then end ${roles}, which stay valid: in the IAM console, on the role's tab "Revoke sessions". That ends those of running jobs too.`,
        ]
      : []),
    author === undefined
      ? "Then find out who did it and whether it was meant. If it was not, their credentials may be stolen: deactivate the access keys, end the sessions, and look for what else they did."
      : `Then find out whether it was meant, and do not ask ${author} alone: the credentials may be stolen. If so, deactivate the access keys, end the sessions, and look for what else they did.`,
  ];
}

function undoAll({ kind }: Announcement["standing"]): string {
  return kind === "approval" || kind === "observing" || kind === "window" || kind === "refused"
    ? "First have their rollbacks approved: the list has the ids, and findings show the command for each."
    : "First undo them: the first command below prints the commands that do.";
}

function sayHow({ kind }: Announcement["standing"], { fix }: Drift): string {
  switch (kind) {
    case "observing":
      return "enable rollback or approve this one, with a command below";
    case "simulated":
    case "refused":
    case "window":
      return "the command below shows the steps";
    default:
      return fix?.kind === "steps" ? "use the command below" : "by hand, since no command for it is known";
  }
}

function askAuthor(author: string | undefined, isOne: boolean): string {
  const who = author ?? "the author of the change";
  return isOne
    ? `Ask ${who} whether it was meant. If it was not, undo it.`
    : `Ask ${who} whether the changes were meant. Undo those that were not.`;
}

function findOut(author: string | undefined, isOne: boolean): string {
  const warning =
    author === undefined ? "" : `, and do not ask ${author} alone: the credentials may be stolen`;
  return isOne
    ? `Find out whether it was meant${warning}. If it was not, undo it.`
    : `Find out whether the changes were meant${warning}. Undo those that were not.`;
}

function letsIn({ part, side, harmless }: Drift): boolean {
  return part.kind === "trust" && side === "excess" && !harmless;
}

/** Returns who is to be asked: of a session its role, since its name is chosen by anyone who may assume it. */
export function findAuthor({ actor, finding }: Transition): string | undefined {
  const author = actor ?? finding.causedBy;
  if (author === undefined) return undefined;
  return author.issuer === undefined ? formatActor(author) : sanitise(nameActor(author));
}
