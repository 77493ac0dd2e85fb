import type { Transition } from "@drift-guard/core/model/transition";
import { describeEvidence, type EvidenceDescription } from "./evidence.ts";
import { nameSessions } from "./sessions.ts";

/** Describes what a transition is about: the finding's evidence, or the sessions that an open trust policy let in. */
export function describeTransition({
  kind,
  finding,
}: Pick<Transition, "kind" | "finding">): EvidenceDescription {
  const { evidence, role, reference } = finding;
  const described = describeEvidence(evidence, role.name, reference);
  const sessions = kind === "sessions-found" ? nameSessions(finding) : undefined;
  if (sessions === undefined) return described;
  return { ...described, ...sessions, sentences: [`${described.title}.`, ...described.sentences] };
}
