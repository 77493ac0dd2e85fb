import { isTrusted } from "../config/trusted-actor.ts";
import type { Actor } from "../model/actor.ts";
import type { Change } from "../model/change.ts";
import { deniesAdded, deniesRemoved, type Evidence } from "../model/evidence.ts";
import type { FindingBody } from "../model/finding.ts";
import { identifyFinding } from "../model/identity.ts";
import { type Instant, millisecondsBetween } from "../model/instant.ts";
import type { Ledger } from "../model/ledger.ts";
import { isSamePart, isSameTagKey, type Part } from "../model/part.ts";
import type { Observation } from "./observation.ts";
import { isCallEvidence } from "./recurrence.ts";

/**
 * Returns the actor who caused a piece of evidence, or undefined if the change does not show them. Only the author of the
 * evidence's own part counts: a change of another part made the guard look, and its actor, who may be trusted, would
 * otherwise cover someone else's drift.
 */
export function authorOf(evidence: Evidence, change: Change | undefined): Actor | undefined {
  if (evidence.kind === "attempt" || evidence.kind === "impersonation") return evidence.actor;
  if (evidence.kind === "vendor-change" || change?.outcome.status !== "succeeded") return undefined;
  const wrote = wrotePart(change, evidence.part) || editedBoundary(change, evidence);
  return wrote && couldCause(change, evidence) ? change.actor : undefined;
}

// An edit of the policy that is the boundary names no role. Of a policy that somebody set as the boundary in place of the
// required one, an edit explains nothing: the drift is that it is the boundary.
function editedBoundary({ writes }: Change, evidence: Evidence): boolean {
  return (
    evidence.kind === "drift" &&
    evidence.policyArn !== undefined &&
    writes?.kind === "managed" &&
    writes.name === evidence.policyArn
  );
}

/**
 * Returns who made what the findings of a role are about: as the ledger's unresolved findings say, and as the change of an
 * inspection shows for its evidence.
 */
export function listAuthors(
  { role, findings }: Pick<Ledger, "role" | "findings">,
  evidence: readonly Evidence[],
  change: Change | undefined,
): readonly { readonly findingId: string; readonly actor: Actor }[] {
  const known = findings.flatMap(({ id, state, causedBy }) =>
    causedBy !== undefined && state !== "resolved" ? [{ findingId: id, actor: causedBy }] : [],
  );
  const shown = evidence.flatMap((piece) => {
    const actor = authorOf(piece, change);
    return actor === undefined ? [] : [{ findingId: identifyFinding(role, piece), actor }];
  });
  return [...known, ...shown];
}

function wrotePart({ call, writes, edits = [] }: Change, part: Part): boolean {
  switch (part.kind) {
    case "session":
      // The call sets it in any case (docs/aws-facts.md, "Sessions and tags of roles").
      return call === "iam:UpdateRole" || writes?.kind === "role";
    case "description":
    case "tag":
      return edits.some((edited) => isSameSetting(edited, part)) || writes?.kind === "role";
    // The part `permissions` is the sum of all policies.
    case "permissions":
      return writes !== undefined && ["role", "managed", "inline", "boundary"].includes(writes.kind);
    default:
      return writes !== undefined && (writes.kind === "role" || isSamePart(writes, part));
  }
}

// IAM compares the keys of tags without case.
function isSameSetting(a: Part, b: Part): boolean {
  return a.kind === b.kind && isSameTagKey(a.name ?? "", b.name ?? "");
}

// Attaching a policy explains neither its absence nor a missing grant; detaching one explains no excess.
function couldCause({ call }: Change, evidence: Evidence): boolean {
  if (evidence.kind !== "drift") return true;
  switch (call) {
    case "iam:AttachRolePolicy":
      return evidence.side !== "missing" || deniesAdded(evidence).length > 0;
    case "iam:DetachRolePolicy":
    case "iam:DeleteRolePolicy":
      return evidence.side !== "excess" || deniesRemoved(evidence).length > 0;
    default:
      return true;
  }
}

// IAM is eventually consistent: a read may lack a change of the last minutes.
const staleReadMinutes = 5;

/**
 * Returns the actor who caused evidence that a finding did not have before, or undefined if the change does not show them.
 * A change that the read of the finding's last transition had seen cannot have caused it: its event is a replay.
 */
export function newAuthorOf(
  evidence: Evidence,
  before: Pick<FindingBody, "updatedAt"> | undefined,
  { change }: Pick<Observation, "change">,
): Actor | undefined {
  if (before && change && !isCallEvidence(evidence) && isOlder(change.at, before.updatedAt, staleReadMinutes))
    return undefined;
  return authorOf(evidence, change);
}

function isOlder(at: Instant, than: Instant, minutes: number): boolean {
  return millisecondsBetween(at, than) > minutes * 60_000;
}

// EventBridge may deliver events of one part in another order, but seldom later than this.
const disorderMinutes = 15;

/**
 * Returns the finding with the author of its evidence, if the change shows them. `added` says whether the evidence is more
 * than before; if so, a new author replaces one who is not trusted. An event from before the finding replaces nobody.
 */
export function attribute(finding: FindingBody, observation: Observation, added: boolean): FindingBody {
  const { causedBy } = finding;
  const { change } = observation;
  const author = added
    ? newAuthorOf(finding.evidence, finding, observation)
    : authorOf(finding.evidence, change);
  if (!author) return finding;
  const isReplay = change !== undefined && isOlder(change.at, finding.openedAt, disorderMinutes);
  const kept =
    causedBy !== undefined &&
    (isByTrustedActor(finding, observation)
      ? added || isTrustedActor(author, observation) || isReplay
      : !added);
  if (kept) return finding;
  const { origin: _, unattributed: __, ...rest } = finding;
  return { ...rest, causedBy: author, ...describeOrigin(change) };
}

/** Returns the call of a change as the origin of a finding; nothing if there is no change. */
export function describeOrigin(change: Change | undefined): Pick<FindingBody, "origin"> {
  if (change === undefined) return {};
  const { id, call, at, region } = change;
  return { origin: { changeId: id, call, at, region } };
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
