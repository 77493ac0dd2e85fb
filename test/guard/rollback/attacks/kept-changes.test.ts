import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseMessage } from "@drift-guard/core/intake/message";
import { ChangeItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import { type Database, openDatabase, serializeItem } from "@drift-guard/embedded/sqlite/database";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import * as z from "zod";
import { aChange, account, anActor, batchServicePolicy, noon } from "../../../builders.ts";
import { detach, rogue, roleNamed } from "../../drift-calls.ts";
import { guardRole, type World } from "../../world.ts";
import { attackedWorld, isThiefReported, key, roleName } from "./stage.ts";

const pipeline = `arn:aws:iam::${account}:role/pipeline`;
const pipelineRun = {
  type: "AssumedRole",
  issuer: pipeline,
  arn: `arn:aws:sts::${account}:assumed-role/pipeline/run-1`,
  session: "run-1",
};
const rollbackSession = {
  type: "AssumedRole",
  issuer: guardRole,
  arn: `arn:aws:sts::${account}:assumed-role/drift-guard-rollback/rollback`,
  session: "rollback",
};
const tag = { call: "TagRole", roleName, tags: [{ key: "a", value: "b" }] } as const;

const Rows = z.array(z.object({ pk: z.string(), sk: z.string(), item: z.string() }));
const Item = z.looseObject({ change: z.looseObject({}) });

/** Edits the changes that the guard keeps, as somebody who can write the findings table. */
function edit({ sqlite }: Database, over: object): void {
  const rows = Rows.parse(sqlite.prepare("SELECT pk, sk, item FROM findings WHERE sk LIKE 'CHANGE#%'").all());
  assert.ok(rows.length > 0);
  for (const { pk, sk, item: text } of rows) {
    const item = Item.parse(JSON.parse(text));
    const edited = JSON.stringify({ ...item, change: { ...item.change, ...over } });
    sqlite.prepare("UPDATE findings SET item = ? WHERE pk = ? AND sk = ?").run(edited, pk, sk);
  }
}

function remove({ sqlite }: Database): void {
  sqlite.prepare("DELETE FROM findings WHERE sk LIKE 'CHANGE#%'").run();
}

function advanceTo({ clock }: World, seconds: number): void {
  clock.advanceTo(new Date(Date.parse(noon) + seconds * 1000));
}

describe("A kept change that somebody edited", () => {
  it("does not name a trusted actor for a drift of another person", async () => {
    const database = openDatabase(":memory:");
    const held: string[] = [];
    let holds = false;
    const world = attackedWorld(
      { trustedActors: [pipeline] },
      {
        database,
        disorder: (bodies) => {
          if (holds) held.push(...bodies);
          return holds ? [] : bodies;
        },
      },
    );
    world.act(tag);
    await world.settle(0);
    edit(database, {
      call: "iam:PutRolePolicy",
      writes: "inline:rogue",
      actor: pipelineRun,
      at: "2026-11-22T12:10:00Z",
    });
    // The drift's own event comes after the recheck of the edited change.
    await world.settle(118);
    holds = true;
    advanceTo(world, 119);
    world.act(rogue);
    await world.settle(2);
    holds = false;
    for (const body of held) world.emit(z.looseObject({}).parse(JSON.parse(body)));
    await world.settle(7200);
    assert.deepEqual((await roleNamed(world, roleName)).inline, []);
    const { causes } = await world.control.load(key);
    assert.ok(causes.every(({ actor }) => actor.issuer !== pipeline));
    assert.equal(world.forged.length, 1);
  });

  it("calls nobody a thief of the guard's credentials", async () => {
    const database = openDatabase(":memory:");
    const world = attackedWorld({ rollback: { excess: "off" } }, { database });
    world.act(rogue);
    await world.settle(0);
    edit(database, { actor: rollbackSession });
    await world.settle();
    assert.equal(isThiefReported(world), false);
    assert.equal(world.forged.length, 1);
  });
});

describe("A kept change that somebody deleted", () => {
  it("is counted where it was a call with the guard's credentials", async () => {
    const database = openDatabase(":memory:");
    const world = attackedWorld({ rollback: { excess: "off" } }, { database });
    const thief = {
      kind: "session",
      role: guardRole,
      session: "rollback",
      sourceIp: "198.51.100.9",
    } as const;
    world.act(rogue, thief);
    await world.settle(0);
    remove(database);
    await world.settle();
    assert.deepEqual(
      world.forged.map((itemKey) => itemKey.split("#").slice(0, 2).join("#")),
      [`${account}#${roleName.toLowerCase()} CHANGE`],
    );
  });

  it("does not keep its role from being read at each recheck", async () => {
    const database = openDatabase(":memory:");
    let reads = 0;
    const world = attackedWorld(
      {},
      {
        database,
        roles: (reader) => ({
          ...reader,
          read: (name) => {
            reads += 1;
            return reader.read(name);
          },
        }),
      },
    );
    const readsAt = async (hides: boolean) => {
      for (const value of ["b", "c", "d"]) world.act({ ...tag, tags: [{ key: "a", value }] });
      await world.settle(0);
      if (hides) remove(database);
      reads = 0;
      await world.settle();
      world.clock.advance(3600);
      return reads;
    };
    const usual = await readsAt(false);
    const hidden = await readsAt(true);
    assert.ok(hidden >= 3 && hidden > usual, `${hidden} and ${usual}`);
    assert.equal(world.forged.length, 3);
  });
});

describe("A recheck by an older version, whose message has no digest", () => {
  it("still uses the change that it names", async () => {
    const database = openDatabase(":memory:");
    const world = attackedWorld({ rollback: { missing: "off" } }, { database, disorder: () => [] });
    world.act(detach);
    const change = aChange({ writes: `managed:${batchServicePolicy}`, actor: anActor() });
    database.sqlite
      .prepare("INSERT INTO findings (pk, sk, item) VALUES (?, ?, ?)")
      .run(
        findingKeys.partition(key),
        findingKeys.change({ id: change.id }),
        serializeItem(ChangeItem, { change }),
      );
    const body = JSON.stringify({ recheck: roleName, changeId: change.id });
    await inspectMessage(parseMessage(body), world.ports, world.settings);
    const [finding] = await world.findings();
    assert.deepEqual(finding?.causedBy, change.actor);
    assert.deepEqual(world.forged, []);
  });
});
