import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findingKeys } from "@drift-guard/core/store/keys";
import { type Database, openDatabase } from "@drift-guard/embedded/sqlite/database";
import * as fc from "fast-check";
import * as z from "zod";
import { aKey, batchServicePolicy } from "../../builders.ts";
import { observing as config } from "../inspect/batch-world.ts";
import { aWorld, type World } from "../world.ts";

const role = "AWSBatchServiceRole";
const partition = findingKeys.partition(aKey({ name: role }));
const policyDocument = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
});
const detach = { call: "DetachRolePolicy", roleName: role, policyArn: batchServicePolicy } as const;
const drifts = [
  detach,
  { call: "PutRolePolicy", roleName: role, policyName: "rogue", policyDocument },
  { call: "UpdateRoleDescription", roleName: role, description: "changed" },
] as const;

const Row = z.object({ sk: z.string(), item: z.string() });

/** What a stranger does to one of the stored items of the role. */
const tampering = fc.oneof(
  fc.record({ does: fc.constant("delete" as const), at: fc.nat() }),
  fc.record({
    does: fc.constant("edit" as const),
    at: fc.nat(),
    field: fc.constantFrom("state", "severity", "seq", "evidence", "role", "id", "cleanSince"),
    value: fc.constantFrom("resolved", "suppressed", "LOW", 1, 7, -1, null, {}, "x"),
  }),
  fc.record({
    does: fc.constant("replace" as const),
    at: fc.nat(),
    item: fc.constantFrom(
      "{}",
      "no JSON",
      "null",
      '{"schema":99}',
      '{"schema":2,"version":1e400,"index":{}}',
    ),
  }),
  fc.record({
    does: fc.constant("copy" as const),
    at: fc.nat(),
    id: fc.constantFrom("aa", "other", "__proto__"),
  }),
);
type Tampering = typeof tampering extends fc.Arbitrary<infer One> ? One : never;

function tamper({ sqlite }: Database, deeds: readonly Tampering[]): void {
  const put = sqlite.prepare("INSERT OR REPLACE INTO findings (pk, sk, item) VALUES (?, ?, ?)");
  for (const deed of deeds) {
    const rows = sqlite
      .prepare("SELECT sk, item FROM findings WHERE pk = ? AND sk BETWEEN ? AND ?")
      .all(partition, findingKeys.first, findingKeys.last)
      .map((row) => Row.parse(row));
    const row = rows[deed.at % Math.max(1, rows.length)];
    if (!row) return;
    switch (deed.does) {
      case "delete":
        sqlite.prepare("DELETE FROM findings WHERE pk = ? AND sk = ?").run(partition, row.sk);
        break;
      case "replace":
        put.run(partition, row.sk, deed.item);
        break;
      case "edit":
        put.run(partition, row.sk, editField(row.item, deed.field, deed.value));
        break;
      case "copy":
        put.run(partition, findingKeys.finding(deed.id), editField(row.item, "id", deed.id));
        break;
    }
  }
}

function editField(item: string, field: string, value: unknown): string {
  try {
    const parsed = z.record(z.string(), z.unknown()).parse(JSON.parse(item));
    const finding = z.record(z.string(), z.unknown()).safeParse(parsed.finding);
    return JSON.stringify(
      finding.success
        ? { ...parsed, finding: { ...finding.data, [field]: value } }
        : { ...parsed, [field]: value },
    );
  } catch {
    return item;
  }
}

/** The findings of a world that are not resolved, without numbers and times. */
async function standing(world: World) {
  const findings = (await world.findings()).filter(({ state }) => state !== "resolved");
  return findings
    .map(({ id, state, severity, evidence }) => ({ id, state, severity, evidence }))
    .sort((a, b) => a.id.localeCompare(b.id));
}

async function sweepTwice(world: World): Promise<void> {
  await world.sweep();
  world.clock.advance(3_600);
  await world.sweep();
}

describe("Items that a stranger wrote, edited or deleted", () => {
  it("leave the findings of an untouched ledger after the next evaluation", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.subarray([...drifts], { minLength: 1 }),
        fc.array(tampering, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (calls, deeds, isMended) => {
          const database = openDatabase(":memory:");
          const [touched, untouched] = [aWorld({ config, database }), aWorld({ config })];
          for (const world of [touched, untouched]) {
            for (const call of calls) world.act(call);
            await sweepTwice(world);
          }
          tamper(database, deeds);
          for (const world of [touched, untouched]) {
            if (isMended && calls.includes(detach)) world.act({ ...detach, call: "AttachRolePolicy" });
            await world.sweep();
          }
          if (!isMended) assert.deepEqual(await standing(touched), await standing(untouched));
          for (const world of [touched, untouched]) {
            world.clock.advance(3_600);
            await sweepTwice(world);
          }
          assert.deepEqual(await standing(touched), await standing(untouched));
          database.close();
        },
      ),
      { numRuns: 30 },
    );
  });
});
