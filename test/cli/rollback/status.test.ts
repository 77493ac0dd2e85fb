import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { describe, it } from "node:test";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { RollbackStatusOutput } from "drift-guard/output/rollback";
import { json, jsonFault } from "../../aws/responder.ts";
import { readOutput } from "../outputs.ts";
import { runCli, unwrap, writeTemporary } from "../process.ts";

import { attachment, LiveRole, name, writeStores } from "./drifted-role.ts";

describe("rollback undo", () => {
  const undo = (database: string) => ["undo", name, "--findings", database, "--reason", "needed"];

  it("shows first which rollback it undoes, what it accepts, and the grants that change", async () => {
    const live = new LiveRole({ attached: true });
    const { code, stdout, stderr } = await live.run(undo(await writeStores()));
    assert.equal(code, 2, stderr);
    assert.match(
      unwrap(stdout),
      /This undoes the rollback rollback-1, which ended at \S+, and accepts its drift until \S+: HIGH .* \(finding \w{12}\) 1\. iam:DetachRolePolicy: .* - autoscaling:\S+ and \d+ more/,
    );
    assert.match(unwrap(stderr), /Nothing was changed\. Add --yes/);
  });

  it("has nothing to do where the drift came back already, or no call took effect", async () => {
    const live = new LiveRole();
    const { code, stderr } = await live.run(undo(await writeStores()));
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /Nothing was changed\. The role is already as it was before the rollback/);
  });

  it("does not undo a rollback of an earlier role of that name", async () => {
    const live = new LiveRole({ attached: true });
    const { stderr } = await live.run(undo(await writeStores({ roleId: "AROAEARLIER" })));
    assert.match(unwrap(stderr), /was made anew since the rollback rollback-1/);
  });
});

describe("rollback status", () => {
  it("needs a guard", async () => {
    const { code, stderr } = await runCli(["rollback", "status"]);
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /name it with --stage NAME, or with --findings FILE/);
  });

  it("shows rollbacks, attempts, the next try, pauses, approvals and exceptions", async () => {
    const database = await writeStores();
    const live = new LiveRole();
    const { code, stdout } = await live.run(["status", "--findings", database]);
    assert.equal(code, 1);
    const said = unwrap(stdout);
    assert.match(said, /rollback: excess off, missing off, altered off/);
    assert.match(said, /known since \S+ as AROA2BATCHSERVICEROLE, last clean read at/);
    assert.match(said, /paused until \S+ \(role\) by arn:aws:iam::123456789012:user\/ada: incident/);
    assert.match(
      said,
      /rollback rollback-1: done, .* iam:AttachRolePolicy at \S+: done, request request-of-rollback-1/,
    );
    assert.match(
      said,
      /: 3 rollbacks in the last 7 days, contested: something keeps setting it, next try at/,
    );
    assert.match(said, /next look at the role: /);
    assert.match(said, /approved until \S+: finding \S+, by arn:aws:iam::123456789012:user\/grace/);
    assert.match(said, /accepted until \S+: finding \S+, by ada: migration/);
    assert.match(said, /Nothing was changed\./);
  });

  it("says nothing of the observing phase where no role is rolled back", async () => {
    const database = await writeTemporary("new.sqlite", "");
    openDatabase(database).close();
    const { code, stdout } = await new LiveRole().run(["status", "--findings", database]);
    assert.equal(code, 0);
    assert.match(stdout, /rollback: excess off/);
    assert.doesNotMatch(stdout, /observed only/);
  });

  it("prints the same as JSON, of the roles that were asked for", async () => {
    const database = await writeStores();
    const live = new LiveRole();
    const run = await live.run(["status", name.toLowerCase(), "--findings", database, "--json"]);
    const { roles, exitCode } = readOutput(RollbackStatusOutput, run.stdout);
    assert.deepEqual([roles.map(({ role }) => role), exitCode], [[name], 1]);
    const [status] = roles;
    assert.deepEqual(status?.rollbacks[0]?.steps, [
      {
        call: "iam:AttachRolePolicy",
        part: attachment,
        status: "done",
        at: status?.rollbacks[0]?.steps[0]?.at,
        requestId: "request-of-rollback-1",
      },
    ]);
    assert.deepEqual(
      [status?.pauses.length, status?.attempts[0]?.contested, status?.approvals.length],
      [1, true, 1],
    );
  });

  it("says what is unknown of a role that rollback never read clean", async () => {
    const live = new LiveRole();
    const { code, stdout } = await live.run(["status", name, "--stage", "production"]);
    assert.equal(code, 0);
    assert.match(unwrap(stdout), /not known yet: no read by rollback found it clean/);
  });

  it("says by which configuration it judges, and warns where the guard was deployed with another", async () => {
    const status = async (live: LiveRole, ...args: readonly string[]) =>
      unwrap((await live.run(["status", name, "--stage", "production", ...args])).stdout);
    const own = await status(new LiveRole());
    assert.match(own, /modes from the default configuration\. Nothing was changed\./);
    assert.doesNotMatch(own, /Careful/);
    const file = await writeTemporary("other.json", JSON.stringify({ roles: { [name]: {} } }));
    const other = await status(new LiveRole(), "--config", file);
    assert.match(other, /Careful: the guard was deployed with another configuration than \S+other\.json/);
    const denied = new LiveRole({ configuration: jsonFault("AccessDeniedException", "no", 403) });
    assert.match(await status(denied), /is not known\. .*Allow lambda:GetFunctionConfiguration/);
    const earlier = new LiveRole({ configuration: json({ Description: "Answers" }) });
    assert.match(await status(earlier), /is not known\. The guard is of an earlier version\./);
  });

  it("writes nothing to a findings file that is missing or empty, and says which", async () => {
    const missing = await runCli(["rollback", "status", "--findings", "/nonexistent/guard.sqlite"]);
    assert.match(unwrap(missing.stderr), /The findings file \/nonexistent\/guard\.sqlite does not exist\./);
    const empty = await writeTemporary("guard.sqlite", "");
    const { code, stderr } = await runCli(["rollback", "status", "--findings", empty]);
    assert.deepEqual([code, statSync(empty).size], [2, 0]);
    assert.match(unwrap(stderr), /is empty: no embedded guard has stored anything in it/);
  });

  it("says where no guard of that stage is deployed", async () => {
    const configuration = jsonFault("ResourceNotFoundException", "Function not found", 404);
    for (const verb of ["status", "plan"]) {
      const { code, stderr } = await new LiveRole({ configuration }).run([verb, name, "--stage", "nosuch"]);
      assert.equal(code, 2);
      assert.match(unwrap(stderr), /There is no guard of the stage nosuch in us-east-1/);
    }
  });

  it("lists no approval that a rollback has used up", async () => {
    const database = await writeStores({ approvedMinutesAgo: 10 });
    const { stdout } = await new LiveRole().run(["status", "--findings", database]);
    assert.doesNotMatch(unwrap(stdout), /approved until/);
  });

  it("refuses a role that the configuration does not name", async () => {
    const live = new LiveRole();
    const { stderr } = await live.run(["status", "Nobody", "--stage", "production"]);
    assert.match(unwrap(stderr), /Nobody is not in the configuration/);
  });
});
