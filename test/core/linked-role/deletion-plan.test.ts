import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JobQueue } from "@drift-guard/core/batch/batch";
import { type DeletionStep, planDeletion } from "@drift-guard/core/linked-role/deletion-plan";
import { type LinkedRole, linkedRoles } from "@drift-guard/core/linked-role/linked-role";
import type { LinkedEnvironment, RegionScan } from "@drift-guard/core/linked-role/status";
import fc from "fast-check";

const role: LinkedRole = linkedRoles[0] ?? assert.fail("Batch has a service-linked role");
const region = "eu-west-1";

function anEnvironment(name: string, over: Partial<LinkedEnvironment> = {}): LinkedEnvironment {
  return { region, name, state: "ENABLED", status: "VALID", ...over };
}

function aScan(environments: readonly LinkedEnvironment[], queues: readonly JobQueue[] = []): RegionScan {
  return { region, status: "read", environments, queues };
}

describe("the plan of a deletion", () => {
  it("is the role's deletion alone if nothing uses the role", () => {
    assert.deepEqual(planDeletion(role, [aScan([])]), {
      steps: [{ step: "delete-role", role: role.name }],
      unread: [],
    });
  });

  it("disables an environment and then deletes it, without the steps that are done or in progress", () => {
    const { steps } = planDeletion(role, [
      aScan([
        anEnvironment("on"),
        anEnvironment("off", { state: "DISABLED" }),
        anEnvironment("turning", { state: "DISABLED", status: "UPDATING" }),
        anEnvironment("broken", { status: "INVALID" }),
        anEnvironment("going", { status: "DELETING" }),
      ]),
    ]);
    assert.deepEqual(
      steps.map((step) => ("environment" in step ? `${step.step} ${step.environment}` : step.step)),
      [
        "disable-environment on",
        "delete-environment on",
        "delete-environment off",
        "disable-environment turning",
        "delete-environment turning",
        "disable-environment broken",
        "delete-environment broken",
        "await-environment going",
        "delete-role",
      ],
    );
  });

  it("lists the regions that could not be read", () => {
    const { unread } = planDeletion(role, [{ region, status: "unread", why: "denied" }]);
    assert.deepEqual(unread, [{ region, why: "denied" }]);
  });

  it("removes every environment from its queues, disables it and deletes it, in this order, and no other environment", () => {
    fc.assert(
      fc.property(anAccount(), ({ scans, queues, linked }) => {
        const { steps } = planDeletion(role, scans);
        let left: readonly JobQueue[] = queues;
        const gone = new Set<string>();
        const disabled = new Set<string>();
        for (const step of steps) {
          left = carryOut(step, left, disabled, gone, linked);
        }
        assert.deepEqual([...gone].toSorted(), [...linked].toSorted());
        assert.deepEqual(steps.at(-1), { step: "delete-role", role: role.name });
        const untouched = queues.filter(({ environments }) => !environments.some((name) => linked.has(name)));
        for (const queue of untouched) assert.ok(left.includes(queue), `${queue.name} was touched`);
      }),
    );
  });
});

// Carries out a step as Batch does: it deletes no environment that is enabled or in a queue, and empties no queue.
function carryOut(
  step: DeletionStep,
  queues: readonly JobQueue[],
  disabled: Set<string>,
  gone: Set<string>,
  linked: ReadonlySet<string>,
): readonly JobQueue[] {
  switch (step.step) {
    case "detach-queue":
      assert.ok(step.keeps.length > 0);
      return queues.map((queue) =>
        queue.name === step.queue ? { ...queue, environments: step.keeps } : queue,
      );
    case "disable-queue":
      disabled.add(step.queue);
      return queues;
    case "delete-queue":
      assert.ok(disabled.has(step.queue), `${step.queue} is enabled`);
      return queues.filter(({ name }) => name !== step.queue);
    case "disable-environment":
      assert.ok(linked.has(step.environment));
      disabled.add(step.environment);
      return queues;
    case "delete-environment":
      assert.ok(disabled.has(step.environment), `${step.environment} is enabled`);
      assert.ok(!queues.some(({ environments }) => environments.includes(step.environment)));
      gone.add(step.environment);
      return queues;
    case "await-environment":
    case "delete-role":
      return queues;
  }
}

function anAccount() {
  const names = ["a", "b", "c", "d", "e"];
  return fc
    .record({
      linked: fc.subarray(names).map((chosen) => new Set(chosen)),
      queues: fc.array(fc.shuffledSubarray(names, { minLength: 1 }), { maxLength: 6 }),
    })
    .map(({ linked, queues: orders }) => {
      const queues = orders.map(
        (environments, index): JobQueue => ({
          region,
          name: `q${index}`,
          environments,
        }),
      );
      const environments = [...linked].map((name) => anEnvironment(name));
      const using = queues.filter((queue) => queue.environments.some((name) => linked.has(name)));
      return { linked, queues, scans: [aScan(environments, using)] };
    });
}
