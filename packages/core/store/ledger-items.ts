import * as z from "zod";
import { Finding, type FindingState } from "../model/finding.ts";
import type { Instant } from "../model/instant.ts";
import type { RoleKey } from "../model/role.ts";
import { Severity } from "../model/severity.ts";
import type { Transition } from "../model/transition.ts";
import { encodeItem, FindingItem, LedgerItem, TransitionItem } from "./items.ts";
import { findingKeys, ledgerSchema } from "./keys.ts";
import { digestFinding, type IndexedFinding, indexFindings } from "./ledger-index.ts";

/** The attributes by which an item is in the index `byListing`. */
export interface Listing {
  readonly listing: string;
  readonly listingOrder: string;
}

/** How long a transition is kept after it was made or last renewed, in days. */
export const transitionDays = 400;

/** Returns the entry of a finding in its ledger's index. */
export function indexEntryOf(finding: Finding): IndexedFinding {
  return { id: finding.id, seq: finding.seq, digest: digestFinding(z.encode(Finding, finding)) };
}

/** Returns a ledger's own item, without its keys. */
export function encodeLedger(role: RoleKey, version: number, findings: readonly IndexedFinding[]) {
  const item = encodeItem(LedgerItem, { role, version, index: indexFindings(findings) });
  return { ...item, schema: ledgerSchema };
}

/** Returns the item of a finding that the ledger's `version` writes, without its keys. */
export function encodeFinding(finding: Finding, version: number) {
  const { state, severity, updatedAt } = finding;
  return {
    ...encodeItem(FindingItem, { finding, version }),
    schema: ledgerSchema,
    listing: findingKeys.findingListing(state),
    listingOrder: `${rankOf(severity)}#${sortableTime(updatedAt)}#${finding.id}`,
  };
}

/** Returns the item of a transition, without its keys. */
export function encodeTransition(transition: Transition) {
  return {
    ...encodeItem(TransitionItem, { transition }),
    schema: ledgerSchema,
    ...listTransition(transition),
  };
}

/** Returns the attributes by which a transition is listed. */
export function listTransition({ at, id }: Transition): Listing {
  const time = sortableTime(at);
  return { listing: findingKeys.transitionListing(time.slice(0, 10)), listingOrder: `${time}#${id}` };
}

/** The bounds of `listingOrder` for the findings of one severity. */
export function boundSeverity(severity: Severity): readonly [from: string, to: string] {
  return [`${rankOf(severity)}#`, `${rankOf(severity)}$`];
}

/** The states of findings, in the order in which they are listed. */
export const listedStates: readonly FindingState[] = ["open", "suppressed", "resolved"];

function rankOf(severity: Severity): number {
  return Severity.options.length - Severity.options.indexOf(severity);
}

// Instants may have no fraction of a second, and are sorted as text here.
function sortableTime(at: Instant): string {
  return new Date(at).toISOString();
}
