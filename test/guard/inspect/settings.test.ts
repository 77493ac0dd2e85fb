import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { type Role, unseen } from "@drift-guard/core/model/role";
import type { RoleReader } from "@drift-guard/core/ports";
import { defineReference } from "@drift-guard/core/reference/reference";
import { referenceOf } from "../../core/watched-roles.ts";
import { aWorld, mallory, type World } from "../world.ts";

const roleName = "AWSBatchServiceRole";
const configWith = (altered: "off" | "automatic") =>
  defineConfig({
    references: [defineReference({ ...referenceOf(roleName), description: "", maxSession: 3_600, tags: {} })],
    roles: { [roleName]: { strictness: { tags: "closed" }, rollback: { altered } } },
  });

function edit(world: World): void {
  world.act({ call: "UpdateRole", roleName, description: "mine", maxSessionDuration: 43_200 }, mallory);
  world.act({ call: "TagRole", roleName, tags: [{ key: "team", value: "red" }] }, mallory);
}

const open = async (world: World) =>
  (await world.findings()).filter(({ state }) => state === "open").map(({ evidence }) => `${evidence.part}`);

/** The reader, whose account pages show settings only where they are asked for, as IAM's do. */
const asPages = (reader: RoleReader): RoleReader => ({
  ...reader,
  async *readMany(names, needsSettings = () => false) {
    const hidden: Pick<Role, "description" | "maxSession"> = {
      description: unseen("not shown"),
      maxSession: unseen("not shown"),
    };
    for await (const reading of reader.readMany(names)) {
      yield reading.status === "present" && !needsSettings(reading.role.name)
        ? { ...reading, role: { ...reading.role, ...hidden } }
        : reading;
    }
  },
});

describe("A role whose reference has a description, a maximum session duration and tags", () => {
  it("is reported for each that somebody edits, and who did it", async () => {
    const world = aWorld({ config: configWith("off") });
    edit(world);
    await world.settle();
    assert.deepEqual((await open(world)).sort(), ["description", "session", "tag:team"]);
    const authors = (await world.findings()).map(({ causedBy }) => causedBy?.arn?.split("/").at(-1));
    assert.deepEqual(new Set(authors), new Set(["mallory"]));
  });

  it("is put back where the owner asked for that", async () => {
    const world = aWorld({ config: configWith("automatic") });
    edit(world);
    await world.settle();
    await world.settle();
    assert.deepEqual(await open(world), []);
    const reading = await world.ports.roles.read(roleName);
    assert.ok(reading.status === "present");
    const { description, maxSession, tags } = reading.role;
    assert.deepEqual(
      [description, maxSession, tags].map((part) => part.observed && part.value),
      ["", 3_600, {}],
    );
  });

  it("is swept with all three, although account pages do not show them", async () => {
    const world = aWorld({ config: configWith("off"), disorder: () => [], roles: asPages });
    await world.sweep();
    assert.deepEqual(await open(world), []);
    edit(world);
    await world.sweep();
    assert.deepEqual((await open(world)).sort(), ["description", "session", "tag:team"]);
  });
});
