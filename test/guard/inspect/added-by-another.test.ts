import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import { account, allow } from "../../builders.ts";
import { aWorld, bob, mallory } from "../world.ts";

const roleName = "AWSBatchServiceRole";
const put = (action: string) =>
  ({ call: "PutRolePolicy", roleName, policyName: "extra", policyDocument: allow(action) }) as const;

describe("Somebody who adds to another person's drift", () => {
  for (const looksUp of [true, false]) {
    it(`is named although a change of another part showed the addition first, ${looksUp ? "with" : "without"} lookups`, async () => {
      const world = aWorld({ looksUp, config: defineConfig({ roles: { [roleName]: {} } }) });
      world.act(put("s3:GetObject"), bob);
      await world.settle();
      world.act({ call: "TagRole", roleName, tags: [{ key: "a", value: "b" }] }, mallory);
      world.act(put("*"), mallory);
      await world.settle();
      const [finding] = (await world.findings()).filter(({ evidence }) => evidence.kind === "drift");
      assert.equal(finding?.causedBy?.arn, `arn:aws:iam::${account}:user/mallory`);
      const worsened = world.announced.find(({ kind }) => kind === "worsened");
      assert.equal(worsened?.finding.causedBy, undefined, "people are not told the wrong name");
    });
  }
});
