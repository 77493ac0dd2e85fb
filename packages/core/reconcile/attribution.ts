import { isTrusted } from "../config/trusted-actor.ts";
import { authorOf } from "../intake/written-part.ts";
import type { Actor } from "../model/actor.ts";
import type { Finding } from "../model/finding.ts";
import type { Observation } from "./observation.ts";

/** Names who caused the evidence, where the change shows it; `added` says whether there is more of it than before. */
export function attribute(finding: Finding, observation: Observation, added: boolean): Finding {
  const { causedBy } = finding;
  const author = authorOf(finding.evidence, observation.change);
  if (!author) return finding;
  const kept =
    causedBy !== undefined &&
    (isByTrustedActor(finding, observation) ? added || isTrustedActor(author, observation) : !added);
  return kept ? finding : { ...finding, causedBy: author };
}

/**
 * Whether a finding is known to be a trusted actor's. Whoever adds to what he did does not take it from him: undoing it
 * would undo his part as well. But of two who wrote the very same, the one who is not trusted is named, or a trusted name
 * would cover his doing.
 */
export function isByTrustedActor({ causedBy }: Finding, observation: Observation): boolean {
  return causedBy !== undefined && isTrustedActor(causedBy, observation);
}

function isTrustedActor(actor: Actor, { config }: Observation): boolean {
  return config !== undefined && isTrusted(actor, config);
}
