import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { defaultRoles, defineConfig } from "@drift-guard/core/config/config";
import { labelDescription } from "@drift-guard/core/config/fingerprint";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { managedPart } from "@drift-guard/core/model/part";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { RollbackApplyOutput, RollbackPlanOutput, RollbackStatusOutput } from "drift-guard/output/rollback";
import { runProgram } from "drift-guard/program";
import { type Answer, type Call, json, jsonFault, refusal, xml } from "../aws/responder.ts";
import {
  aControl,
  account,
  aDrift,
  aFinding,
  aGrant,
  aKey,
  allow,
  anActor,
  aRollback,
  batchServicePolicy,
} from "../builders.ts";
import { referenceOf } from "../core/watched-roles.ts";
import { identifyCaller, runLive } from "./live-account.ts";
import { readOutput } from "./outputs.ts";
import { type Run, runCli, unwrap, writeTemporary } from "./process.ts";
import { printSnapshot, rolesWith } from "./snapshots.ts";

const name = "AWSBatchServiceRole";
const attachment = managedPart(batchServicePolicy);
const findingId = identifyFinding(aKey(), aDrift());

/** A file of an account whose Batch service role lacks its policy and has another. */
function writeAccount(): Promise<string> {
  const rogue = { PolicyName: "rogue", PolicyDocument: JSON.parse(allow("iam:*")) };
  const drifted = { AttachedManagedPolicies: [], RolePolicyList: [rogue] };
  const roles = rolesWith(name, { ...drifted, RoleId: "AROA2BATCHSERVICEROLE" });
  return writeTemporary("account.json", printSnapshot(roles));
}

describe("rollback plan", () => {
  it("shows each step with what it expects, its grants and its command, and changes nothing", async () => {
    const file = await writeAccount();
    const { code, stdout, stderr } = await runCli(["rollback", "plan", name, "--account", file]);
    assert.deepEqual([code, stderr], [1, ""]);
    const said = unwrap(stdout);
    assert.match(
      said,
      /1\. iam:DeleteRolePolicy: .* Expects: The inline policy rogue .* - iam:\* on \* aws iam delete-role-policy/,
    );
    assert.match(said, /2\. iam:AttachRolePolicy: .* \+ autoscaling:CreateAutoScalingGroup and 60 more/);
    assert.match(
      stdout,
      /^ {5}aws iam attach-role-policy --role-name AWSBatchServiceRole --policy-arn \S+$/m,
    );
    assert.match(said, /The guard does not roll it back: the configuration turns rollback of "excess" off\./);
    assert.match(said, /Nothing was changed\. The role was read from a file/);
  });

  for (const columns of [80, 120]) {
    it(`fits ${columns} columns, apart from commands and names`, async () => {
      const file = await writeAccount();
      const lines = await printAt(columns, ["rollback", "plan", name, "--account", file]);
      const long = lines.filter((line) => line.length > columns);
      assert.deepEqual(
        long.filter((line) => !line.startsWith("     aws iam ")),
        [],
      );
    });
  }

  it("prints the same as JSON, the worst drift first", async () => {
    const file = await writeAccount();
    const { code, stdout } = await runCli(["rollback", "plan", name, "--account", file, "--json"]);
    assert.equal(code, 1);
    const { drifts, steps, plan, control, changed } = readOutput(RollbackPlanOutput, stdout);
    assert.deepEqual([changed, control, plan?.length], [false, undefined, 64]);
    assert.deepEqual(
      drifts.map(({ drift, guard, planned }) => [drift.side, guard.kind, planned]),
      [
        ["excess", "off", true],
        ["missing", "off", true],
      ],
    );
    assert.deepEqual(
      steps.map(({ call, gains, losses }) => [call, gains.length > 0, losses.length > 0]),
      [
        ["iam:DeleteRolePolicy", false, true],
        ["iam:AttachRolePolicy", true, false],
      ],
    );
  });

  it("restores nothing while a stranger could get it, unless you insist", async () => {
    const trust = {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "batch.amazonaws.com" }, Action: "sts:AssumeRole" },
        { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" },
      ],
    };
    const roles = rolesWith(name, { AttachedManagedPolicies: [], AssumeRolePolicyDocument: trust });
    const plan = [
      "rollback",
      "plan",
      name,
      "--account",
      await writeTemporary("a.json", printSnapshot(roles)),
    ];
    const careful = unwrap((await runCli(plan)).stdout);
    assert.match(
      careful,
      /No step below repairs it, because that is not safe\. The trust policy .* With --force,/,
    );
    assert.doesNotMatch(careful, /iam:AttachRolePolicy:/);
    const insisting = unwrap((await runCli([...plan, "--force"])).stdout);
    assert.match(insisting, /You insist on it although it is not safe\. The trust policy/);
    assert.match(insisting, /1\. iam:UpdateAssumeRolePolicy: .* 2\. iam:AttachRolePolicy:/);
  });

  it("plans one finding alone, by the first characters of its id", async () => {
    const [file, database] = [await writeAccount(), await writeStores({ paused: false })];
    const run = await runCli([
      ...["rollback", "plan", findingId.slice(0, 8), "--account", file],
      ...["--findings", database, "--json"],
    ]);
    assert.equal(run.stderr, "");
    const { drifts, steps, control } = readOutput(RollbackPlanOutput, run.stdout);
    assert.deepEqual([drifts.map(({ finding }) => finding), control], [[findingId], database]);
    assert.deepEqual(
      steps.map(({ call }) => call),
      ["iam:AttachRolePolicy"],
    );
  });

  it("knows what AWS Batch uses a role for, from its describe calls", async () => {
    const [example] = rolesWith("ecsTaskExecutionRole", {}).filter(
      ({ RoleName }) => RoleName === "ecsTaskExecutionRole",
    );
    assert.ok(example);
    const arn = `arn:aws:iam::${account}:role/Execution`;
    const used = { ...example, RoleName: "Execution", Arn: arn, AttachedManagedPolicies: [] };
    const file = await writeTemporary("account.json", printSnapshot([used]));
    const definition = {
      jobDefinitionName: "render",
      jobDefinitionArn: `arn:aws:batch:us-east-1:${account}:job-definition/render:3`,
      revision: 3,
      status: "ACTIVE",
      type: "container",
      containerProperties: { image: "busybox", executionRoleArn: arn },
    };
    const batch = await writeTemporary("batch.json", JSON.stringify({ jobDefinitions: [definition] }));
    const plan = ["rollback", "plan", "Execution"];
    const unknown = await runCli([...plan, "--account", file]);
    assert.match(unwrap(unknown.stderr), /Execution is not a watched role/);
    const { stdout, stderr } = await runCli([...plan, "--account", file, "--batch", batch]);
    assert.equal(stderr, "");
    assert.match(stdout, /missing +managed/);
    const alone = await runCli([...plan, "--batch", batch]);
    assert.match(unwrap(alone.stderr), /--batch goes with --account/);
    const both = await runCli([...plan, "--account", "-", "--batch", "-"]);
    assert.match(unwrap(both.stderr), /either --account or --batch, not both/);
  });

  it("has no step for a role without drift", async () => {
    const file = await writeTemporary("account.json", printSnapshot(rolesWith(name, {})));
    const { code, stdout } = await runCli(["rollback", "plan", name, "--account", file]);
    assert.equal(code, 0);
    assert.match(
      unwrap(stdout),
      /The role has no drift\. Nothing was changed\. There is no step to carry out\./,
    );
  });

  it("says that a rollback creates no role", async () => {
    const file = await writeTemporary(
      "account.json",
      printSnapshot(rolesWith(name, {}).filter(({ RoleName }) => RoleName !== name)),
    );
    const { code, stdout } = await runCli(["rollback", "plan", name, "--account", file]);
    assert.equal(code, 0);
    assert.match(
      unwrap(stdout),
      /does not exist, and nothing is known to need it\. A rollback creates no role: npx drift-guard ensure AWSBatchServiceRole/,
    );
  });

  it("refuses what is no watched role, and an id without a guard", async () => {
    const file = await writeAccount();
    const of = async (asked: string) =>
      unwrap((await runCli(["rollback", "plan", asked, "--account", file])).stderr);
    assert.match(await of("Nobody"), /Nobody is not a watched role/);
    assert.match(await of("abcdef12"), /name the guard that stores the finding: --stage NAME/);
    assert.match(
      await of("arn:aws:iam::999988887777:role/AWSBatchServiceRole"),
      /is of another account than 123456789012/,
    );
  });

  it("takes either a deployed guard or an embedded one", async () => {
    const { code, stderr } = await runCli([
      ...["rollback", "plan", name, "--stage", "production", "--findings", "x.sqlite"],
    ]);
    assert.equal(code, 2);
    assert.match(
      unwrap(stderr),
      /--stage names a deployed guard, and --findings the file of an embedded one/,
    );
  });
});

describe("check of a role whose sessions a rollback ended", () => {
  it("says what the policy looks like, and what shows whose it is", async () => {
    const statement = {
      Effect: "Deny",
      Action: ["*"],
      Resource: ["*"],
      Condition: { DateLessThan: { "aws:TokenIssueTime": "2026-11-22T12:00:00Z" } },
    };
    const revoked = {
      PolicyName: "DriftGuardRevokedSessions-20261122T120000Z",
      PolicyDocument: { Version: "2012-10-17", Statement: [statement] },
    };
    const file = await writeTemporary(
      "account.json",
      printSnapshot(rolesWith(name, { RolePolicyList: [revoked] })),
    );
    const { code, stdout } = await runCli(["check", name, "--account", file]);
    assert.equal(code, 1);
    assert.match(
      unwrap(stdout),
      /By its name, it is a policy .* rollback status AWSBatchServiceRole --stage/,
    );
  });
});

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

/** A file of an embedded guard, with a finding and a full control record of the Batch service role. */
async function writeStores({
  paused = true,
  roleId = "AROA1",
  approvedMinutesAgo = 1,
} = {}): Promise<string> {
  const file = join(dirname(await writeTemporary("note", "")), "guard.sqlite");
  const database = openDatabase(file);
  const now = Date.now();
  const at = (minutes: number): Instant => instantOf(new Date(now + minutes * 60_000));
  const role = aKey();
  const finding = aFinding({ id: findingId });
  const store = createFindingStore(database, { sinks: [] });
  const before = await store.load(role);
  await store.commit({ before, after: { ...before, findings: [finding] }, transitions: [] });
  const control = createControlStore(database);
  const done = aRollback("done");
  assert.ok(done.status === "done");
  await control.commit({
    before: aControl(),
    after: aControl({
      enrolment: { roleId: "AROA2BATCHSERVICEROLE", at: at(-9000), cleanAt: at(-60) },
      rollbacks: [
        {
          ...done,
          plan: { ...done.plan, findings: [findingId] },
          before: { ...done.before, id: roleId },
          startedAt: at(-3),
          endedAt: at(-2),
        },
      ],
      attempts: [{ findingId, starts: [at(-30), at(-20), at(-3)] }],
      nextTry: at(2),
    }),
  });
  const digest = digestEvidence(aDrift());
  const ada = `arn:aws:iam::${account}:user/ada`;
  const pause = { scope: "role", by: ada, at: at(-1), until: at(60), reason: "incident" } as const;
  if (paused) await control.decide(role, { kind: "pause", pause });
  await control.decide(role, {
    kind: "approval",
    approval: {
      findingId,
      digest,
      by: ada.replace("ada", "grace"),
      at: at(-approvedMinutesAgo),
      expires: at(60),
    },
  });
  await control.decide(role, {
    kind: "exception",
    exception: { findingId: "another", digest, owner: "ada", reason: "migration", expires: at(60) },
  });
  database.close();
  return file;
}

/** The Batch service role of a live account, and the empty tables of a deployed guard. */
class LiveRole {
  attached: boolean;
  readonly denied: boolean;
  /** The tables that were read. */
  readonly tables = new Set<string>();

  readonly #configuration: Answer;

  constructor({
    attached = false,
    denied = false,
    configuration = json({ Description: labelDescription("Answers", defineConfig({ roles: defaultRoles })) }),
  } = {}) {
    this.attached = attached;
    this.denied = denied;
    this.#configuration = configuration;
  }

  run(args: readonly string[]): Promise<Run> {
    return runLive(["rollback", ...args], (call) => this.#answer(call));
  }

  #answer({ action, parameters, body }: Call): Answer {
    const list = (inside: string) => xml(action, `<IsTruncated>false</IsTruncated>${inside}`);
    const reference = referenceOf(name);
    if (/functions\/[^/]+\/configuration$/.test(action)) return this.#configuration;
    switch (action) {
      case "GetCallerIdentity":
        return identifyCaller({ action });
      case "Query": {
        const { TableName } = JSON.parse(body);
        this.tables.add(TableName);
        return json({ Items: [], Count: 0 });
      }
      case "GetRole":
        return xml(
          action,
          `<Role><RoleName>${name}</RoleName><RoleId>AROA1</RoleId><Path>/service-role/</Path><Arn>arn:aws:iam::${account}:role/service-role/${name}</Arn><AssumeRolePolicyDocument>${encodeURIComponent(reference.trust)}</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></Role>`,
        );
      case "ListAttachedRolePolicies":
        return list(
          this.attached
            ? `<AttachedPolicies><member><PolicyName>${name}</PolicyName><PolicyArn>${batchServicePolicy}</PolicyArn></member></AttachedPolicies>`
            : "",
        );
      case "GetPolicy":
        return xml(
          action,
          `<Policy><Arn>${batchServicePolicy}</Arn><DefaultVersionId>${reference.attachments[0]?.version}</DefaultVersionId></Policy>`,
        );
      case "GetPolicyVersion":
        return xml(
          action,
          `<PolicyVersion><Document>${encodeURIComponent(reference.attachments[0]?.document ?? "")}</Document></PolicyVersion>`,
        );
      case "AttachRolePolicy":
        if (this.denied)
          return refusal("AccessDenied", "not authorized to perform: iam:AttachRolePolicy", 403);
        assert.equal(parameters.get("PolicyArn"), batchServicePolicy);
        this.attached = true;
        return xml(action, "");
      default:
        return list("");
    }
  }
}

/** Returns the lines that a command prints on a terminal of some columns. */
async function printAt(columns: number, args: readonly string[]): Promise<readonly string[]> {
  const { Readable, Writable } = await import("node:stream");
  const chunks: string[] = [];
  const open = () =>
    Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          chunks.push(String(chunk));
          done();
        },
      }),
      { columns },
    );
  const exitCode = process.exitCode;
  await runProgram(args, { stdin: Readable.from([]), stdout: open(), stderr: open() });
  process.exitCode = exitCode;
  return chunks.join("").split("\n");
}
