import assert from "node:assert/strict";
import { LinkedRoleRefusedError } from "@drift-guard/core/errors";
import { fresh, type IamDoor, type IamRule, makeRole, readPresent } from "./door.ts";

const name = "AWSServiceRoleForBatch";
const service = "batch.amazonaws.com";
// Longer than any deletion of an account with a clock of its own.
const aWhile = 600;

/** What holds for the keeper of service-linked roles. */
export const keeperRules = {
  "makes a service-linked role by its service, and tells its name": async ({ keeper, reader, pass }) => {
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

  "gives the earlier task while that has not ended": async ({ keeper, reader, pass }) => {
    await remove({ keeper, reader, pass });
    await keeper.create(service);
    const first = await keeper.delete(name).catch(notAnswered);
    assert.equal(await keeper.delete(name).catch(notAnswered), first);
  },

  "refuses to delete a role that is not there": async ({ keeper }) => {
    await assert.rejects(keeper.delete(fresh("Nobody")), refusedWith("NoSuchEntity"));
  },

  "knows no deletion task of another id": async ({ keeper }) => {
    const taskId = `task/aws-service-role/${service}/${name}/00000000-0000-4000-8000-000000000000`;
    assert.equal(await keeper.deletionStatus(taskId), undefined);
  },

  "writes the description of a service-linked role": async (door) => {
    await remove(door);
    await door.keeper.create(service);
    await door.keeper.describe(name, "Batch's own");
    const { description } = await readPresent(door, name);
    assert.deepEqual(description, { observed: true, value: "Batch's own" });
  },

  "refuses to describe a role that is not there": async ({ keeper }) => {
    await assert.rejects(keeper.describe(fresh("Nobody"), "x"), refusedWith("NoSuchEntity"));
  },

  "shows that a role was never used": async (door) => {
    const { role } = await door.keeper.activity(await makeRole(door));
    assert.deepEqual(role, { observed: true, value: null });
  },

  "reports no service where a role was never used": async (door) => {
    const { services } = await door.keeper.activity(await makeRole(door));
    assert.deepEqual(services, { observed: true, value: [] });
  },

  "refuses to tell the use of a role that is not there": async ({ keeper }) => {
    await assert.rejects(keeper.activity(fresh("Nobody")), refusedWith("NoSuchEntity"));
  },
} satisfies Record<string, IamRule>;

async function ensure({ keeper, reader }: Pick<IamDoor, "keeper" | "reader">): Promise<void> {
  if ((await reader.read(name)).status === "absent") await keeper.create(service);
}

async function remove({ keeper, reader, pass }: Pick<IamDoor, "keeper" | "reader" | "pass">): Promise<void> {
  if ((await reader.read(name)).status === "absent") return;
  await keeper.delete(name);
  pass(aWhile);
}

function refusedWith(code: string): (error: unknown) => boolean {
  return (error) => error instanceof LinkedRoleRefusedError && error.code === code;
}

// An account that deletes at once has nothing left to delete; it gave no earlier task, and no task either.
function notAnswered(error: unknown): string {
  return error instanceof LinkedRoleRefusedError ? error.code : String(error);
}
