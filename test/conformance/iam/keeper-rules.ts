import assert from "node:assert/strict";
import { LinkedRoleRefusedError } from "@drift-guard/core/errors";
import { type IamFixture, type IamRule, makeRole, readPresent, uniqueName } from "./fixture.ts";

const name = "AWSServiceRoleForBatch";
const service = "batch.amazonaws.com";
// Seconds; longer than any deletion in an account with a virtual clock.
const aWhile = 600;

/** The rules for keepers of service-linked roles. */
export const keeperRules = {
  "creates a service-linked role for a service, and returns its name": async ({ keeper, reader, pass }) => {
    await remove({ keeper, reader, pass });
    assert.equal(await keeper.create(service), name);
    assert.equal((await reader.read(name)).status, "present");
    await assert.rejects(keeper.create(service), refusedWith("InvalidInput"));
  },

  "deletes a service-linked role by a task that succeeds": async ({ keeper, reader, pass }) => {
    await ensure({ keeper, reader });
    const taskId = await keeper.delete(name);
    pass(aWhile);
    assert.deepEqual(await keeper.deletionStatus(taskId), { status: "SUCCEEDED" });
    assert.equal((await reader.read(name)).status, "absent");
  },

  "names the role in the id of its deletion's task": async ({ keeper, reader }) => {
    await ensure({ keeper, reader });
    assert.match(
      await keeper.delete(name),
      /^task\/aws-service-role\/batch\.amazonaws\.com\/AWSServiceRoleForBatch\/[0-9a-f-]{36}$/,
    );
  },

  "returns the earlier task while that task runs": async ({ keeper, reader, pass }) => {
    await remove({ keeper, reader, pass });
    await keeper.create(service);
    const first = await keeper.delete(name).catch(notAnswered);
    assert.equal(await keeper.delete(name).catch(notAnswered), first);
  },

  "refuses to delete a role that does not exist": async ({ keeper }) => {
    await assert.rejects(keeper.delete(uniqueName("Nobody")), refusedWith("NoSuchEntity"));
  },

  "finds no deletion task with another id": async ({ keeper }) => {
    const taskId = `task/aws-service-role/${service}/${name}/00000000-0000-4000-8000-000000000000`;
    assert.equal(await keeper.deletionStatus(taskId), undefined);
  },

  "writes the description of a service-linked role": async (iam) => {
    await remove(iam);
    await iam.keeper.create(service);
    await iam.keeper.describe(name, "Batch's own");
    const { description } = await readPresent(iam, name);
    assert.deepEqual(description, { observed: true, value: "Batch's own" });
  },

  "refuses to describe a role that does not exist": async ({ keeper }) => {
    await assert.rejects(keeper.describe(uniqueName("Nobody"), "x"), refusedWith("NoSuchEntity"));
  },

  "shows that a role was never used": async (iam) => {
    const { role } = await iam.keeper.activity(await makeRole(iam));
    assert.deepEqual(role, { observed: true, value: null });
  },

  "reports no service if a role was never used": async (iam) => {
    const { services } = await iam.keeper.activity(await makeRole(iam));
    assert.deepEqual(services, { observed: true, value: [] });
  },

  "refuses to read the activity of a role that does not exist": async ({ keeper }) => {
    await assert.rejects(keeper.activity(uniqueName("Nobody")), refusedWith("NoSuchEntity"));
  },
} satisfies Record<string, IamRule>;

async function ensure({ keeper, reader }: Pick<IamFixture, "keeper" | "reader">): Promise<void> {
  if ((await reader.read(name)).status === "absent") await keeper.create(service);
}

async function remove({
  keeper,
  reader,
  pass,
}: Pick<IamFixture, "keeper" | "reader" | "pass">): Promise<void> {
  if ((await reader.read(name)).status === "absent") return;
  await keeper.delete(name);
  pass(aWhile);
}

function refusedWith(code: string): (error: unknown) => boolean {
  return (error) => error instanceof LinkedRoleRefusedError && error.code === code;
}

// An account that deletes at once refuses the second deletion; the two calls then return different values.
function notAnswered(error: unknown): string {
  return error instanceof LinkedRoleRefusedError ? error.code : String(error);
}
