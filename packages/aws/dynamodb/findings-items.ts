import type { Finding } from "@drift-guard/core/model/finding";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Rollback } from "@drift-guard/core/model/rollback";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Sink } from "@drift-guard/core/ports";
import { TransitionItem } from "@drift-guard/core/store/items";
import { findingKeys, schema } from "@drift-guard/core/store/keys";
import * as z from "zod";
import type { Item } from "./table.ts";

/** What a transition's item holds beside it: who has not been told yet, which DynamoDB drops where it is nobody. */
export const DeliveryItem = TransitionItem.extend({ sinks: z.set(z.string()).default(new Set()) });

const keepTransitionsDays = 400;

/** The item of a ledger at a version. */
export function ledgerItem(role: RoleKey, version: number): Item {
  return { pk: findingKeys.partition(role), sk: findingKeys.ledger(), schema, role, version };
}

/** The item of a finding. */
export function findingItem(finding: Finding): Item {
  return {
    pk: findingKeys.partition(finding.role),
    sk: findingKeys.finding(finding.id),
    schema,
    finding,
  };
}

/** The item of a rollback of a role. */
export function rollbackItem(role: RoleKey, rollback: Rollback): Item {
  return { pk: findingKeys.partition(role), sk: findingKeys.rollback(rollback.id), schema, rollback };
}

/** The item of a transition that is to be told to `sinks`, and that DynamoDB forgets after 400 days. */
export function transitionItem(transition: Transition, sinks: readonly Sink[]): Item {
  const { finding, at } = transition;
  return {
    pk: findingKeys.partition(finding.role),
    sk: findingKeys.transition(finding.id, finding.seq),
    schema,
    transition,
    expires: expiryFrom(at),
    // In the index `byDue` as long as somebody is to be told.
    ...(sinks.length > 0 && { sinks: new Set(sinks), due: "1", dueAt: at }),
  };
}

/** When DynamoDB forgets a transition that was told at `at` (ISO 8601): in seconds, as its time to live wants them. */
export function expiryFrom(at: string): number {
  return Math.floor(Date.parse(at) / 1000) + keepTransitionsDays * 86_400;
}
