import type { DatabaseSync } from "node:sqlite";
import type { Finding } from "@drift-guard/core/model/finding";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import { type FindingFilter, matchesFilter, sortFindings } from "@drift-guard/core/store/finding-filter";
import { FindingItem, TransitionItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import { listedStates } from "@drift-guard/core/store/ledger-items";
import { isFindingOf } from "@drift-guard/core/store/stored-ledger";
import type * as z from "zod";
import { parseRow } from "./rows.ts";

/** Returns the findings that a filter asks for; `ofRole` has those of its role, if it names one. */
export function listFindings(
  sqlite: DatabaseSync,
  filter: FindingFilter,
  ofRole: readonly Finding[] | undefined,
): readonly Finding[] {
  const states = filter.state ? [filter.state] : listedStates;
  const found =
    ofRole ??
    states.flatMap((state) =>
      selectListing(sqlite, findingKeys.findingListing(state)).flatMap((row) =>
        readIfReadable(row, FindingItem)
          .map(({ finding }) => finding)
          .filter((finding) => isFindingOf(parseRow(row), finding)),
      ),
    );
  return sortFindings(found.filter((finding) => matchesFilter(finding, filter)));
}

/** Returns the transitions of a day, the oldest first. */
export function listTransitions(sqlite: DatabaseSync, day: string): readonly Transition[] {
  return selectListing(sqlite, findingKeys.transitionListing(day)).flatMap((row) =>
    readIfReadable(row, TransitionItem).map(({ transition }) => transition),
  );
}

/** Returns the transitions of one finding, the oldest first; those that cannot be read are left out. */
export function loadHistory(sqlite: DatabaseSync, role: RoleKey, findingId: string): readonly Transition[] {
  const prefix = findingKeys.transitions(findingId);
  return sqlite
    .prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND substr(sk, 1, ?) = ? ORDER BY sk")
    .all(findingKeys.partition(role), prefix.length, prefix)
    .flatMap((row) => readIfReadable(row, TransitionItem).map(({ transition }) => transition));
}

function selectListing(sqlite: DatabaseSync, listing: string): unknown[] {
  return sqlite
    .prepare("SELECT pk, sk, item FROM findings WHERE listing = ? ORDER BY listingOrder")
    .all(listing);
}

function readIfReadable<T>(row: unknown, shape: z.ZodType<T>): readonly T[] {
  const parsed = shape.safeParse(parseRow(row).value);
  return parsed.success ? [parsed.data] : [];
}
