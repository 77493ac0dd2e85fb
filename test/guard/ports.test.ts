import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DeletionPorts } from "@drift-guard/guard/linked-role/deletion";
import type { InspectPorts, RollbackPorts, SweepPorts } from "@drift-guard/guard/ports";

/** A port's members by name. `satisfies Members<Port>` fails to compile where one is missing and where one is new. */
type Members<Port> = { readonly [Member in keyof Required<Port>]: true };

const rollback = {
  roles: { read: true },
  findings: { load: true, commit: true },
  control: { load: true, commit: true, saveObserving: true, spendRestoring: true, hasRestoringLeft: true },
  requests: { send: true },
  usage: { usesOf: true },
  policies: { readPolicy: true },
  writer: { apply: true },
  now: true,
  newId: true,
  timeLeft: true,
} as const;

describe("The ports of a rollback", () => {
  it("have only the methods that its role has permissions for", () => {
    const { roles, findings, control, requests, usage, policies, writer } = rollback satisfies Record<
      keyof RollbackPorts,
      unknown
    >;
    const members: readonly object[] = [
      roles satisfies Members<RollbackPorts["roles"]>,
      findings satisfies Members<RollbackPorts["findings"]>,
      control satisfies Members<RollbackPorts["control"]>,
      requests satisfies Members<RollbackPorts["requests"]>,
      usage satisfies Members<RollbackPorts["usage"]>,
      policies satisfies Members<RollbackPorts["policies"]>,
      writer satisfies Members<RollbackPorts["writer"]>,
    ];
    assert.equal(members.length, 7);
  });

  it("hold no queue but its own, no reader of AWS Batch, agents, secrets or deletions, and no bus", () => {
    type Held = keyof RollbackPorts;
    const forbidden = ["rechecks", "batch", "agents", "resources", "deletions", "announcer"] as const;
    forbidden satisfies readonly Exclude<keyof SweepPorts, Held>[];
    for (const name of forbidden) assert.ok(!Object.hasOwn(rollback, name), name);
  });
});

describe("The ports of the other verbs", () => {
  it("hold no writer of roles", () => {
    type Writing = Extract<keyof InspectPorts | keyof SweepPorts, "writer" | "keeper">;
    const writing = {} satisfies Record<Writing, true>;
    assert.deepEqual(writing, {});
  });

  it("give a deletion two methods: to submit it and to read its status", () => {
    const keeper = { delete: true, deletionStatus: true } as const;
    assert.deepEqual(Object.keys(keeper satisfies Members<DeletionPorts["keeper"]>), [
      "delete",
      "deletionStatus",
    ]);
  });
});
