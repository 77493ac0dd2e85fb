import { strictnessOf } from "../evaluate/evaluate.ts";
import { trustOptions } from "../evaluate/trust.ts";
import { type Drift, deniesAdded } from "../model/evidence.ts";
import { tryReadDocument } from "../policy-json.ts";
import { giveUpAccepted, keepsAccepted, losesAccepted } from "./accepted-part.ts";
import { type Candidate, findClosedWindow, findHold, isLeft, listAccepted } from "./candidate.ts";
import { findContainmentObstacle, findDoubt } from "./containment.ts";
import { withStatements } from "./narrowing.ts";
import type { PlanningContext } from "./planning.ts";
import { findIdentityObstacle, type Obstacle } from "./restoring.ts";
import { type Decision, describeSteps } from "./step-decision.ts";
import { addStatements, repairTrust, type TrustRepair } from "./trust-repair.ts";
import { findTrustRoom } from "./trust-room.ts";

/** What becomes of some drifts of the trust policy. */
export interface TrustDecision {
  readonly candidates: readonly Candidate[];
  readonly decision: Decision;
}

/**
 * Decides about the drifts of the trust policy together, as it is written whole. Each side that may be rolled back is, and
 * the other stays as it is: excess is removed at once, whatever keeps the missing from being restored.
 */
export function repairTrustPart(
  onTrust: readonly Candidate[],
  context: PlanningContext,
): readonly TrustDecision[] {
  const wanted = onTrust.filter((candidate) => !isLeft(candidate) && candidate.evidence.side !== "altered");
  const judged = wanted.map((candidate) => ({ candidate, obstacle: findObstacle(candidate, context) }));
  const ready = judged.flatMap(({ candidate, obstacle }) => (obstacle === undefined ? [candidate] : []));
  const held = judged.flatMap(({ candidate, obstacle }) =>
    obstacle === undefined ? [] : [{ candidates: [candidate], decision: withhold(obstacle) }],
  );
  if (ready.length === 0) return held;
  return [...held, { candidates: ready, decision: decideTogether(ready, context) }];
}

function decideTogether(ready: readonly Candidate[], context: PlanningContext): Decision {
  const decision = decideKeeping(ready, context);
  if (decision.kind !== "withheld") return decision;
  const given = ready.map((candidate) => {
    const accepted = giveUpAccepted(candidate.accepted);
    return accepted === undefined ? candidate : { ...candidate, accepted };
  });
  return given.some((candidate, index) => candidate !== ready[index])
    ? decideKeeping(given, context)
    : decision;
}

/** Decides about the drifts so that what was accepted of them stays. */
function decideKeeping(ready: readonly Candidate[], context: PlanningContext): Decision {
  const { planning, reference } = context;
  const { role, guarded, organization } = planning;
  const bySide = (side: Drift["side"]) => ready.filter(({ evidence }) => evidence.side === side);
  const [excess, missing] = [bySide("excess"), bySide("missing")];
  const accepted = listAccepted(excess);
  // Only what is removed may be measured by what was accepted: none of that is added.
  if (accepted.length > 0 && missing.length > 0) return decideTogether(excess, context);
  const isFloor = strictnessOf(planning.reference, guarded).trust === "floor";
  const repair: TrustRepair | undefined = isFloor
    ? { document: addStatements(role, reference.trust, organization), dropsCondition: false }
    : repairTrust(
        role,
        addAccepted(reference.trust, accepted),
        {
          remove: excess.length > 0,
          add: missing.length > 0,
          dropDenies: missing.some(({ approved }) => approved),
        },
        organization,
      );
  if (!repair && accepted.length > 0) return withhold({ reason: losesAccepted });
  if (!repair) {
    return withhold({
      reason:
        "The trust policy can only be replaced whole, and one side of its drift must not be rolled back.",
    });
  }
  const [first] = ready;
  if (!first) return { kind: "nothing" };
  const document = findTrustRoom(role, repair.document);
  if (document === undefined) {
    // What is restored is not worth the excess.
    if (excess.length > 0 && missing.length > 0) return decideTogether(excess, context);
    return withhold({
      reason: `The repaired trust policy is longer than IAM takes (2,048 characters, or 4,096 by a higher quota), because it keeps Denies that block what the reference allows. Shorten its Denies, or ask AWS for the higher quota.`,
    });
  }
  const keeps = (one: string) =>
    keepsAccepted({ before: role.trust, after: document, accepted: one }, trustOptions(role, organization));
  if (!accepted.every(keeps)) return withhold({ reason: losesAccepted });
  const isApproved = ready.some(({ approved }) => approved);
  if (repair.dropsCondition && !isApproved) {
    return withhold({
      reason:
        "Replacing the trust policy would remove a condition on the organisation, which may keep others from using the role. Set organization in the configuration, or approve the rollback.",
    });
  }
  const [step] = describeSteps(
    [
      {
        role: role.name,
        part: first.evidence.part,
        call: "iam:UpdateAssumeRolePolicy",
        document,
      },
    ],
    first,
    role,
    context,
    explainRepair(ready, document !== repair.document),
  );
  if (!step) return { kind: "nothing" };
  // Removing excess can also grant: a document that is replaced whole may drop a hardening.
  if (step.restores && missing.length === 0 && !isApproved) {
    return withhold({
      reason: "Rolling it back would also restore permissions, and nothing allows restoring them.",
    });
  }
  return { kind: "steps", steps: [{ ...step, findings: ready.map(({ id }) => id) }] };
}

function explainRepair(ready: readonly Candidate[], isShortened: boolean): string | undefined {
  const notes = [
    ...ready.flatMap(({ accepted }) => (accepted?.kind === "outweighed" ? [accepted.loss] : [])),
    ...(isShortened
      ? [
          "The repaired trust policy is longer than IAM takes. Denies that take nothing from what it allows are left out: its text before shows them.",
        ]
      : []),
  ];
  return notes.length > 0 ? notes.join(" ") : undefined;
}

/** Returns a trust policy with the statements of others; as it is if one of them cannot be read. */
function addAccepted(trust: string, accepted: readonly string[]): string {
  const documents = [trust, ...accepted].map(tryReadDocument);
  const [reference] = documents;
  if (accepted.length === 0 || !reference || documents.includes(undefined)) return trust;
  return withStatements(
    reference,
    documents.flatMap((document) => document?.Statement ?? []),
  );
}

function withhold(obstacle: Obstacle): Decision {
  return { kind: "withheld", obstacle };
}

/**
 * Returns what keeps one side from being rolled back. A trust policy that is restored lets in the reference's principals
 * alone, so that a stranger's running session gets nothing by it; the role must be the known one, and not contained.
 */
function findObstacle(candidate: Candidate, context: PlanningContext): Obstacle | undefined {
  const { planning, containment } = context;
  const { evidence, approved } = candidate;
  const held = findHold(candidate, planning);
  if (held) return held;
  if (approved) return undefined;
  const doubt = findDoubt(evidence.part, containment);
  if (doubt !== undefined) return { reason: doubt };
  if (evidence.side === "excess") return findClosedWindow(candidate, planning, false);
  const identity = findIdentityObstacle(planning.role, planning.control.enrolment, planning.maker);
  if (identity) return identity;
  const contained = findContainmentObstacle(containment);
  if (contained !== undefined) {
    const own = deniesAdded(evidence).length > 0 && evidence.grants.length === 0;
    return { reason: own ? `${contained} The guard removes no Deny by itself.` : contained };
  }
  return findClosedWindow(candidate, planning, true);
}
