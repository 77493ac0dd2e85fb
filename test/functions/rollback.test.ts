import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import { formatRecheck, parseMessage } from "@drift-guard/core/intake/message";
import type { Transition } from "@drift-guard/core/model/transition";
import type { RoleWriter } from "@drift-guard/core/ports";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import type { RollbackPorts } from "@drift-guard/guard/ports";
import { createHandler, handler } from "../../functions/rollback.ts";
import { aFinding, aKey, aTransition, batchServicePolicy } from "../builders.ts";
import { aWorld, type World } from "../guard/world.ts";
import { aContext, anInvocationTime, busMessage, failedMessages, queueEvent } from "./invocations.ts";

const policies = {
  AWSBatchServiceRole: batchServicePolicy,
  ecsTaskExecutionRole: "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
} as const;

/** Detaches the managed policy of two roles, and returns the transition that opened the finding of each. */
async function drift({ act, ports, settings }: World): Promise<readonly Transition[]> {
  const transitions: Transition[] = [];
  for (const [roleName, policyArn] of Object.entries(policies)) {
    act({ call: "DetachRolePolicy", roleName, policyArn });
    const message = parseMessage(formatRecheck({ role: roleName }));
    for (const inspection of await inspectMessage(message, ports, settings))
      transitions.push(...inspection.transitions.filter(({ finding }) => finding.evidence.kind === "drift"));
  }
  return transitions;
}

function rollbackIn({ ports, settings }: World, over: Partial<RollbackPorts> = {}) {
  return createHandler(() => ({ ports: { ...ports, ...over }, settings }));
}

/** The names of the roles that have their managed policy attached. */
async function repairedIn({ ports }: World): Promise<readonly string[]> {
  const repaired: string[] = [];
  for (const [name, policyArn] of Object.entries(policies)) {
    const reading = await ports.roles.read(name);
    if (reading.status === "present" && reading.role.attached.some(({ arn }) => arn === policyArn))
      repaired.push(name);
  }
  return repaired;
}

describe("rollback, in process", () => {
  it("returns the one message of three that it cannot read, and rolls the others back", async () => {
    const world = aWorld();
    const [service, execution] = (await drift(world)).map(busMessage);
    assert.deepEqual(await repairedIn(world), []);
    const response = await rollbackIn(world)(queueEvent(`${service}`, "{}", `${execution}`), aContext());
    assert.deepEqual(response, failedMessages("2"));
    assert.deepEqual(await repairedIn(world), Object.keys(policies));
  });

  it("returns the message of a role whose control items cannot be read, and writes nothing to that role", async () => {
    const world = aWorld();
    const bodies = (await drift(world)).map(busMessage);
    const { control } = world.ports;
    const load: typeof control.load = async (role) => {
      if (role.name === "AWSBatchServiceRole") throw new StoreUnavailableError("The table is not there.");
      return control.load(role);
    };
    const response = await rollbackIn(world, { control: { ...control, load } })(
      queueEvent(...bodies),
      aContext(),
    );
    assert.deepEqual(response, failedMessages("1"));
    assert.deepEqual(await repairedIn(world), ["ecsTaskExecutionRole"]);
  });

  it("returns the messages that it has no time for, and begins no rollback for them", async () => {
    const world = aWorld();
    const bodies = (await drift(world)).map(busMessage);
    const { context, spend } = anInvocationTime();
    const writer: RoleWriter = {
      apply: (...call) => {
        spend();
        return world.ports.writer.apply(...call);
      },
    };
    const response = await rollbackIn(world, { writer })(queueEvent(...bodies), context);
    assert.deepEqual(response, failedMessages("2"));
    assert.deepEqual(await repairedIn(world), ["AWSBatchServiceRole"]);
    const { rollbacks } = await world.control.load(aKey({ name: "ecsTaskExecutionRole" }));
    assert.deepEqual(rollbacks, []);
  });

  it("uses nothing of a message but the name of the role", async () => {
    const world = aWorld();
    const forged = aTransition({
      finding: aFinding({ role: aKey({ name: "ecsTaskExecutionRole" }), seq: 99 }),
    });
    assert.deepEqual(await rollbackIn(world)(queueEvent(busMessage(forged)), aContext()), failedMessages());
    const { rollbacks } = await world.control.load(aKey({ name: "ecsTaskExecutionRole" }));
    assert.deepEqual([rollbacks, await repairedIn(world)], [[], Object.keys(policies)]);
  });

  it("reads no role for a message about another account, or about a role that is not guarded", async () => {
    const roles = { read: async () => assert.fail("the role was read") };
    const foreign = [aKey({ account: "210987654321" }), aKey({ name: "NotGuarded" })].map((role) =>
      busMessage(aTransition({ finding: aFinding({ role }) })),
    );
    const handle = rollbackIn(aWorld(), { roles });
    assert.deepEqual(await handle(queueEvent(...foreign), aContext()), failedMessages());
  });

  it("rolls back once when SQS delivers a message again", async () => {
    const world = aWorld();
    const [body] = (await drift(world)).map(busMessage);
    const rollBack = rollbackIn(world);
    await rollBack(queueEvent(`${body}`), aContext());
    const { rollbacks } = await world.control.load(aKey());
    await rollBack(queueEvent(`${body}`), aContext());
    assert.equal(rollbacks.length, 1);
    assert.deepEqual((await world.control.load(aKey())).rollbacks, rollbacks);
  });

  it("throws for an event that is not SQS's", async () => {
    await assert.rejects(rollbackIn(aWorld())({}, aContext()), { name: "MessageUnreadableError" });
  });

  it("throws a ConfigError that names each missing environment variable, and no others", async () => {
    await assert.rejects(handler(queueEvent(), aContext()), (error) => {
      assert.ok(error instanceof Error && error.name === "ConfigError");
      assert.match(error.message, /FINDINGS_TABLE.*CONTROL_TABLE.*ROLLBACK_QUEUE_URL/s);
      assert.doesNotMatch(error.message, /CHANGES_QUEUE_URL/);
      return true;
    });
  });
});
