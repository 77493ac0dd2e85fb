import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { RoleUse, RoleUser, UsageSubject } from "@drift-guard/core/batch/role-use";
import type { FindingStore, UsageStore } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { planUsage, UsageItem } from "@drift-guard/core/store/stored-uses";
import { aDefinitionUse, aFinding, aLedger, anEnvironmentUse } from "../../builders.ts";

/** A usage store under test, and what the suite needs besides the port. */
export interface UsageStoreFixture {
  readonly store: UsageStore;
  /** A second store over the same data, as in another process. */
  readonly other: UsageStore;
  /** The finding store over the same table. */
  readonly findings: FindingStore;
  /** Puts an item by its keys, without the store. */
  put(pk: string, sk: string, item: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

const environment = (name = "prod", region = "us-east-1"): UsageSubject => ({
  kind: "compute-environment",
  region,
  name,
});
const definition = (name = "render"): UsageSubject => ({ kind: "job-definition", region: "us-east-1", name });

/** Tests an implementation of `UsageStore` against the promises of the port. */
export function describeUsageStore(name: string, open: () => Promise<UsageStoreFixture>): void {
  describe(`${name} as a usage store`, () => {
    let fixture: UsageStoreFixture;
    before(async () => {
      fixture = await open();
    });
    after(async () => {
      await fixture.close();
    });

    it("has no uses if nothing is stored", async () => {
      const account = newAccount();
      assert.deepEqual(await fixture.store.usesOf({ account, name: "nobody" }), []);
      assert.deepEqual(await users(fixture.store, account), []);
    });

    it("returns what was recorded, by role and by user", async () => {
      const account = newAccount();
      const service = anEnvironmentUse({ statusReason: "gone", status: "INVALID" });
      const instance = anEnvironmentUse({ duty: "instance", profile: "ecsInstanceRole" });
      const job = aDefinitionUse();
      await fixture.store.record(
        account,
        environment(),
        new Map([
          ["Service", [service]],
          ["Nodes", [instance]],
        ]),
      );
      await fixture.store.record(account, definition(), new Map([["Service", [job]]]));
      assert.deepEqual(await uses(fixture.other, account, "Service"), [service, job]);
      assert.deepEqual(await uses(fixture.other, account, "Nodes"), [instance]);
      assert.deepEqual(await users(fixture.other, account), [
        { subject: environment(), roles: ["Service", "Nodes"] },
        { subject: definition(), roles: ["Service"] },
      ]);
    });

    it("ignores the case of role names", async () => {
      const account = newAccount();
      await fixture.store.record(account, environment(), new Map([["Service", [anEnvironmentUse()]]]));
      assert.deepEqual(await uses(fixture.store, account, "SERVICE"), [anEnvironmentUse()]);
      await fixture.store.record(
        account,
        environment(),
        new Map([["service", [anEnvironmentUse({ state: "DISABLED" })]]]),
      );
      assert.deepEqual(await uses(fixture.store, account, "Service"), [
        anEnvironmentUse({ state: "DISABLED" }),
      ]);
    });

    it("replaces the recorded uses, and returns the roles of both", async () => {
      const account = newAccount();
      await fixture.store.record(account, environment(), new Map([["Old", [anEnvironmentUse()]]]));
      const touched = await fixture.store.record(
        account,
        environment(),
        new Map([["New", [anEnvironmentUse()]]]),
      );
      assert.deepEqual([...touched].sort(), ["New", "Old"]);
      assert.deepEqual(await uses(fixture.store, account, "Old"), []);
      assert.deepEqual(await users(fixture.store, account), [{ subject: environment(), roles: ["New"] }]);
    });

    it("returns the roles even if nothing changed", async () => {
      const account = newAccount();
      const same = new Map([["Service", [anEnvironmentUse()]]]);
      await fixture.store.record(account, environment(), same);
      assert.deepEqual(await fixture.other.record(account, environment(), same), ["Service"]);
    });

    it("removes a user without uses, and returns the roles that it used", async () => {
      const account = newAccount();
      await fixture.store.record(account, environment(), new Map([["Service", [anEnvironmentUse()]]]));
      assert.deepEqual(await fixture.store.record(account, environment(), new Map()), ["Service"]);
      assert.deepEqual(await uses(fixture.store, account, "Service"), []);
      assert.deepEqual(await users(fixture.store, account), []);
      assert.deepEqual(await fixture.store.record(account, environment(), new Map()), []);
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
        await fixture.store.record(account, subject, new Map([["R", [anEnvironmentUse()]]]));
      await fixture.store.record(account, subjects[0] ?? environment(), new Map());
      assert.equal((await uses(fixture.store, account, "R")).length, 3);
      assert.deepEqual(await uses(fixture.store, newAccount(), "R"), []);
    });

    it("stores and removes more roles than one transaction can", async () => {
      const account = newAccount();
      const roles = Array.from({ length: 230 }, (_, index) => `Role${index}`);
      const many = new Map(roles.map((role) => [role, [aDefinitionUse()]]));
      await fixture.store.record(account, definition(), many);
      for (const role of ["Role0", "Role120", "Role229"]) {
        assert.deepEqual(await uses(fixture.store, account, role), [aDefinitionUse()]);
      }
      assert.equal((await fixture.store.record(account, definition(), new Map())).length, 230);
      assert.deepEqual(await uses(fixture.store, account, "Role229"), []);
      assert.deepEqual(await users(fixture.store, account), []);
    });

    it("leaves the uses of one writer when several race for an environment", async () => {
      const account = newAccount();
      const roles = ["A", "B", "C", "D"];
      await Promise.all(
        roles.map((role, index) => {
          const store = index % 2 === 0 ? fixture.store : fixture.other;
          return store.record(account, environment(), new Map([[role, [anEnvironmentUse()]]]));
        }),
      );
      const [{ roles: [winner = ""] = [] } = {}] = await users(fixture.store, account);
      for (const role of roles) {
        assert.equal((await uses(fixture.store, account, role)).length, role === winner ? 1 : 0, role);
      }
    });

    it("stores uses beside the ledger of the role without touching it", async () => {
      const account = newAccount();
      const role = { account, name: "Service" };
      await fixture.store.record(account, environment(), new Map([["Service", [anEnvironmentUse()]]]));
      const empty = await fixture.findings.load(role);
      assert.deepEqual(empty, aLedger({ role }));
      await fixture.findings.commit({
        before: empty,
        after: aLedger({ role, findings: [aFinding({ role })] }),
        transitions: [],
      });
      assert.deepEqual(await uses(fixture.store, account, "Service"), [anEnvironmentUse()]);
      const loaded = await fixture.findings.load(role);
      assert.equal(loaded.findings.length, 1);
    });

    it("leaves out an item that cannot be read, and records its subject anew", async () => {
      const account = newAccount();
      const role = { account, name: "R" };
      const [use, job] = [anEnvironmentUse(), aDefinitionUse()];
      const recordAll = async () => {
        await fixture.store.record(account, environment(), new Map([["R", [use]]]));
        await fixture.store.record(account, definition(), new Map([["R", [job]]]));
      };
      await recordAll();
      const broken = [{ schema: 2, uses: [] }, { schema: 1, uses: 7 }, {}];
      for (const item of broken) {
        await fixture.put(findingKeys.partition(role), findingKeys.usage(environment()), item);
        assert.deepEqual(await fixture.store.usesOf(role), [job]);
        const version = Number.MAX_SAFE_INTEGER;
        for (const own of [item, { schema: 1, subject: environment(), roles: ["R"], digest: "x", version }]) {
          await fixture.put(findingKeys.account(account), findingKeys.usage(environment()), own);
          assert.deepEqual(
            (await users(fixture.store, account)).map(({ subject }) => subject),
            [definition()],
          );
          await recordAll();
          assert.deepEqual((await fixture.store.usesOf(role)).length, 2);
          assert.equal((await users(fixture.other, account)).length, 2);
        }
      }
      await fixture.put(findingKeys.account(account), findingKeys.usage(environment()), {});
      await fixture.store.record(account, environment(), new Map());
      assert.equal((await users(fixture.store, account)).length, 1);
    });

    it("records anew what somebody edited, though nothing else changed", async () => {
      const account = newAccount();
      const role = { account, name: "R" };
      const own = new Map([["R", [anEnvironmentUse()]]]);
      const same = () => fixture.store.record(account, environment(), own);
      await same();
      const sk = findingKeys.usage(environment());
      const uses = [UsageItem.encode({ uses: [aDefinitionUse()] }).uses].flat();
      await fixture.put(findingKeys.partition(role), sk, { schema: 1, uses });
      await same();
      assert.deepEqual(await fixture.store.usesOf(role), [anEnvironmentUse()]);
      const item = planUsage(undefined, environment(), own).write?.item;
      assert.ok(item);
      await fixture.put(findingKeys.account(account), sk, { ...item, schema: 1, roles: ["Other"] });
      await same();
      assert.deepEqual(await users(fixture.store, account), [{ subject: environment(), roles: ["R"] }]);
    });

    it("removes uses that no recorded environment or definition has", async () => {
      const account = newAccount();
      const role = { account, name: "R" };
      await fixture.store.record(account, environment(), new Map([["R", [anEnvironmentUse()]]]));
      const uses = [UsageItem.encode({ uses: [aDefinitionUse()] }).uses].flat();
      await fixture.put(findingKeys.partition(role), findingKeys.usage(definition("planted")), {
        schema: 1,
        uses,
      });
      assert.equal((await fixture.store.usesOf(role)).length, 2);
      await fixture.store.clean(account, ["r", "Nobody"]);
      assert.deepEqual(await fixture.store.usesOf(role), [anEnvironmentUse()]);
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
