import type { WatchedRole } from "@drift-guard/core/config/watched-role";
import { describeEffects, type StepEffect } from "@drift-guard/core/fixes/step-effect";
import type { Control } from "@drift-guard/core/model/control";
import type { Undecided } from "@drift-guard/core/model/evidence";
import { instantOf } from "@drift-guard/core/model/instant";
import type { LivePolicy } from "@drift-guard/core/model/managed-policy";
import type { Step } from "@drift-guard/core/model/plan";
import { type AttachedPolicy, type Role, type RoleKey, seen, unseen } from "@drift-guard/core/model/role";
import { listAuthors } from "@drift-guard/core/reconcile/attribution";
import { listCountedExceptions } from "@drift-guard/core/rollback/counted-exceptions";
import { observeRole } from "@drift-guard/guard/rollback/observation";
import { type DriftDecision, type HandPlan, planByHand } from "@drift-guard/guard/rollback/plan-by-hand";
import { readDriftedPolicies } from "@drift-guard/guard/rollback/policies";
import type { GuardStores, RollbackSession } from "./session.ts";
import { findSubject, type RollbackSubject } from "./subject.ts";

/** A role that was just read, with the plan that rolls it back. */
export interface PreparedPlan {
  readonly status: "present";
  readonly subject: RollbackSubject;
  readonly role: Role;
  readonly hand: HandPlan;
  /** One for each step of the plan, in its order. */
  readonly effects: readonly StepEffect[];
  /** The drifts that were asked for, as far as the read shows them. */
  readonly asked: readonly DriftDecision[];
  readonly undecided: readonly Undecided[];
}

/** A plan, or a role that does not exist. */
export type Preparation = PreparedPlan | { readonly status: "absent"; readonly subject: RollbackSubject };

/**
 * Reads the role that a person asked about, and plans its rollback; what is not safe too, if they insist. Throws `UsageError`, `RoleUnreadableError`,
 * `StoreUnavailableError`.
 */
export async function preparePlan(
  text: string,
  insists: boolean,
  session: RollbackSession,
): Promise<Preparation> {
  const subject = await findSubject(text, session);
  const { watched, finding } = subject;
  const { roles, stores, config } = session;
  const now = () => new Date();
  const observation = await observeRole(watched, { roles, now });
  if (observation.status === "absent") return { status: "absent", subject };
  const { role, assessments } = observation;
  const policies = await readDriftedPolicies(watched, observation, session);
  const hand = planByHand({
    watched,
    role,
    assessments,
    control: stores && (await loadControl(role, stores)),
    wanted: finding && [finding.id],
    insists,
    policies,
    config,
    now: instantOf(now()),
  });
  const effects = describeRepair(role, hand.plan.steps, watched, policies);
  return {
    status: "present",
    subject,
    role,
    hand,
    effects,
    asked: hand.drifts.filter(({ findingId }) => finding === undefined || finding.id === findingId),
    undecided: assessments.filter((one): one is Undecided => one.kind === "undecided"),
  };
}

/**
 * Returns the control record of a role, without exceptions by those who made a drift as its finding says: of a role whose
 * rollback is off, the record has no causes.
 */
async function loadControl(role: RoleKey, { control, findings }: GuardStores): Promise<Control> {
  const [loaded, ledger] = await Promise.all([control.load(role), findings.load(role)]);
  const authors = listAuthors(ledger, [], undefined);
  return { ...loaded, exceptions: listCountedExceptions(loaded, { exceptions: [] }, authors) };
}

/** Returns the effect of each step of a repair on a role. `policies` are its customer-managed policies as they were read. */
export function describeRepair(
  role: Role,
  steps: readonly Step[],
  { reference }: Pick<WatchedRole, "reference">,
  policies: ReadonlyMap<string, LivePolicy>,
): readonly StepEffect[] {
  return describeEffects({ status: "present", role }, steps, {
    reference,
    partition: role.partition,
    policies: new Map([...policies].map(([arn, live]) => [arn, showDefault(live)])),
  });
}

function showDefault({ arn, versions }: LivePolicy): AttachedPolicy {
  const current = versions.find(({ isDefault }) => isDefault);
  const unread = unseen(`The default version of ${arn} could not be read.`);
  return { arn, version: current ? seen({ id: current.id, text: current.text }) : unread };
}
