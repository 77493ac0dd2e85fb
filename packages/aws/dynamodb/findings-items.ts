import type { Finding } from "@drift-guard/core/model/finding";
import type { Instant } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Sink } from "@drift-guard/core/ports";
import { TransitionItem } from "@drift-guard/core/store/items";
import { findingKeys, ledgerSchema, oldLedgerSchema } from "@drift-guard/core/store/keys";
import type { IndexedFinding } from "@drift-guard/core/store/ledger-index";
import {
  encodeFinding,
  encodeLedger,
  encodeTransition,
  transitionDays,
} from "@drift-guard/core/store/ledger-items";
import * as z from "zod";
import type { Item } from "./table.ts";

/** A transition's item with the sinks that have not delivered it yet. DynamoDB removes the set when it becomes empty. */
export const DeliveryItem = TransitionItem.extend({ sinks: z.set(z.string()).default(new Set()) });

/** The schemas of findings and transitions that this version reads. */
export const readableSchemas: readonly number[] = [oldLedgerSchema, ledgerSchema];

/** The key of a stored item. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** Returns the item of a ledger at a version, with the index of its findings. */
export function ledgerItem(role: RoleKey, version: number, findings: readonly IndexedFinding[]): Item {
  return {
    pk: findingKeys.partition(role),
    sk: findingKeys.ledger(),
    ...encodeLedger(role, version, findings),
  };
}

/** Returns the item of a finding that a ledger's version writes. */
export function findingItem(role: RoleKey, finding: Finding, version: number): Item & ItemKey {
  return {
    pk: findingKeys.partition(role),
    sk: findingKeys.finding(finding.id),
    ...encodeFinding(finding, version),
  };
}

/** Returns the item of a transition that `sinks` must deliver. DynamoDB deletes it after 400 days. */
export function transitionItem(transition: Transition, sinks: readonly Sink[]): Item & ItemKey {
  const { finding, at } = transition;
  return {
    pk: findingKeys.partition(finding.role),
    sk: findingKeys.transition(finding.id, finding.seq),
    ...encodeTransition(transition),
    expires: expiryFrom(at),
    // The index `byDue` holds the item while a sink must still deliver it.
    ...(sinks.length > 0 && { sinks: new Set(sinks), due: "1", dueAt: at }),
  };
}

/** Returns when DynamoDB deletes a transition of `at`: Unix time in seconds, the format of its time to live. */
export function expiryFrom(at: Instant): number {
  return Math.floor(Date.parse(at) / 1000) + transitionDays * 86_400;
}
