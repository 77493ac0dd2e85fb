import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import { findingKeys } from "@drift-guard/core/store/keys";
import { createAnswerStore } from "@drift-guard/embedded/sqlite/answers";
import { createChangeStore } from "@drift-guard/embedded/sqlite/changes";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { type Database, openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { createFullReadStore } from "@drift-guard/embedded/sqlite/full-reads";
import { createHubStore } from "@drift-guard/embedded/sqlite/hub";
import { createNoticeStore } from "@drift-guard/embedded/sqlite/notices";
import { createReportStore } from "@drift-guard/embedded/sqlite/reports";
import { createSymptomStore } from "@drift-guard/embedded/sqlite/symptoms";
import { createUsageStore } from "@drift-guard/embedded/sqlite/usage";
import * as z from "zod";
import { aFinding, aKey, aLedger, allReadable, aTransition, secondsAfterNoon } from "../../builders.ts";
import { describeAnswerStore } from "../../conformance/stores/answer-store.ts";
import { describeChangeStore } from "../../conformance/stores/change-store.ts";
import { describeControlStore } from "../../conformance/stores/control-store.ts";
import { describeFindingStore, sinks } from "../../conformance/stores/finding-store.ts";
import { describeFullReadStore } from "../../conformance/stores/full-read-store.ts";
import { describeHubStore } from "../../conformance/stores/hub-store.ts";
import { describeNoticeStore } from "../../conformance/stores/notice-store.ts";
import { describeReportStore } from "../../conformance/stores/report-store.ts";
import { describeSymptomStore } from "../../conformance/stores/symptom-store.ts";
import { describeUsageStore } from "../../conformance/stores/usage-store.ts";

describeFindingStore("SQLite in memory", async () => {
  const database = openDatabase(":memory:");
  const store = createFindingStore(database, { sinks });
  return {
    store,
    other: store,
    withSinks: (chosen) => createFindingStore(database, { sinks: chosen }),
    ...itemsOf(database),
    close: async () => database.close(),
  };
});

describeFindingStore("a SQLite file open in two processes", async () => {
  const { databases, close } = await openTwice();
  const [database, second] = databases;
  return {
    store: createFindingStore(database, { sinks }),
    other: createFindingStore(second, { sinks }),
    withSinks: (chosen) => createFindingStore(second, { sinks: chosen }),
    ...itemsOf(database),
    close,
  };
});

describeControlStore("a SQLite file open in two processes", async () => {
  const { databases, close } = await openTwice();
  const [database, second] = databases;
  return {
    store: createControlStore(database),
    other: createControlStore(second),
    put: putInto(database, "control"),
    close,
  };
});

describeUsageStore("a SQLite file open in two processes", async () => {
  const { databases, close } = await openTwice();
  const [database, second] = databases;
  return {
    store: createUsageStore(database),
    other: createUsageStore(second),
    findings: createFindingStore(database, { sinks }),
    put: putInto(database, "findings"),
    close,
  };
});

describeChangeStore("a SQLite file open in two processes", async () => {
  const { databases, close } = await openTwice();
  const [database, second] = databases;
  const forged: string[] = [];
  return {
    store: createChangeStore(database),
    other: createChangeStore(second, { onUnreadable: (key) => forged.push(key) }),
    forged,
    put: putInto(database, "findings"),
    close,
  };
});

describeSymptomStore("a SQLite file open in two processes", async () => {
  const { databases, close } = await openTwice();
  const [database, second] = databases;
  return { store: createSymptomStore(database), other: createSymptomStore(second), close };
});

describeAnswerStore("a SQLite file open in two processes", async () => {
  const { databases, close } = await openTwice();
  const [database, second] = databases;
  return { store: createAnswerStore(database), other: createAnswerStore(second), close };
});

describeNoticeStore("a SQLite file open in two processes", async () => {
  const { databases, close } = await openTwice();
  const [database, second] = databases;
  return { store: createNoticeStore(database), other: createNoticeStore(second), close };
});

describeReportStore("a SQLite file open in two processes", async () => {
  const { databases, close } = await openTwice();
  const [database, second] = databases;
  return { store: createReportStore(database), other: createReportStore(second), close };
});

describeHubStore("a SQLite file open in two processes", async () => {
  const { databases, close } = await openTwice();
  const [database, second] = databases;
  return { store: createHubStore(database), other: createHubStore(second), close };
});

describeFullReadStore("a SQLite file open in two processes", async () => {
  const { databases, close } = await openTwice();
  const [database, second] = databases;
  return {
    store: createFullReadStore(database),
    other: createFullReadStore(second),
    usage: createUsageStore(database),
    put: putInto(database, "findings"),
    close,
  };
});

describe("A SQLite database", () => {
  it("keeps the ledgers when it is closed and opened again", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "findings.db");
      const first = openDatabase(path);
      const before = aLedger();
      const after = { ...before, findings: [aFinding()] };
      const stored = await createFindingStore(first).commit({ before, after, transitions: [] });
      first.close();
      const second = openDatabase(path);
      assert.deepEqual(await createFindingStore(second).load(aKey()), stored);
      second.close();
    });
  });

  it("stores no field that a finding does not have", async () => {
    const database = openDatabase(":memory:");
    const before = aLedger();
    const finding = Object.assign(aFinding(), { undoneBy: "nobody" });
    const transition = aTransition({ finding });
    const after = { ...before, findings: [finding] };
    await createFindingStore(database).commit({ before, after, transitions: [transition] });
    const items = database.sqlite.prepare("SELECT item FROM findings").all();
    assert.equal(items.length, 3);
    assert.doesNotMatch(JSON.stringify(items), /undoneBy/);
    database.close();
  });

  it("loses no commit of concurrent writers", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "findings.db");
      openDatabase(path).close();
      const racers = ["a", "b", "c"].map((name) => {
        const workerData = { path, name, commits: 15 };
        return once(new Worker(new URL("racer.ts", import.meta.url), { workerData }), "message");
      });
      await Promise.all(racers);
      const database = openDatabase(path);
      const { version, findings } = await createFindingStore(database).load(aKey());
      database.close();
      assert.equal(version, 45);
      assert.equal(new Set(findings.map(({ id }) => id)).size, 45);
    });
  });

  it("says what to do where another process writes it, and where the disk is full", async () => {
    const path = join(await mkdtemp(join(tmpdir(), "drift-guard-")), "busy.sqlite");
    const [database, other] = [openDatabase(path), openDatabase(path)];
    const store = createFindingStore(database);
    const load = () => store.load(aKey());
    database.sqlite.exec("PRAGMA busy_timeout = 0");
    other.sqlite.exec("BEGIN EXCLUSIVE");
    await assert.rejects(load, /locked\. Another process is writing it: try again when that has ended\.$/);
    other.sqlite.exec("ROLLBACK");
    const pages = Number(Object.values(database.sqlite.prepare("PRAGMA page_count").get() ?? {})[0]);
    database.sqlite.exec(`PRAGMA max_page_count = ${pages}`);
    const before = await load();
    const findings = Array.from({ length: 100 }, (_, index) => aFinding({ id: `${index}` }));
    await assert.rejects(
      store.commit({ before, after: { ...before, findings }, transitions: [] }),
      /full\. Nothing was written: free some space, and try again\.$/,
    );
    assert.deepEqual(await load(), before);
    database.close();
    other.close();
  });

  it("migrates a file of an older version when it is opened, once", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "findings.db");
      const [finding, role] = [aFinding(), aKey()];
      const transition = aTransition({ finding });
      const pk = findingKeys.partition(role);
      const old = new DatabaseSync(path);
      old.exec(`
        CREATE TABLE findings (pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
        CREATE TABLE waiting (at TEXT, pk TEXT, sk TEXT, sink TEXT, PRIMARY KEY (pk, sk, sink)) WITHOUT ROWID;
        CREATE TABLE control (pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
      `);
      const put = putInto({ sqlite: old }, "findings");
      await put(pk, "LEDGER", { schema: 1, role, version: 3 });
      await put(pk, `FINDING#${finding.id}`, { schema: 1, finding });
      await put(pk, `TRANSITION#${finding.id}#000001`, { schema: 1, transition });
      await put(pk, "TRANSITION#x#000001", { schema: 1 });
      old
        .prepare("INSERT INTO waiting (at, pk, sk, sink) VALUES (?, ?, ?, ?)")
        .run(transition.at, pk, `TRANSITION#${finding.id}#000001`, "notify");
      old.close();
      for (let opened = 0; opened < 2; opened += 1) {
        const database = openDatabase(path);
        const store = createFindingStore(database, { sinks: ["notify"] });
        assert.deepEqual(await store.load(role), { role, version: 4, findings: [finding] });
        assert.deepEqual(await collect(store.listFindings({ state: "open" })), [finding]);
        assert.deepEqual(await collect(store.listTransitions("2026-11-22")), [transition]);
        assert.deepEqual(await collect(store.undelivered(secondsAfterNoon(1), allReadable)), [transition]);
        database.close();
      }
    });
  });

  it("refuses a file of a newer version", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "findings.db");
      const newer = openDatabase(path);
      newer.sqlite.exec("PRAGMA user_version = 9");
      newer.close();
      assert.throws(() => openDatabase(path), {
        name: "StoreUnavailableError",
        message: /newer version of drift-guard wrote it/,
      });
    });
  });

  it("names a file that cannot be opened", () => {
    assert.throws(() => openDatabase("/no/such/folder/findings.db"), {
      name: "StoreUnavailableError",
      message: /\/no\/such\/folder\/findings\.db/,
    });
  });

  it("refuses a file that is not a database", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "notes.txt");
      await writeFile(path, "a".repeat(4096));
      assert.throws(() => openDatabase(path), StoreUnavailableError);
    });
  });

  it("throws after it is closed, and names the file", async () => {
    const database = openDatabase(":memory:");
    const store = createFindingStore(database);
    database.close();
    await assert.rejects(store.load(aKey()), { name: "StoreUnavailableError", message: /:memory:/ });
  });
});

function putInto(database: Pick<Database, "sqlite">, table: "findings" | "control") {
  return async (pk: string, sk: string, item: Readonly<Record<string, unknown>>): Promise<void> => {
    database.sqlite
      .prepare(`INSERT OR REPLACE INTO ${table} (pk, sk, item) VALUES (?, ?, ?)`)
      .run(pk, sk, JSON.stringify(item));
  };
}

function itemsOf({ sqlite }: Database) {
  const Row = z.object({ sk: z.string(), item: z.string() });
  return {
    put: putInto({ sqlite }, "findings"),
    remove: async (pk: string, sk: string): Promise<void> => {
      sqlite.prepare("DELETE FROM findings WHERE pk = ? AND sk = ?").run(pk, sk);
    },
    items: async (pk: string) => {
      const rows = sqlite.prepare("SELECT sk, item FROM findings WHERE pk = ?").all(pk);
      return new Map(rows.map((row) => Row.parse(row)).map(({ sk, item }) => [sk, JSON.parse(item)]));
    },
  };
}

async function openTwice() {
  const folder = await mkdtemp(join(tmpdir(), "drift-guard-"));
  const path = join(folder, "guard.db");
  const databases = [openDatabase(path), openDatabase(path)] as const;
  return {
    databases,
    async close() {
      for (const database of databases) database.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "drift-guard-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
