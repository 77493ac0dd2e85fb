import type { DatabaseSync } from "node:sqlite";
import { LedgerItem, TransitionItem } from "@drift-guard/core/store/items";
import { findingKeys, oldLedgerSchema } from "@drift-guard/core/store/keys";
import {
  encodeFinding,
  encodeLedger,
  encodeTransition,
  indexEntryOf,
} from "@drift-guard/core/store/ledger-items";
import { assembleLedger, type StoredItem } from "@drift-guard/core/store/stored-ledger";
import * as z from "zod";
import { parseRow } from "./rows.ts";

/** The layout of the file, in SQLite's `user_version`. Files of the first layout have 0. */
const layout = 2;

const Layout = z.object({ user_version: z.int() });

/**
 * Brings the tables and items of a file of an older version up to date, in one transaction: all of it, or nothing. Throws an
 * error for a file of a newer version.
 */
export function migrateFile(sqlite: DatabaseSync): void {
  if (readLayout(sqlite) === layout) return;
  sqlite.exec("BEGIN IMMEDIATE");
  try {
    // Another process may have migrated it since.
    if (readLayout(sqlite) < layout) {
      addListing(sqlite);
      upgradeLedgers(sqlite);
      upgradeTransitions(sqlite);
      sqlite.exec(`PRAGMA user_version = ${layout}`);
    }
    sqlite.exec("COMMIT");
  } catch (error) {
    if (sqlite.isTransaction) sqlite.exec("ROLLBACK");
    throw error;
  }
}

function readLayout(sqlite: DatabaseSync): number {
  const { user_version: found } = Layout.parse(sqlite.prepare("PRAGMA user_version").get());
  if (found <= layout) return found;
  throw new Error(
    `a newer version of drift-guard wrote it (layout ${found}; this version reads up to ${layout}), so use that version`,
  );
}

function addListing(sqlite: DatabaseSync): void {
  const field = (name: string) => `CASE WHEN json_valid(item) THEN item ->> '$.${name}' END`;
  sqlite.exec(`
    ALTER TABLE findings ADD COLUMN listing TEXT GENERATED ALWAYS AS (${field("listing")}) VIRTUAL;
    ALTER TABLE findings ADD COLUMN listingOrder TEXT GENERATED ALWAYS AS (${field("listingOrder")}) VIRTUAL;
    CREATE INDEX byListing ON findings (listing, listingOrder) WHERE listing IS NOT NULL;
  `);
}

const OldLedger = LedgerItem.extend({ schema: z.literal(oldLedgerSchema) });
const OldTransition = TransitionItem.extend({ schema: z.literal(oldLedgerSchema) });

function upgradeLedgers(sqlite: DatabaseSync): void {
  const headers = sqlite.prepare("SELECT pk, sk, item FROM findings WHERE sk = ?").all(findingKeys.ledger());
  for (const { pk, value } of headers.map(parseRow)) {
    const header = OldLedger.safeParse(value).data;
    if (!header) continue;
    const items = sqlite
      .prepare("SELECT pk, sk, item FROM findings WHERE pk = ? AND sk BETWEEN ? AND ?")
      .all(pk, findingKeys.first, findingKeys.last)
      .map(parseRow);
    const { ledger } = assembleLedger(header.role, items);
    // The next evaluation sees that its items are forged, and replaces them.
    if (ledger.forged) continue;
    const version = ledger.version + 1;
    const { role, findings } = ledger;
    update(
      sqlite,
      { pk, key: findingKeys.ledger() },
      encodeLedger(role, version, findings.map(indexEntryOf)),
    );
    for (const finding of findings) {
      update(sqlite, { pk, key: findingKeys.finding(finding.id) }, encodeFinding(finding, version));
    }
  }
}

function upgradeTransitions(sqlite: DatabaseSync): void {
  const rows = sqlite
    .prepare("SELECT pk, sk, item FROM findings WHERE sk GLOB ?")
    .all(`${findingKeys.anyTransition}*`);
  for (const row of rows.map(parseRow)) {
    const old = OldTransition.safeParse(row.value).data;
    if (!old) continue;
    const { transition, renewedAt } = old;
    update(sqlite, row, { ...encodeTransition(transition), ...(renewedAt && { renewedAt }) });
  }
}

function update(
  sqlite: DatabaseSync,
  { pk, key }: Pick<StoredItem, "key"> & { readonly pk: string },
  item: object,
): void {
  sqlite.prepare("UPDATE findings SET item = ? WHERE pk = ? AND sk = ?").run(JSON.stringify(item), pk, key);
}
