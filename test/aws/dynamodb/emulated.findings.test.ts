import assert from "node:assert/strict";
import { it } from "node:test";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { LedgerConflictError } from "@drift-guard/core/errors";
import type { Ledger } from "@drift-guard/core/model/ledger";
import { partOf } from "@drift-guard/core/model/part";
import { Transition } from "@drift-guard/core/model/transition";
import type { Commit, FindingStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { migrateRoles } from "@drift-guard/guard/sweep/migration";
import * as z from "zod";
import {
  aControl,
  aFinding,
  aKey,
  aLedger,
  allReadable,
  aTransition,
  noon,
  secondsAfterNoon,
} from "../../builders.ts";
import { withEmulators } from "../../local/emulated-suite.ts";
import { clientSettingsFor } from "../client-settings.ts";
import { createTable, itemsIn, putInto } from "./tables.ts";

withEmulators("The findings table", (services) => {
  const client = () => new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
  const open = (table: string, dynamodb = client()) =>
    createFindingStore(dynamodb, { table, sinks: ["notify"] });
  const documents = () => DynamoDBDocumentClient.from(client());

  /** Creates a client that runs `first` before its nth call of an operation. */
  function interrupted(operation: string, nth: number, first: () => Promise<unknown>): DynamoDBClient {
    const dynamodb = client();
    let count = 0;
    dynamodb.middlewareStack.add(
      (next, context) => async (input) => {
        if (context.commandName === operation) {
          count += 1;
          if (count === nth) await first();
        }
        return next(input);
      },
      { step: "initialize" },
    );
    return dynamodb;
  }

  it("stores a transition for 400 days, in the index until every sink has delivered it", async () => {
    const table = await createTable(client());
    const finding = aFinding();
    const transition = aTransition({ finding });
    const store = open(table);
    await store.commit(opening(aLedger(), [transition]));
    const Key = {
      pk: findingKeys.partition(finding.role),
      sk: findingKeys.transition(finding.id, finding.seq),
    };
    const read = async () => (await documents().send(new GetCommand({ TableName: table, Key }))).Item;
    const expires = Date.parse(noon) / 1000 + 400 * 86_400;
    const stored = z.encode(Transition, transition);
    const item = {
      ...Key,
      schema: 2,
      transition: stored,
      expires,
      listing: `TRANSITIONS#${noon.slice(0, 10)}`,
      listingOrder: `${noon}#${transition.id}`,
    };
    assert.deepEqual(await read(), { ...item, sinks: new Set(["notify"]), due: "1", dueAt: transition.at });
    await store.markDelivered(transition, "notify");
    assert.deepEqual(await read(), item);
  });

  it("ignores a mark for a transition that has expired", async () => {
    const table = await createTable(client());
    await open(table).markDelivered(aTransition(), "notify");
    const { pk, sk } = { pk: findingKeys.partition(aKey()), sk: findingKeys.transition(aFinding().id, 1) };
    const { Item } = await documents().send(new GetCommand({ TableName: table, Key: { pk, sk } }));
    assert.equal(Item, undefined);
  });

  it("never loads the findings of one version with the number of another", async () => {
    const table = await createTable(client());
    const store = open(table);
    const first = await store.commit(opening(aLedger(), [aTransition({ finding: aFinding({ id: "a" }) })]));
    const rival = () => store.commit(opening(first, [aTransition({ finding: aFinding({ id: "b" }) })]));
    // The load's first query reads the version, and its second the items.
    const loaded = await open(table, interrupted("QueryCommand", 2, rival)).load(aKey());
    assert.deepEqual([loaded.version, loaded.findings.map(({ id }) => id)], [2, ["a", "b"]]);
  });

  it("leaves each finding with its transitions when another commit interrupts a large one", async () => {
    const table = await createTable(client());
    const store = open(table);
    const transitions = Array.from({ length: 130 }, (_, index) =>
      aTransition({ finding: aFinding({ id: `many-${String(index).padStart(3, "0")}` }) }),
    );
    const rival = async () => {
      const now = await store.load(aKey());
      await store.commit({
        before: now,
        after: now,
        transitions: [],
      });
    };
    const loser = open(table, interrupted("TransactWriteItemsCommand", 2, rival));
    await assert.rejects(loser.commit(opening(aLedger(), transitions)), LedgerConflictError);
    const left = await store.load(aKey());
    assert.ok(left.findings.length > 0 && left.findings.length < 130);
    for (const { finding } of transitions) {
      const stored = left.findings.some(({ id }) => id === finding.id);
      assert.equal((await store.history(aKey(), finding.id)).length, stored ? 1 : 0);
    }
    const missing = transitions.filter(({ finding }) => !left.findings.some(({ id }) => id === finding.id));
    const whole = await store.commit(opening(left, missing));
    assert.deepEqual((await store.load(aKey())).findings, whole.findings);
    assert.equal(whole.findings.length, 130);
  });

  it("stores findings of more than four megabytes in one commit", async () => {
    const store = open(await createTable(client()));
    const reasons = ["x".repeat(300_000)];
    const transitions = Array.from({ length: 8 }, (_, index) =>
      aTransition({
        finding: aFinding({
          id: `large-${index}`,
          evidence: { kind: "undecided", part: partOf("trust"), reasons },
        }),
      }),
    );
    await store.commit(opening(aLedger(), transitions));
    assert.equal((await store.load(aKey())).findings.length, 8);
  });

  it("yields the readable undelivered transitions, and names an unreadable one once", async () => {
    const table = await createTable(client());
    const store = open(table);
    const transition = aTransition();
    await store.commit(opening(aLedger(), [transition]));
    const put = putInto(client(), table);
    const invalid = { schema: 1, due: "1", dueAt: "2020-01-01T00:00:00.000Z", transition: {} };
    await put("x", "TRANSITION#invalid#000001", invalid);
    await put("x", "TRANSITION#newer#000001", { ...invalid, schema: 99 });
    const read = async () => {
      const unreadable: string[] = [];
      const given: Transition[] = [];
      for await (const each of store.undelivered(secondsAfterNoon(1), ({ key }) => unreadable.push(key)))
        given.push(each);
      return { given, unreadable: unreadable.sort() };
    };
    assert.deepEqual(await read(), {
      given: [transition],
      unreadable: ["x TRANSITION#invalid#000001", "x TRANSITION#newer#000001"],
    });
    assert.deepEqual(await read(), { given: [transition], unreadable: [] });
  });

  it("is migrated from schema 1: nothing is announced again, nothing is lost, and it may be cut off at any call", async () => {
    const table = await createTable(client());
    const { items } = itemsIn(client(), table);
    const pk = findingKeys.partition(aKey());
    const findings = [aFinding({ id: "open" }), aFinding({ id: "done", state: "resolved", seq: 2 })];
    const transitions = findings.map((finding) => aTransition({ finding }));
    const put = putInto(client(), table);
    await put(pk, "LEDGER", { schema: 1, role: aKey(), version: 7 });
    for (const finding of findings) await put(pk, `FINDING#${finding.id}`, { schema: 1, finding });
    for (const transition of transitions) {
      const { id, seq } = transition.finding;
      const sk = `TRANSITION#${id}#00000${seq}`;
      await put(pk, sk, { schema: 1, transition, expires: 1829908800, due: "1", dueAt: noon });
    }
    const documentClient = documents();
    for (const { finding } of transitions) {
      await documentClient.send(
        new UpdateCommand({
          TableName: table,
          Key: { pk, sk: findingKeys.transition(finding.id, finding.seq) },
          UpdateExpression: "SET sinks = :sinks",
          ExpressionAttributeValues: { ":sinks": new Set(["notify"]) },
        }),
      );
    }
    const store = open(table);
    const undelivered = async () => {
      const ids: string[] = [];
      for await (const { id } of store.undelivered(secondsAfterNoon(1), allReadable)) ids.push(id);
      return ids.sort();
    };
    assert.deepEqual(await undelivered(), ["done#2", "open#1"]);
    const cut = () => Promise.reject(new Error("The function was stopped."));
    for (const [operation, nth] of [
      ["QueryCommand", 1],
      ["UpdateItemCommand", 1],
      ["UpdateItemCommand", 2],
      ["TransactWriteItemsCommand", 1],
    ] as const) {
      await assert.rejects(
        migrateRoles([aKey()], { findings: open(table, interrupted(operation, nth, cut)) }),
      );
    }
    // A function of the older version commits meanwhile.
    await put(pk, "LEDGER", { schema: 1, role: aKey(), version: 8 });
    const report = await migrateRoles([aKey()], { findings: store });
    assert.deepEqual([report.roles, report.left, report.unreadable], [1, [], []]);
    for (const [sk, { schema }] of await items(pk)) assert.equal(schema, 2, sk);
    assert.deepEqual(await undelivered(), ["done#2", "open#1"]);
    const ledger = await store.load(aKey());
    assert.deepEqual([ledger.version, ledger.findings.map(({ id }) => id)], [9, ["done", "open"]]);
    assert.deepEqual(await migrateRoles([aKey()], { findings: store }), {
      roles: 1,
      transitions: 0,
      unreadable: [],
      left: [],
    });
    assert.equal((await store.load(aKey())).version, 9);
  });

  it("says what to do if the table does not exist, for every call", async () => {
    const store = open("no-such-table");
    const control = createControlStore(client(), { table: "no-such-table" });
    const asked: readonly (() => Promise<unknown>)[] = [
      () => store.load(aKey()),
      () => store.commit(opening(aLedger(), [aTransition()])),
      () => store.history(aKey(), "f"),
      () => store.markDelivered(aTransition(), "notify"),
      () => drain(store),
      () => control.load(aKey()),
      () => control.commit({ before: aControl(), after: aControl() }),
      () => control.spendRestoring(aKey().account, "r", noon, 1),
      () => control.ownCall(aKey().account, "request"),
    ];
    for (const ask of asked) {
      await assert.rejects(ask, {
        name: "StoreUnavailableError",
        message: /The table no-such-table does not exist.*deploy the stack/,
      });
    }
  });
});

/** Returns a commit that opens the findings of the transitions. */
function opening(before: Ledger, transitions: readonly Transition[]): Commit {
  const findings = [...before.findings, ...transitions.map(({ finding }) => finding)];
  return { before, after: { ...before, findings }, transitions };
}

async function drain(store: FindingStore): Promise<void> {
  for await (const _ of store.listFindings());
}
