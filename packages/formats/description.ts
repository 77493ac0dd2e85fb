import type { Transition } from "@drift-guard/core/model/transition";
import { describeEvidence, type EvidenceDescription } from "./evidence.ts";
import { isOver } from "./next-steps.ts";
import { nameSessions } from "./sessions.ts";

/** Describes what a transition is about: the finding's evidence, or the sessions that an open trust policy let in. */
export function describeTransition({
  kind,
  finding,
}: Pick<Transition, "kind" | "finding">): EvidenceDescription {
  const { evidence, role, reference } = finding;
  const described = leaveOutPages(describeEvidence(evidence, role.name, reference, isOver({ kind })));
  const sessions = kind === "sessions-found" ? nameSessions(finding) : undefined;
  if (sessions === undefined) return described;
  return { ...described, ...sessions, sentences: [`${described.title}.`, ...described.sentences] };
}

// The page of a path of privilege escalation stands in no message: no text of a finding is a link there. The CLI shows it.
function leaveOutPages(described: EvidenceDescription): EvidenceDescription {
  const page = / \(https:\/\/pathfinding\.cloud\/paths\/[\w-]+\)/g;
  return { ...described, sentences: described.sentences.map((sentence) => sentence.replaceAll(page, "")) };
}
