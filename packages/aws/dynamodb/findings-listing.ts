import type { Finding } from "@drift-guard/core/model/finding";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import { type FindingFilter, matchesFilter, sortFindings } from "@drift-guard/core/store/finding-filter";
import { FindingItem, TransitionItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import { boundSeverity, listedStates } from "@drift-guard/core/store/ledger-items";
import { isFindingOf } from "@drift-guard/core/store/stored-ledger";
import type * as z from "zod";
import { readableSchemas } from "./findings-items.ts";
import { loadLedger } from "./findings-load.ts";
import { type Item, queryItems, sortKeyOf, type Table } from "./table.ts";

/** Yields the findings that a filter asks for, as `FindingStore.listFindings` does (`dynamodb:Query` on `byListing`). */
export async function* listFindings(table: Table, filter: FindingFilter): AsyncIterable<Finding> {
  const { role, severity } = filter;
  if (role) {
    const { findings } = await loadLedger(table, role);
    yield* sortFindings(findings.filter((finding) => matchesFilter(finding, filter)));
    return;
  }
  const bounds = severity && boundSeverity(severity);
  for (const state of filter.state ? [filter.state] : listedStates) {
    const items = queryItems(table, {
      IndexName: "byListing",
      KeyConditionExpression: `listing = :listing${bounds ? " AND listingOrder BETWEEN :from AND :to" : ""}`,
      ExpressionAttributeValues: {
        ":listing": findingKeys.findingListing(state),
        ...(bounds && { ":from": bounds[0], ":to": bounds[1] }),
      },
      ScanIndexForward: false,
    });
    for await (const item of items) {
      const finding = readIfReadable(item, FindingItem)?.finding;
      if (finding && isAtItsKey(item, finding) && matchesFilter(finding, { ...filter, state })) yield finding;
    }
  }
}

/** Yields the transitions of a day, the oldest first (`dynamodb:Query` on `byListing`). Throws `StoreUnavailableError`. */
export async function* listTransitions(table: Table, day: string): AsyncIterable<Transition> {
  const items = queryItems(table, {
    IndexName: "byListing",
    KeyConditionExpression: "listing = :listing",
    ExpressionAttributeValues: { ":listing": findingKeys.transitionListing(day) },
  });
  for await (const item of items) {
    const stored = readIfReadable(item, TransitionItem);
    if (stored) yield stored.transition;
  }
}

/** Returns the transitions of one finding, the oldest first; those that cannot be read are left out. */
export async function readHistory(
  table: Table,
  role: RoleKey,
  findingId: string,
): Promise<readonly Transition[]> {
  const history: Transition[] = [];
  const items = queryItems(table, {
    KeyConditionExpression: "pk = :pk AND begins_with(sk, :transition)",
    ExpressionAttributeValues: {
      ":pk": findingKeys.partition(role),
      ":transition": findingKeys.transitions(findingId),
    },
    ConsistentRead: true,
  });
  for await (const item of items) {
    const stored = readIfReadable(item, TransitionItem);
    if (stored) history.push(stored.transition);
  }
  return history;
}

function isAtItsKey(item: Item, finding: Finding): boolean {
  return isFindingOf({ pk: String(item.pk), key: sortKeyOf(item) }, finding);
}

// One item that cannot be read must not hide the others. The next evaluation of its role replaces a finding's.
function readIfReadable<T>(item: Item, shape: z.ZodType<T>): T | undefined {
  return readableSchemas.some((readable) => readable === item.schema)
    ? shape.safeParse(item).data
    : undefined;
}
