import { formatUse } from "../batch/role-use-text.ts";
import { writesNothing } from "../config/rollback-choice.ts";
import { isExcepted } from "../evaluate/coverage.ts";
import { compareWithPermitted, isAllowedPolicy } from "../evaluate/extras.ts";
import { allowNeeds } from "../evaluate/needs.ts";
import { type Assessment, type Drift, deniesAdded } from "../model/evidence.ts";
import { digestRole, identifyFinding } from "../model/identity.ts";
import { type Instant, isBefore } from "../model/instant.ts";
import { inlinePart, isSamePart, managedPart, type Part } from "../model/part.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import { localiseReference } from "../reference/built-in.ts";
import type { Reference } from "../reference/reference.ts";
import { applyStep } from "./apply-step.ts";
import { findMoves } from "./approved-plan.ts";
import {
  type Candidate,
  findClosedWindow,
  findHold,
  isLeft,
  listAccepted,
  listCandidates,
  staysForAccepted,
} from "./candidate.ts";
import { findContainment, findDoubt } from "./containment.ts";
import { findFormerApprover, findWaitingApproval } from "./counted-approvals.ts";
import { longestSessionOf } from "./exposure.ts";
import { findPauseOf } from "./pause.ts";
import type { PlanningContext, PlanningInput } from "./planning.ts";
import { findRepair } from "./repair.ts";
import type { Repair, RepairTarget } from "./repair-target.ts";
import type { Obstacle } from "./restoring.ts";
import { findRevocation, hasEnded, listRevocations, revokeSessions } from "./revocation.ts";
import { type Decision, describeSteps, findRestoringObstacle } from "./step-decision.ts";
import { joinSteps, keepUntilReplaced, orderSteps } from "./step-order.ts";
import { repairTrustPart } from "./trust-part.ts";

/** A drift that is not rolled back, and why. */
export interface Withheld {
  /** Id of the drift's finding. */
  readonly finding: string;
  readonly drift: Drift;
  readonly reason: string;
  /** When the reason passes by itself; left out if it needs a person. */
  readonly until?: Instant;
  /** Set if the drift's rollback is only simulated. */
  readonly simulated?: true;
}

/** The plan, and the findings that it leaves to a person. */
export interface PlanningResult {
  readonly plan: Plan;
  readonly withheld: readonly Withheld[];
  /** The steps that `automatic` would take for the sides of mode `simulate`; left out if there are none. */
  readonly simulated?: Plan;
}

/**
 * Plans the IAM calls, in order, that roll back the drifts that the owner's switches and people's decisions allow. A call
 * that restores is planned only where nobody else would get what it restores (`restoring.ts`), and a removal keeps every
 * Deny. After each step, a stranger may do no more than before it. The plan has no steps if there is nothing to do.
 */
export function planRollback(planning: PlanningInput): PlanningResult {
  const result = planApproved(planning);
  return {
    ...result,
    withheld: result.withheld.map((each) => {
      if (each.simulated) return each;
      const former = findFormerApprover(each.finding, each.drift, planning);
      if (former !== undefined) {
        const reason = `${each.reason} The approval by ${former} does not count, because the configuration does not list them among the approvers.`;
        return { ...each, reason };
      }
      const waiting = findWaitingApproval(each.finding, each.drift, planning);
      if (waiting === undefined) return each;
      const { by, from } = waiting;
      const reason = `${each.reason} The approval by ${by} counts from ${from}: until then, the report of who made the change may come, and nobody approves the rollback of their own change.`;
      return { ...each, reason, until: each.until && isBefore(each.until, from) ? each.until : from };
    }),
  };
}

function planApproved(planning: PlanningInput): PlanningResult {
  const result = planDecided(planning);
  const moves = findMoves(result.plan, planning);
  if (moves.size === 0) return result;
  // An approval of other steps counts for nothing: what the configuration allows without it is still done.
  const approvals = planning.control.approvals.filter(({ findingId }) => !moves.has(findingId));
  const rest = planDecided({ ...planning, control: { ...planning.control, approvals } });
  return {
    ...rest,
    withheld: rest.withheld.map((each) => {
      const move = each.simulated ? undefined : moves.get(each.finding);
      return move === undefined ? each : { ...each, reason: `${move} Approve it again. ${each.reason}` };
    }),
  };
}

function planDecided(planning: PlanningInput): PlanningResult {
  const candidates = listCandidates(planning);
  const isSimulated = ({ mode }: Candidate) => mode === "simulate";
  const real = planCandidates(
    candidates.map((each) => (isSimulated(each) ? { ...each, mode: "off" } : each)),
    planning,
  );
  if (!candidates.some(isSimulated)) return real;
  const simulated = planCandidates(
    candidates.map((each) => (isSimulated(each) ? { ...each, mode: "automatic" } : each)),
    planning,
  );
  const ids = new Set(candidates.filter(isSimulated).map(({ id }) => id));
  const steps = simulated.plan.steps.filter(({ findings }) => findings.some((id) => ids.has(id)));
  return {
    plan: real.plan,
    withheld: [
      ...real.withheld,
      ...simulated.withheld.flatMap((each) =>
        ids.has(each.finding) ? [{ ...each, simulated: true as const }] : [],
      ),
    ],
    ...(steps.length > 0 && { simulated: createPlan(planning.role, steps) }),
  };
}

function createPlan(role: Role, steps: readonly PlannedStep[]): Plan {
  return {
    role: role.name,
    roleId: role.id,
    expects: digestRole(role),
    findings: [...new Set(steps.flatMap(({ findings }) => findings))],
    steps,
  };
}

function planCandidates(candidates: readonly Candidate[], planning: PlanningInput): PlanningResult {
  const { role, assessments, control, now } = planning;
  const reference = localiseReference(planning.reference, role.partition);
  const revocations = listRevocations(control);
  const isAccepted = (evidence: Assessment) =>
    isExcepted({ id: identifyFinding(role, evidence), evidence }, { exceptions: control.exceptions, now });
  const live = assessments.filter((evidence) => !isAccepted(evidence));
  const context: PlanningContext = {
    planning,
    reference,
    live,
    containment: findContainment({
      role,
      reference,
      assessments: live,
      accepted: candidates.flatMap(({ suppressed, evidence }) =>
        suppressed && deniesAdded(evidence).length > 0 ? [evidence.part] : [],
      ),
      revocations,
    }),
  };
  const target = prepareTarget(candidates, context);
  const isOwn = ({ evidence: { part } }: Candidate) =>
    role.inline.some(
      (policy) => part.kind === "inline" && part.name === policy.name && findRevocation(policy, revocations),
    );
  const withheld: Withheld[] = [];
  const isPaused = findPauseOf(control.pauses ?? [], [], now) !== undefined;
  const ended = role.inline.filter((policy) => {
    const revocation = findRevocation(policy, revocations);
    // A pause holds every write.
    return revocation !== undefined && hasEnded(revocation, now) && !isPaused;
  });
  const steps: PlannedStep[] = [];
  for (const { name } of ended) {
    const own = candidates.filter(({ evidence: { part } }) => part.kind === "inline" && part.name === name);
    if (mayRemoveRevocation(planning.guarded)) steps.push(removeRevocation(role, name, own));
    else withheld.push(...own.map(({ id, evidence }) => withholdRevocation(id, evidence)));
  }
  let revoke = false;
  let current = role;
  const kept = [...target.kept];
  const rewritable = [...target.rewritable];
  const settle = (some: readonly Candidate[], decision: Decision) => {
    if (decision.kind === "steps") {
      steps.push(...decision.steps);
      revoke ||= decision.revoke === true;
      for (const step of decision.steps) {
        current = applyStep(current, step);
        if (step.call !== "iam:PutRolePolicy") continue;
        kept.push(step.document);
        if (!rewritable.includes(step.policyName)) rewritable.push(step.policyName);
      }
    }
    if (decision.kind === "withheld") {
      const { reason, until } = decision.obstacle;
      withheld.push(
        ...some.map(({ id, evidence }) => ({
          finding: id,
          drift: evidence,
          reason,
          ...(until !== undefined && { until }),
        })),
      );
    }
  };
  const onTrust = candidates.filter(({ evidence }) => evidence.part.kind === "trust");
  for (const { candidates: some, decision } of repairTrustPart(onTrust, context)) settle(some, decision);
  // Inline policies first: what they lose is room for the Denies of managed ones.
  const isInline = ({ evidence: { part } }: Candidate) => part.kind === "inline";
  const inOrder = candidates.toSorted((one, other) => Number(isInline(other)) - Number(isInline(one)));
  for (const candidate of inOrder) {
    if (candidate.evidence.part.kind === "trust" || isLeft(candidate) || isOwn(candidate)) continue;
    settle(
      [candidate],
      decideDrift(candidate, candidates, { ...target, role: current, kept, rewritable }, context),
    );
  }
  if (revoke) steps.push(planRevocation(planning));
  return {
    plan: createPlan(role, orderSteps(keepUntilReplaced(joinSteps(steps), reference, role), reference)),
    withheld,
  };
}

function prepareTarget(
  candidates: readonly Candidate[],
  { planning, reference }: PlanningContext,
): RepairTarget {
  const { role, guarded, control, uses = [], policies = new Map() } = planning;
  const excess = new Set(
    candidates.flatMap(({ evidence: { part, side } }) =>
      part.kind === "inline" && side === "excess" ? [part.name] : [],
    ),
  );
  const { allowed: _, ...required } = reference;
  const needs = allowNeeds(required, uses, new Map(), role).allowed;
  return {
    role,
    reference,
    guarded,
    compare: compareWithAccepted([], { planning, reference }),
    needed: [reference.floor, needs].flatMap((sourced) => (sourced ? [sourced.document] : [])),
    kept: role.inline.flatMap(({ name, text }) => (excess.has(name) ? [] : [text])),
    permitted: listPermitted(candidates, needs, { planning, reference }),
    rewritable: role.inline.flatMap((policy) =>
      excess.has(policy.name) ||
      isAllowedPolicy(policy.name, guarded.allowedPolicies) ||
      findRevocation(policy, listRevocations(control))
        ? []
        : [policy.name],
    ),
    policies,
  };
}

function compareWithAccepted(
  accepted: readonly string[],
  { planning: { role, guarded, uses = [] }, reference }: Pick<PlanningContext, "planning" | "reference">,
): RepairTarget["compare"] {
  return compareWithPermitted(role, allowNeeds(reference, uses, new Map(), role), guarded, accepted);
}

/** Returns the policies with all that the role may have once its excess is removed. */
function listPermitted(
  candidates: readonly Candidate[],
  needs: Reference["floor"],
  { planning: { role }, reference }: Pick<PlanningContext, "planning" | "reference">,
): readonly string[] {
  const { attachments, floor, allowed } = reference;
  const isRemoved = (part: Part) =>
    candidates.some(
      (each) =>
        each.evidence.side === "excess" &&
        !isLeft(each) &&
        !staysForAccepted(each) &&
        isSamePart(each.evidence.part, part),
    );
  return [
    ...listAccepted(candidates.filter(({ evidence }) => evidence.part.kind === "inline")),
    ...[...attachments, floor, allowed, needs].flatMap((sourced) => (sourced ? [sourced.document] : [])),
    ...role.attached.flatMap(({ arn, version }) =>
      version.observed && !isRemoved(managedPart(arn)) ? [version.value.text] : [],
    ),
    ...role.inline.flatMap(({ name, text }) => (isRemoved(inlinePart(name)) ? [] : [text])),
  ];
}

function decideDrift(
  candidate: Candidate,
  candidates: readonly Candidate[],
  target: RepairTarget,
  context: PlanningContext,
): Decision {
  const { evidence: drift, approved } = candidate;
  const withhold = (obstacle: Obstacle): Decision => ({ kind: "withheld", obstacle });
  const { repair, loss } = repairBeside(candidate, target, context);
  if (repair.kind === "none") return { kind: "nothing" };
  if (repair.kind === "refused") return withhold({ reason: repair.reason });
  const held = findHold(candidate, context.planning);
  if (held) return withhold(held);
  const doubt = approved ? undefined : findDoubt(drift.part, context.containment);
  if (doubt !== undefined) return withhold({ reason: doubt });
  // A managed policy is set back whole, by one step for all sides.
  const isWhole = repair.steps.some(({ call }) => call.endsWith("PolicyVersion"));
  const others = isWhole ? candidates.filter((other) => isSamePart(other.evidence.part, drift.part)) : [];
  if (others.some((other) => isLeft(other) || findHold(other, context.planning) !== undefined)) {
    return withhold({
      reason: "The policy is set back whole, and one side of its drift must not be rolled back now.",
    });
  }
  const before = isWhole ? context.planning.role : target.role;
  const note = [loss, repair.note].filter((text) => text !== undefined).join(" ");
  const steps = describeSteps(repair.steps, candidate, before, context, note === "" ? undefined : note);
  const obstacle = steps.some(({ restores }) => restores)
    ? findRestoringObstacle(candidate, steps, context)
    : findClosedWindow(candidate, context.planning, false);
  if (obstacle === undefined) return { kind: "steps", steps };
  return obstacle.revoke ? { kind: "steps", steps, revoke: true } : withhold(obstacle);
}

/**
 * Returns the repair of a drift that keeps what was accepted of it, else the repair of all of it where that outweighs what
 * was accepted. `loss` then says so.
 */
function repairBeside(
  { evidence, accepted }: Candidate,
  target: RepairTarget,
  context: PlanningContext,
): { readonly repair: Repair; readonly loss?: string } {
  if (accepted?.kind !== "separable") {
    return {
      repair: findRepair(evidence, target),
      ...(accepted?.kind === "outweighed" && { loss: accepted.loss }),
    };
  }
  const { policy, loss } = accepted;
  const compare = compareWithAccepted([policy], context);
  const repair = findRepair(evidence, { ...target, accepted: policy, compare });
  if (repair.kind !== "refused" || loss === undefined) return { repair };
  const whole = findRepair(evidence, target);
  return whole.kind === "refused" ? { repair: whole } : { repair: whole, loss };
}

function planRevocation({ role, uses = [], control: { enrolment }, now }: PlanningInput): PlannedStep {
  const seconds = Math.max(longestSessionOf(role), enrolment?.exposure?.sessionSeconds ?? 0);
  const { step, until } = revokeSessions(role, now, seconds);
  const named = uses.slice(0, 5).map(formatUse);
  const more = uses.length - named.length;
  const broken =
    named.length === 0
      ? "AWS Batch is not known to use the role."
      : `These use the role, and running jobs of theirs may fail: ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
  return {
    ...step,
    restores: false,
    findings: [],
    revokesUntil: until,
    note: `It ends every session of ${role.name} that was issued before now, also those of AWS services, and is removed after ${until}. ${broken}`,
  };
}

// The permissions of the rollback function follow from the configuration: only these choices allow iam:DeleteRolePolicy.
function mayRemoveRevocation({ rollback }: PlanningInput["guarded"]): boolean {
  if (rollback.sessions === "revoke") return !writesNothing(rollback);
  return rollback.excess !== "off" && rollback.excess !== "simulate";
}

function withholdRevocation(finding: string, drift: Drift): Withheld {
  return {
    finding,
    drift,
    reason: `The guard wrote the policy ${drift.part.name} to end the role's sessions. Every session that it denies has ended, and the configuration no longer allows the guard to delete it: delete it by hand, or set \`sessions\` to "revoke" again.`,
  };
}

// Every session that the policy denies has ended, so that nobody gains by its removal.
function removeRevocation(role: Role, policyName: string, own: readonly Candidate[]): PlannedStep {
  return {
    role: role.name,
    part: inlinePart(policyName),
    call: "iam:DeleteRolePolicy",
    policyName,
    restores: false,
    findings: own.map(({ id }) => id),
    note: "Every session that it denies has ended.",
  };
}
