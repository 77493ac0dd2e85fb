import { DatabaseSync } from "node:sqlite";
import { formatCause, LedgerConflictError, StoreUnavailableError } from "@drift-guard/core/errors";
import { schema } from "@drift-guard/core/store/keys";
import * as z from "zod";

/** A SQLite database that holds the stores' items, under the same keys as the DynamoDB tables. */
export interface Database {
  /** The file, or `:memory:`. */
  readonly path: string;
  readonly sqlite: DatabaseSync;
  close(): void;
}

// Another process may be committing; its transactions are short.
const waitMilliseconds = 5_000;

/**
 * Opens the database of a file, which is made where it is not there, or one in memory (`:memory:`).
 * Throws `StoreUnavailableError`.
 *
 * It keeps SQLite's rollback journal, not the write-ahead log: writes are few and small, and a finished file is one
 * file that can be copied or put on a network drive.
 */
export function openDatabase(path: string): Database {
  try {
    const sqlite = new DatabaseSync(path, { timeout: waitMilliseconds });
    sqlite.exec(`
      CREATE TABLE IF NOT EXISTS findings (pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS waiting (at TEXT, pk TEXT, sk TEXT, sink TEXT, PRIMARY KEY (pk, sk, sink)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS control (pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
    `);
    return { path, sqlite, close: () => sqlite.close() };
  } catch (error) {
    throw unavailable(path, error);
  }
}

/** Does work on the database; what SQLite reports is thrown as `StoreUnavailableError`. */
export function query<T>(database: Database, work: (sqlite: DatabaseSync) => T): T {
  try {
    return work(database.sqlite);
  } catch (error) {
    if (error instanceof StoreUnavailableError || error instanceof LedgerConflictError) throw error;
    throw unavailable(database.path, error);
  }
}

/** Does work in one transaction that nobody else's writes come between: all of it is written, or nothing. */
export function transact<T>(database: Database, work: (sqlite: DatabaseSync) => T): T {
  return query(database, (sqlite) => {
    sqlite.exec("BEGIN IMMEDIATE");
    try {
      const result = work(sqlite);
      sqlite.exec("COMMIT");
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (sqlite.isTransaction) sqlite.exec("ROLLBACK");
      throw error;
    }
  });
}

const Row = z.object({ pk: z.string(), sk: z.string(), item: z.string() });
const Stored = z.looseObject({ schema: z.literal(schema) });

/** Reads the item of a row of columns pk, sk, item; throws `StoreUnavailableError` with the item's key where it cannot. */
export function readItem<T>(database: Database, row: unknown, item: z.ZodType<T>): T {
  const { pk, sk, item: text } = Row.parse(row);
  try {
    return item.parse(Stored.parse(JSON.parse(text)));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new StoreUnavailableError(
      `The item ${pk} ${sk} in ${database.path} cannot be read: ${why}\nRestore it, or remove it and let the next sweep write it anew.`,
      { cause: error },
    );
  }
}

/** The text of an item as it is stored. */
export function serializeItem(item: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ schema, ...item });
}

function unavailable(path: string, error: unknown): StoreUnavailableError {
  const why = formatCause(error);
  return new StoreUnavailableError(
    `The database ${path} cannot be used: ${why}. Check that the file is a database of drift-guard's and that its folder is there and can be written.`,
    { cause: error },
  );
}
