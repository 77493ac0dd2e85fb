import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { RoleUse, RoleUser, UsageSubject } from "@drift-guard/core/batch/role-use";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { FindingStore, UsageStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { aDefinitionUse, aFinding, aLedger, anEnvironmentUse } from "../../builders.ts";

/** A usage store under test, with what the suite needs beside the port. */
export interface UsageStoreDoor {
  readonly store: UsageStore;
  /** The same data, as another process would open it. */
  readonly other: UsageStore;
  /** The findings, which stand in the same table. */
  readonly findings: FindingStore;
  /** Puts an item by its keys, past the store. */
  put(pk: string, sk: string, item: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

const environment = (name = "prod", region = "us-east-1"): UsageSubject => ({
  kind: "compute-environment",
  region,
  name,
});
const definition = (name = "render"): UsageSubject => ({ kind: "job-definition", region: "us-east-1", name });

/** Holds an implementation of `UsageStore` to what the port promises. */
export function describeUsageStore(name: string, open: () => Promise<UsageStoreDoor>): void {
  describe(`${name} as a store of what uses which role`, () => {
    let door: UsageStoreDoor;
    before(async () => {
      door = await open();
    });
    after(async () => {
      await door.close();
    });

    it("knows of no use where nothing is stored", async () => {
      const account = newAccount();
      assert.deepEqual(await door.store.usesOf({ account, name: "nobody" }), []);
      assert.deepEqual(await users(door.store, account), []);
    });

    it("gives back what it took in, by role and by user", async () => {
      const account = newAccount();
      const service = anEnvironmentUse({ statusReason: "gone", status: "INVALID" });
      const instance = anEnvironmentUse({ duty: "instance", profile: "ecsInstanceRole" });
      const job = aDefinitionUse();
      await door.store.record(
        account,
        environment(),
        new Map([
          ["Service", [service]],
          ["Nodes", [instance]],
        ]),
      );
      await door.store.record(account, definition(), new Map([["Service", [job]]]));
      assert.deepEqual(await uses(door.other, account, "Service"), [service, job]);
      assert.deepEqual(await uses(door.other, account, "Nodes"), [instance]);
      assert.deepEqual(await users(door.other, account), [
        { subject: environment(), roles: ["Service", "Nodes"] },
        { subject: definition(), roles: ["Service"] },
      ]);
    });

    it("takes role names in another case for the same role", async () => {
      const account = newAccount();
      await door.store.record(account, environment(), new Map([["Service", [anEnvironmentUse()]]]));
      assert.deepEqual(await uses(door.store, account, "SERVICE"), [anEnvironmentUse()]);
      await door.store.record(
        account,
        environment(),
        new Map([["service", [anEnvironmentUse({ state: "DISABLED" })]]]),
      );
      assert.deepEqual(await uses(door.store, account, "Service"), [anEnvironmentUse({ state: "DISABLED" })]);
    });

    it("puts what is new in the place of what was known, and tells the roles of both", async () => {
      const account = newAccount();
      await door.store.record(account, environment(), new Map([["Old", [anEnvironmentUse()]]]));
      const touched = await door.store.record(
        account,
        environment(),
        new Map([["New", [anEnvironmentUse()]]]),
      );
      assert.deepEqual([...touched].sort(), ["New", "Old"]);
      assert.deepEqual(await uses(door.store, account, "Old"), []);
      assert.deepEqual(await users(door.store, account), [{ subject: environment(), roles: ["New"] }]);
    });

    it("tells the roles also where nothing changed", async () => {
      const account = newAccount();
      const same = new Map([["Service", [anEnvironmentUse()]]]);
      await door.store.record(account, environment(), same);
      assert.deepEqual(await door.other.record(account, environment(), same), ["Service"]);
    });

    it("forgets what uses nothing any more, and tells whom it used", async () => {
      const account = newAccount();
      await door.store.record(account, environment(), new Map([["Service", [anEnvironmentUse()]]]));
      assert.deepEqual(await door.store.record(account, environment(), new Map()), ["Service"]);
      assert.deepEqual(await uses(door.store, account, "Service"), []);
      assert.deepEqual(await users(door.store, account), []);
      assert.deepEqual(await door.store.record(account, environment(), new Map()), []);
    });

    it("keeps regions, kinds, names and accounts apart", async () => {
      const account = newAccount();
      const subjects = [
        environment(),
        environment("prod", "eu-west-1"),
        environment("test"),
        definition("prod"),
      ];
      for (const subject of subjects)
        await door.store.record(account, subject, new Map([["R", [anEnvironmentUse()]]]));
      await door.store.record(account, subjects[0] ?? environment(), new Map());
      assert.equal((await uses(door.store, account, "R")).length, 3);
      assert.deepEqual(await uses(door.store, newAccount(), "R"), []);
    });

    it("holds more roles than one transaction does, and lets all of them go", async () => {
      const account = newAccount();
      const roles = Array.from({ length: 230 }, (_, index) => `Role${index}`);
      const many = new Map(roles.map((role) => [role, [aDefinitionUse()]]));
      await door.store.record(account, definition(), many);
      for (const role of ["Role0", "Role120", "Role229"]) {
        assert.deepEqual(await uses(door.store, account, role), [aDefinitionUse()]);
      }
      assert.equal((await door.store.record(account, definition(), new Map())).length, 230);
      assert.deepEqual(await uses(door.store, account, "Role229"), []);
      assert.deepEqual(await users(door.store, account), []);
    });

    it("leaves no use behind of writers that race for one environment", async () => {
      const account = newAccount();
      const roles = ["A", "B", "C", "D"];
      await Promise.all(
        roles.map((role, index) => {
          const store = index % 2 === 0 ? door.store : door.other;
          return store.record(account, environment(), new Map([[role, [anEnvironmentUse()]]]));
        }),
      );
      const [{ roles: [winner = ""] = [] } = {}] = await users(door.store, account);
      for (const role of roles) {
        assert.equal((await uses(door.store, account, role)).length, role === winner ? 1 : 0, role);
      }
    });

    it("stands beside the ledger of the role, and neither is in the other's way", async () => {
      const account = newAccount();
      const role = { account, name: "Service" };
      await door.store.record(account, environment(), new Map([["Service", [anEnvironmentUse()]]]));
      const empty = await door.findings.load(role);
      assert.deepEqual(empty, aLedger({ role }));
      await door.findings.commit({
        before: empty,
        after: aLedger({ role, findings: [aFinding({ role })] }),
        transitions: [],
      });
      assert.deepEqual(await uses(door.store, account, "Service"), [anEnvironmentUse()]);
      const loaded = await door.findings.load(role);
      assert.equal(loaded.findings.length, 1);
    });

    it("refuses an item of another schema", async () => {
      const account = newAccount();
      await door.put(findingKeys.partition({ account, name: "R" }), findingKeys.usage(environment()), {
        schema: 2,
        uses: [],
      });
      await assert.rejects(door.store.usesOf({ account, name: "R" }), StoreUnavailableError);
    });
  });
}

function newAccount(): string {
  return String(Number.parseInt(randomUUID().slice(0, 8), 16)).padStart(12, "1");
}

async function uses(store: UsageStore, account: string, name: string): Promise<readonly RoleUse[]> {
  return store.usesOf({ account, name });
}

async function users(store: UsageStore, account: string): Promise<readonly RoleUser[]> {
  const all: RoleUser[] = [];
  for await (const { subject, roles } of store.users(account)) all.push({ subject, roles });
  return all;
}
