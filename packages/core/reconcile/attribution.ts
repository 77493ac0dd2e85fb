import { isTrusted } from "../config/trusted-actor.ts";
import { authorOf } from "../intake/written-part.ts";
import type { Actor } from "../model/actor.ts";
import type { FindingBody } from "../model/finding.ts";
import type { Observation } from "./observation.ts";

/**
 * Returns the finding with the author of its evidence, if the change shows them. `added` says whether the evidence is more
 * than before; if so, a new author replaces one who is not trusted.
 */
export function attribute(finding: FindingBody, observation: Observation, added: boolean): FindingBody {
  const { causedBy } = finding;
  const author = authorOf(finding.evidence, observation.change);
  if (!author) return finding;
  const kept =
    causedBy !== undefined &&
    (isByTrustedActor(finding, observation) ? added || isTrustedActor(author, observation) : !added);
  return kept ? finding : { ...finding, causedBy: author };
}

/**
 * Whether a trusted actor is the author of a finding. They stay its author when another actor adds to it: rolling it back
 * would roll back their part too. If both wrote the same, the actor who is not trusted becomes the author; otherwise the
 * trusted author would hide them.
 */
export function isByTrustedActor(
  { causedBy }: Pick<FindingBody, "causedBy">,
  observation: Observation,
): boolean {
  return causedBy !== undefined && isTrustedActor(causedBy, observation);
}

function isTrustedActor(actor: Actor, { config }: Observation): boolean {
  return config !== undefined && isTrusted(actor, config);
}
