import { DatabaseSync } from "node:sqlite";
import {
  ControlConflictError,
  formatCause,
  LedgerConflictError,
  StoreUnavailableError,
} from "@drift-guard/core/errors";
import { formatIssues } from "@drift-guard/core/issues";
import { encodeItem } from "@drift-guard/core/store/items";
import { schema } from "@drift-guard/core/store/keys";
import * as z from "zod";
import { migrateFile } from "./migration.ts";
import { parseRow, Row } from "./rows.ts";

/** A SQLite database with the items of all stores, under the same keys as in the DynamoDB tables. */
export interface Database {
  /** Path of the file, or `:memory:`. */
  readonly path: string;
  readonly sqlite: DatabaseSync;
  close(): void;
}

// Transactions of other processes are short, so this is long enough to wait for a lock.
const lockTimeoutMs = 5_000;

/**
 * Opens the database of a file, or one in memory (`:memory:`), and creates the file and the tables if they do not exist.
 * A file of an older version is migrated. Throws `StoreUnavailableError`.
 *
 * It uses SQLite's rollback journal, not the write-ahead log: writes are few and small, and a closed database is a single
 * file that can be copied or stored on a network drive.
 */
export function openDatabase(path: string): Database {
  try {
    const sqlite = new DatabaseSync(path, { timeout: lockTimeoutMs });
    sqlite.exec(`
      CREATE TABLE IF NOT EXISTS findings (pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS waiting (at TEXT, pk TEXT, sk TEXT, sink TEXT, PRIMARY KEY (pk, sk, sink)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS control (pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
    `);
    migrateFile(sqlite);
    return { path, sqlite, close: () => sqlite.close() };
  } catch (error) {
    throw unavailable(path, error);
  }
}

/** Runs `work` on the database. Throws `StoreUnavailableError` if SQLite fails. */
export function query<T>(database: Database, work: (sqlite: DatabaseSync) => T): T {
  try {
    return work(database.sqlite);
  } catch (error) {
    const isKnown =
      error instanceof StoreUnavailableError ||
      error instanceof LedgerConflictError ||
      error instanceof ControlConflictError;
    if (isKnown) throw error;
    throw unavailable(database.path, error);
  }
}

/**
 * Runs `work` in one exclusive write transaction: all of its writes are stored, or none. Throws `StoreUnavailableError` if
 * SQLite fails.
 */
export function transact<T>(database: Database, work: (sqlite: DatabaseSync) => T): T {
  return query(database, (sqlite) => {
    sqlite.exec("BEGIN IMMEDIATE");
    try {
      const result = work(sqlite);
      sqlite.exec("COMMIT");
      return result;
    } catch (error) {
      // After some errors, such as a full disk, SQLite has already rolled back.
      if (sqlite.isTransaction) sqlite.exec("ROLLBACK");
      throw error;
    }
  });
}

// Made once: zod compiles each schema.
const Numbered = z.looseObject({ schema: z.literal(schema) });

/**
 * Parses the item of a row with the columns pk, sk and item, whose schema must be `numbered`. Throws
 * `StoreUnavailableError`, which names the item's key and every invalid field, and ends with `advice`.
 */
export function readItem<T>(
  database: Database,
  row: unknown,
  item: z.ZodType<T>,
  {
    advice = "Restore it, or remove it and let the next sweep write it again.",
    numbered = Numbered,
  }: { readonly advice?: string; readonly numbered?: z.ZodType<unknown> } = {},
): T {
  const { pk, sk, item: text } = Row.parse(row);
  let value: unknown;
  try {
    value = JSON.parse(text);
    return item.parse(numbered.parse(value));
  } catch (error) {
    const why = error instanceof z.ZodError ? `\n${formatIssues(error, value)}` : ` ${formatCause(error)}`;
    throw new StoreUnavailableError(
      `The item ${pk} ${sk} in ${database.path} cannot be read:${why}\n${advice}`,
      { cause: error },
    );
  }
}

/** Parses the item of a row as `readItem` does. Returns undefined for one that cannot be read, which somebody else wrote. */
export function readOrSkip<T>(row: unknown, item: z.ZodType<T>): T | undefined {
  const { value } = parseRow(row);
  return Numbered.safeParse(value).success ? item.safeParse(value).data : undefined;
}

/** Returns the stored text of an item. Throws `ZodError` for a value that its shape refuses. */
export function serializeItem<Shape extends z.ZodType<object, object>>(
  shape: Shape,
  value: z.output<Shape>,
): string {
  return JSON.stringify(encodeItem(shape, value));
}

function unavailable(path: string, error: unknown): StoreUnavailableError {
  const why = formatCause(error);
  return new StoreUnavailableError(`The database ${path} cannot be used: ${why}. ${adviseOn(error)}`, {
    cause: error,
  });
}

const SqliteError = z.looseObject({ errcode: z.int() });
// The primary code is the last byte of SQLite's result code (sqlite.org, "Result and Error Codes").
const codes = { busy: 5, full: 13 };

function adviseOn(error: unknown): string {
  const code = (SqliteError.safeParse(error).data?.errcode ?? 0) & 0xff;
  if (code === codes.busy) return "Another process is writing it: try again when that has ended.";
  if (code === codes.full) return "Nothing was written: free some space, and try again.";
  return "Check that the file is a database of drift-guard and that its folder exists and is writable.";
}
