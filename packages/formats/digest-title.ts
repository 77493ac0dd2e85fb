import type { Drift, Evidence } from "@drift-guard/core/model/evidence";
import type { Transition } from "@drift-guard/core/model/transition";
import { namePrincipals } from "./grants.ts";
import { formatTransitionKind, isOver } from "./next-steps.ts";
import { sanitise } from "./printable.ts";

/** What findings of one kind are about; `isPlaced` if the text says on which roles. */
interface Phrase {
  readonly text: string;
  readonly isPlaced: boolean;
}

/**
 * Returns what several findings are about, in phrases: `AWS account 999988887777 can assume 12 roles`, `11 wide
 * policies`. The phrases have the order of their first findings; the first says on which role or how many roles.
 */
export function namePhrases(transitions: readonly Transition[]): readonly string[] {
  const groups = [...Map.groupBy(transitions, nameKind).values()];
  const phrases = groups.map(phraseOf);
  return phrases.map(({ text, isPlaced }, index) =>
    index > 0 || isPlaced ? text : `${text} at ${placeOf(groups[0] ?? [])}`,
  );
}

function placeOf(transitions: readonly Transition[]): string {
  const roles = new Set(transitions.map(({ finding }) => finding.role.name));
  const [only] = roles;
  return roles.size === 1 && only !== undefined ? sanitise(only, 64) : `${roles.size} roles`;
}

function nameKind(transition: Transition): string {
  const { kind, finding } = transition;
  if (isOver(transition) || isAnswer(kind)) return kind;
  return nameEvidence(finding.evidence);
}

function isAnswer(kind: Transition["kind"]): boolean {
  return kind === "suppressed" || kind === "expiring" || kind === "sessions-found";
}

function phraseOf(group: readonly Transition[]): Phrase {
  const [first] = group;
  const { length } = group;
  if (first === undefined) return { text: "", isPlaced: true };
  const { kind, finding } = first;
  if (kind === "expiring") return plain(`${count(length, "exception")} about to end`);
  if (kind === "sessions-found") return placed(`sessions of ${placeOf(group)} live on`);
  if (isOver(first) || kind === "suppressed") {
    return plain(`${count(length, "finding")} ${formatTransitionKind(kind).toLowerCase()}`);
  }
  const { evidence } = finding;
  switch (evidence.kind) {
    case "drift":
      return phraseDrift(evidence, group);
    case "undecided":
      return plain(`${count(length, "part")} not comparable`);
    case "vendor-change":
      return plain(`${count(length, "policy", "policies")} changed by AWS`);
    case "note":
      return plain(count(length, "note"));
    case "attempt":
      return placed(`calls on ${placeOf(group)} refused`);
    case "impersonation":
      return plain(`${count(length, "call")} with drift-guard's credentials`);
  }
}

function phraseDrift({ part, side, grants }: Drift, group: readonly Transition[]): Phrase {
  const { length } = group;
  if (part.kind === "role") {
    return plain(`${count(length, "role")} ${side === "missing" ? "missing" : "not as they should be"}`);
  }
  if (side === "altered") return plain(`${count(length, "part")} changed`);
  const width = side === "excess" ? "wide" : "narrow";
  if (part.kind === "trust") {
    const admitted = new Set(group.map(({ finding }) => whoIsAdmitted(finding.evidence)));
    const who = namePrincipals(grants);
    if (side === "excess" && admitted.size === 1 && who !== undefined) {
      return placed(`${who} can assume ${placeOf(group)}`);
    }
    return plain(count(length, `${width} trust policy`, `${width} trust policies`));
  }
  if (part.kind === "boundary") {
    return plain(count(length, `${width} permissions boundary`, `${width} permissions boundaries`));
  }
  if (side === "excess") return plain(count(length, "wide policy", "wide policies"));
  return plain(`${count(length, "policy", "policies")} missing or too narrow`);
}

function whoIsAdmitted(evidence: Evidence): string | undefined {
  return evidence.kind === "drift" ? namePrincipals(evidence.grants) : undefined;
}

function nameEvidence(evidence: Evidence): string {
  if (evidence.kind !== "drift") return evidence.kind;
  const { part, side } = evidence;
  const kind =
    part.kind === "managed" || part.kind === "inline" || part.kind === "permissions" ? "policy" : part.kind;
  return side === "altered" && kind !== "role" ? side : `${kind} ${side}`;
}

function plain(text: string): Phrase {
  return { text, isPlaced: false };
}

function placed(text: string): Phrase {
  return { text, isPlaced: true };
}

function count(number: number, noun: string, nouns = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : nouns}`;
}
