import type { Config } from "@drift-guard/core/config/config";
import type { Control } from "@drift-guard/core/model/control";
import type { Assessment } from "@drift-guard/core/model/evidence";
import type { Instant } from "@drift-guard/core/model/instant";
import type { LivePolicy } from "@drift-guard/core/model/managed-policy";
import { findObserving } from "@drift-guard/core/model/observing";
import type { Role } from "@drift-guard/core/model/role";
import { listCountedExceptions } from "@drift-guard/core/rollback/counted-exceptions";
import type { PlanningInput } from "@drift-guard/core/rollback/planning";
import type { WatchedRoleWithUses } from "../inspect/discovery.ts";

/** A role as it was just read and assessed (`observeRole`), and what is known about its rollback. */
export interface PlanningSources {
  readonly watched: WatchedRoleWithUses;
  readonly role: Role;
  readonly assessments: readonly Assessment[];
  /** The customer-managed policies that a repair brings into force, as they were just read (`readDriftedPolicies`). */
  readonly policies: ReadonlyMap<string, LivePolicy>;
  readonly control: Control;
  readonly config: Config;
  readonly now: Instant;
}

/**
 * Returns what every plan of a role's rollback is made from: by the guard, by hand, and for an approval. The approved steps
 * are those of the guard's plan only if both are made from the same. What the guard waits for, it adds itself.
 */
export function createPlanning(sources: PlanningSources): PlanningInput {
  const { watched, role, assessments, policies, control, config, now } = sources;
  const maker = control.causes.findLast(({ call }) => call === "iam:CreateRole")?.actor;
  const causes = control.causes.filter(({ undoneBy }) => undoneBy === undefined);
  return {
    ...watched,
    role,
    assessments,
    policies,
    control: { ...control, causes, exceptions: listCountedExceptions(control, config) },
    config,
    observing: findObserving(control, now) !== undefined,
    now,
    ...(maker && { maker }),
  };
}
