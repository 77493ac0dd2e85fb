import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { findWatchedRole, listWatchedRoles } from "@drift-guard/core/config/watched-role";
import { findReference } from "@drift-guard/core/reference/built-in";
import { trustOf } from "../../builders.ts";

/** Returns the number of names that `work` brings to lower case, which is how names are compared. */
function countLowerCased(work: () => void): number {
  const original = String.prototype.toLowerCase;
  let calls = 0;
  String.prototype.toLowerCase = function () {
    calls += 1;
    return original.call(this);
  };
  try {
    work();
  } finally {
    String.prototype.toLowerCase = original;
  }
  return calls;
}

function writtenConfig(count: number) {
  const names = Array.from({ length: count }, (_, index) => `Worker-${index}`);
  const reference = {
    source: { title: "The owner's wiki", date: "2026-11-22" },
    trust: JSON.parse(trustOf("ecs-tasks.amazonaws.com")),
    attachments: [],
    boundary: "any" as const,
  };
  return {
    roles: Object.fromEntries(names.map((name) => [name, {}])),
    references: names.map((role) => ({ ...reference, role })),
  };
}

describe("a configuration of many roles with references of their own", () => {
  it("is checked in a number of steps that grows with the number of roles", () => {
    const [few, many] = [500, 1000].map((count) => countLowerCased(() => defineConfig(writtenConfig(count))));
    assert.ok(few !== undefined && many !== undefined && few > 0);
    assert.ok(many < 2.5 * few, `${few} names compared for 500 roles, ${many} for 1000`);
  });

  it("is searched once, however many roles are looked up", () => {
    const config = defineConfig(writtenConfig(1000));
    const names = listWatchedRoles({ config }).map(({ name }) => name);
    assert.equal(names.length, 1000);
    const compared = countLowerCased(() => {
      for (const name of names) {
        assert.ok(findWatchedRole({ config }, name.toUpperCase()));
        assert.ok(findReference(name, config.references));
      }
    });
    assert.ok(compared < 10 * names.length, `${compared} names compared for ${names.length} roles`);
  });

  it("names twenty of the references where one is not found", () => {
    const { roles, references } = writtenConfig(30);
    assert.throws(() => defineConfig({ roles: { ...roles, Other: {} }, references }), {
      message: /there is no reference Other; there are AWSBatchServiceRole, .*Worker-\d+ and \d+ more, and/,
    });
  });
});
