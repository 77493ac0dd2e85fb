import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { instantOf } from "@drift-guard/core/model/instant";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { RollbackApplyOutput, RollbackPlanOutput } from "drift-guard/output/rollback";
import { account, aFinding, aGrant, aKey, anActor, batchServicePolicy } from "../../builders.ts";
import { readOutput } from "../outputs.ts";
import { runCli, unwrap, writeTemporary } from "../process.ts";

import { attachment, findingId, LiveRole, name, writeStores } from "./drifted-role.ts";

describe("rollback apply", () => {
  it("holds a pause", async () => {
    const live = new LiveRole();
    const run = await live.run(["apply", name, "--findings", await writeStores(), "--yes"]);
    assert.deepEqual([run.code, live.attached], [1, false]);
    assert.match(unwrap(run.stdout), /paused until .* incident .* Nothing was changed\./);
  });

  it("keeps no drift that its own actor accepted, also where rollback is off for the role", async () => {
    for (const [owner, stays] of [
      [anActor().arn ?? "", false],
      [`arn:aws:iam::${account}:user/ada`, true],
    ] as const) {
      const file = join(dirname(await writeTemporary("note", "")), "guard.sqlite");
      const database = openDatabase(file);
      const store = createFindingStore(database, { sinks: [] });
      const before = await store.load(aKey());
      const findings = [aFinding({ id: findingId, causedBy: anActor() })];
      await store.commit({ before, after: { ...before, findings }, transitions: [] });
      const detached = `The policy ${batchServicePolicy} is not attached.`;
      const grants = [aGrant({ actions: ["*"], resources: ["*"] })];
      const expires = instantOf(new Date(Date.now() + 3_600_000));
      const exception = {
        findingId,
        digest: "",
        grants,
        denies: [],
        detail: detached,
        owner,
        reason: "ok",
        expires,
      };
      await createControlStore(database).decide(aKey(), { kind: "exception", exception });
      database.close();
      const { stdout } = await new LiveRole().run(["plan", name, "--findings", file, "--json"]);
      const { drifts, steps } = readOutput(RollbackPlanOutput, stdout);
      assert.deepEqual(
        [drifts.some(({ guard }) => guard.kind === "accepted"), steps.length],
        [stays, stays ? 0 : 1],
      );
    }
  });

  it("needs --yes, and a guard whose decisions it knows", async () => {
    const bare = await runCli(["rollback", "apply", name]);
    assert.equal(bare.code, 2);
    assert.match(unwrap(bare.stderr), /Nothing was changed\. .* Then add --yes/);
    const unknown = await runCli(["rollback", "apply", name, "--yes"]);
    assert.match(unwrap(unknown.stderr), /Nothing was changed\. .* --stage NAME or --findings FILE/);
  });

  it("carries the plan out with the caller's credentials, and reads the role afterwards", async () => {
    const live = new LiveRole();
    const { code, stdout, stderr } = await live.run(["apply", name, "--stage", "production", "--yes"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(
      unwrap(stdout),
      /1\. iam:AttachRolePolicy: .* 1 of 1 step took effect .* shows none of these drifts\. The guard sees these calls as changes by you/,
    );
    assert.equal(live.attached, true);
    assert.deepEqual(
      live.tables,
      new Set(["drift-guard-production-control", "drift-guard-production-findings"]),
    );
  });

  it("carries out the plan that plan printed, and no other", async () => {
    const live = new LiveRole();
    const guard = ["--stage", "production"];
    const planned = await live.run(["plan", name, ...guard]);
    const command = /^ {2}npx drift-guard (rollback apply .*)$/m.exec(planned.stdout)?.[1];
    assert.ok(command !== undefined, planned.stdout);
    assert.equal(live.attached, false);
    const other = await live.run(["apply", name, ...guard, "--plan", "0123456789", "--yes", "--json"]);
    const { outcome, changed, why } = readOutput(RollbackApplyOutput, other.stdout);
    assert.deepEqual([other.code, outcome, changed, live.attached], [1, "not carried out", false, false]);
    assert.match(why, /The plan is not the one that --plan names/);
    const { code } = await live.run(command.split(" ").slice(1));
    assert.deepEqual([code, live.attached], [0, true]);
  });

  it("is preceded by a plan that names what waits for an approval, with its command", async () => {
    const live = new LiveRole();
    const config = { roles: { [name]: { rollback: { missing: "approve" } } } };
    const file = await writeTemporary("config.json", JSON.stringify(config));
    const { stdout } = await live.run(["plan", name, "--stage", "production", "--config", file]);
    const id = findingId.slice(0, 12);
    assert.match(
      stdout,
      new RegExp(`^ {2}npx drift-guard rollback approve ${id} --stage production --config \\S+ --yes$`, "m"),
    );
  });

  it("says which call IAM refused, and the statement to ask for", async () => {
    const live = new LiveRole({ denied: true });
    const run = await live.run(["apply", name, "--stage", "production", "--yes", "--json"]);
    const output = readOutput(RollbackApplyOutput, run.stdout);
    const { outcome, changed, why, left, effective, statements } = output;
    assert.deepEqual([run.code, outcome, changed, effective], [1, "failed", false, []]);
    assert.match(why, /iam:AttachRolePolicy on AWSBatchServiceRole failed: .*AccessDenied/);
    assert.deepEqual(statements, [
      {
        Effect: "Allow",
        Action: ["iam:AttachRolePolicy"],
        Resource: `arn:aws:iam::${account}:role/service-role/${name}`,
        Condition: { ArnEquals: { "iam:PolicyARN": batchServicePolicy } },
      },
    ]);
    const { stdout } = await live.run(["apply", name, "--stage", "production", "--yes"]);
    assert.match(unwrap(stdout), /Ask for this statement in the permissions policy of the identity/);
    assert.match(stdout, /^ {2}"Effect": "Allow",$/m);
    assert.deepEqual(left, [{ finding: findingId, part: attachment, side: "missing" }]);
  });

  it("has nothing to do for a role without drift", async () => {
    const live = new LiveRole({ attached: true });
    const run = await live.run(["apply", name, "--stage", "production", "--yes"]);
    assert.equal(run.code, 0);
    assert.match(unwrap(run.stdout), /There is nothing to roll back\. Nothing was changed\./);
  });
});
