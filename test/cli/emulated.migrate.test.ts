import "../functions/quiet.ts";
import assert from "node:assert/strict";
import { it } from "node:test";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { countSchemas } from "@drift-guard/aws/dynamodb/schema-count";
import { findingKeys } from "@drift-guard/core/store/keys";
import { describeMigration } from "drift-guard/migration/migrate";
import { migrateDeployment } from "drift-guard/migration/migration";
import { createHandler } from "../../functions/sweep.ts";
import { clientSettingsFor } from "../aws/client-settings.ts";
import { createTable, putInto } from "../aws/dynamodb/tables.ts";
import { account, aFinding, aKey, aTransition } from "../builders.ts";
import { aContext } from "../functions/invocations.ts";
import { aWorld } from "../guard/world.ts";
import { withEmulators } from "../local/emulated-suite.ts";

withEmulators("drift-guard migrate", (services) => {
  it("has the sweep migrate every role, goes on after it was cut off, and counts to zero", async () => {
    const client = new DynamoDBClient(clientSettingsFor(services().emulators.ministack));
    const table = await createTable(client);
    const put = putInto(client, table);
    const names = Array.from({ length: 23 }, (_, index) => `role-${index}`);
    for (const name of names) {
      const role = aKey({ name });
      const finding = aFinding({ role });
      const pk = findingKeys.partition(role);
      await put(pk, "LEDGER", { schema: 1, role, version: 1 });
      await put(pk, `FINDING#${finding.id}`, { schema: 1, finding });
      await put(pk, `TRANSITION#${finding.id}#000001`, { schema: 1, transition: aTransition({ finding }) });
    }
    const store = createFindingStore(client, { table, sinks: ["notify"] });
    const { ports, settings } = aWorld();
    const announcer = { announce: async () => assert.fail("Nothing is announced again.") };
    const sweep = createHandler(() => ({ ports: { ...ports, findings: store, announcer }, settings }));
    let requests = 0;
    const migrate = async (roles: readonly string[]) => {
      requests += 1;
      if (requests === 2) throw new Error("The connection was cut.");
      const { migration } = await sweep({ migrate: { roles } }, aContext(900_000));
      return migration ?? assert.fail("The sweep did not migrate.");
    };
    const migration = { count: () => countSchemas(client, { table, account }), migrate, progress: () => {} };
    await assert.rejects(migrateDeployment(migration), /cut/);
    const halfway = await migration.count();
    assert.deepEqual([halfway.old, halfway.current, halfway.roles.length], [9, 60, 3]);
    const { before, after, unreadable } = await migrateDeployment(migration);
    assert.deepEqual([before.old, after.old, after.current, unreadable], [9, 0, 69, []]);
    assert.deepEqual(await migrateDeployment(migration), { before: after, after, unreadable: [] });
    let listed = 0;
    for await (const _ of store.listFindings({ state: "open" })) listed += 1;
    assert.equal(listed, 23);
    assert.deepEqual(describeMigration({ before, after, unreadable }, "dev"), [
      "9 of 9 items of 3 roles were migrated.",
      "All 69 stored items have the present schema now.",
    ]);
    await assert.rejects(sweep({ migrate: { roles: [] } }, aContext(900_000)), {
      name: "MessageUnreadableError",
    });
    client.destroy();
  });
});
