import assert from "node:assert/strict";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { before, describe, it } from "node:test";
import { writeAcceptedDrift } from "@drift-guard/core/config/accepted-drift";
import type { Note } from "@drift-guard/core/model/evidence";
import { bodyOf, type Finding, FindingState } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { partOf } from "@drift-guard/core/model/part";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import {
  FindingsExportOutput,
  FindingsHistoryOutput,
  FindingsListOutput,
  FindingsShowOutput,
} from "drift-guard/output/findings";
import {
  aDrift,
  aFinding,
  aGrant,
  aKey,
  anActor,
  anUndecided,
  aTransition,
  everyEvidence,
} from "../builders.ts";
import { evil } from "../formats/transitions.ts";
import { asffRules } from "../formats/validators/asff.ts";
import { ocsfRules } from "../formats/validators/ocsf.ts";
import { listBroken } from "../formats/validators/rules.ts";
import { readOutput } from "./outputs.ts";
import { endOf, printAt, runCli, startCli, unwrap, writeTemporary } from "./process.ts";

const ago = (hours: number): Instant => instantOf(new Date(Date.now() - hours * 3_600_000));

const administrator = aDrift({
  part: "managed:arn:aws:iam::aws:policy/AdministratorAccess",
  side: "excess",
  grants: [
    aGrant({
      actions: ["*"],
      resources: ["*"],
      example: { action: "iam:CreateUser", resource: "arn:aws:iam::123456789012:user/eve", context: {} },
    }),
  ],
});
const aNote: Note = {
  kind: "note",
  part: partOf("role"),
  topic: "unexplained-symptom",
  details: [evil],
  grants: [],
};
const longName = `batch-${"very-long-".repeat(5)}role`;
const eventId = "0c1eed73-00ee-4810-8009-c9ce5990c1aa";

const added = aFinding({
  id: identifyFinding(aKey(), administrator),
  evidence: administrator,
  severity: "CRITICAL",
  arn: "arn:aws:iam::123456789012:role/service-role/AWSBatchServiceRole",
  roleId: "AROA2BATCHSERVICEROLE",
  openedAt: ago(5),
  firstSeenAt: ago(5),
  lastSeenAt: ago(1),
  causedBy: anActor({ accessKeyId: "ASIAEXAMPLE", userAgent: "aws-cli/2.17.32" }),
  origin: { changeId: eventId, call: "iam:AttachRolePolicy", at: ago(5), region: "us-east-1" },
  expected: '{"Version":"2012-10-17","Statement":[]}',
  found: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
  usedBy: ["compute environment main (us-east-1)"],
});
const detached = aFinding({ id: identifyFinding(aKey(), aDrift()), openedAt: ago(24 * 9) });
const odd = aFinding({
  id: identifyFinding(aKey({ name: longName }), anUndecided()),
  role: aKey({ name: longName }),
  evidence: anUndecided({ part: `inline:${evil}${"x".repeat(100)}` }),
  severity: "MEDIUM",
  openedAt: ago(50),
});
const accepted = aFinding({
  id: identifyFinding(aKey(), aDrift({ part: "trust", side: "excess" })),
  evidence: aDrift({ part: "trust", side: "excess" }),
  state: "suppressed",
});
const over = aFinding({
  id: identifyFinding(aKey(), aDrift({ part: "session", side: "altered", grants: [] })),
  evidence: aDrift({ part: "session", side: "altered", grants: [] }),
  state: "resolved",
});

/** Writes the file of an embedded guard that holds findings. */
async function writeFindings(findings: readonly Finding[]): Promise<string> {
  const file = await writeTemporary("findings.sqlite", "");
  const database = openDatabase(file);
  await store(file, findings);
  database.close();
  return file;
}

async function store(file: string, findings: readonly Finding[]): Promise<void> {
  const database = openDatabase(file);
  const stored = createFindingStore(database, { sinks: [] });
  for (const [name, own] of Map.groupBy(findings, ({ role }) => role.name)) {
    const before = await stored.load(aKey({ name }));
    const kinds = { open: "opened", suppressed: "suppressed", resolved: "resolved" } as const;
    const actor = anActor({ arn: "arn:aws:iam::123456789012:user/eve" });
    const transitions = own
      .filter(({ id, seq }) => before.findings.find((known) => known.id === id)?.seq !== seq)
      .map((finding) => aTransition({ finding, kind: kinds[finding.state], actor }));
    await stored.commit({ before, after: { ...before, findings: own }, transitions });
  }
  database.close();
}

describe("findings list", () => {
  let file: string;
  before(async () => {
    file = await writeFindings([detached, odd, added, accepted, over]);
  });
  const list = (...args: readonly string[]) => runCli(["findings", "list", "--findings", file, ...args]);

  it("lists the open findings, the worst first, with what is left out, and returns 1", async () => {
    const { code, stdout, stderr } = await list();
    assert.deepEqual([code, stderr], [1, ""]);
    const [head, ...lines] = stdout.split("\n");
    assert.match(head ?? "", /^SEVERITY +ID +AGE +ROLE +WHAT$/);
    assert.match(
      lines[0] ?? "",
      /^CRITICAL +\w{8} +5h +AWSBatchServiceRole +excess: managed AdministratorAccess$/,
    );
    assert.match(
      lines[1] ?? "",
      /^HIGH +\w{8} +9d +AWSBatchServiceRole +missing: managed AWSBatchServiceRole$/,
    );
    assert.match(lines[2] ?? "", /^MEDIUM .*undecided: inline/);
    assert.match(
      unwrap(stdout),
      /3 findings: 1 CRITICAL, 1 HIGH, 1 MEDIUM\. Not listed: 1 suppressed, 1 resolved\. From /,
    );
  });

  for (const columns of [60, 80, 120]) {
    it(`has one line for each finding in ${columns} columns, cut by an ellipsis`, async () => {
      const lines = await printAt(columns, ["findings", "list", "--findings", file, "--state", "all"]);
      assert.deepEqual(
        lines.filter((line) => line.length > columns && !line.includes(file)),
        [],
      );
      assert.equal(lines.indexOf(""), 6);
      assert.match(lines.join("\n"), /…/);
    });
  }

  it("chooses by role, severity, state and age", async () => {
    const idsOf = async (...args: readonly string[]) => {
      const { stdout } = await list("--json", ...args);
      return readOutput(FindingsListOutput, stdout).findings.map(({ id }) => id);
    };
    assert.deepEqual(await idsOf("--role", "awsbatch*"), [added.id, detached.id]);
    assert.deepEqual(await idsOf("--role", longName), [odd.id]);
    assert.deepEqual(await idsOf("--severity", "high"), [added.id, detached.id]);
    assert.deepEqual(await idsOf("--state", "suppressed"), [accepted.id]);
    assert.deepEqual((await idsOf("--state", "all")).length, 5);
    assert.deepEqual(await idsOf("--age", "7d"), [detached.id]);
  });

  it("returns 0 where no open finding is listed, and 2 where findings cannot be read", async () => {
    const codes = [
      await list("--state", "suppressed"),
      await list("--age", "52w"),
      await runCli(["findings", "list", "--findings", "/nonexistent.sqlite"]),
      await runCli(["findings", "list"]),
      await list("--severity", "BAD"),
      await list("--state", "closed"),
      await list("--age", "soon"),
      // A variable that is not set.
      await list("--role", ""),
      await list("--state", "ALL"),
    ].map(({ code }) => code);
    assert.deepEqual(codes, [0, 0, 2, 2, 2, 2, 2, 2, 1]);
  });

  it("says where the credentials of the emulated account are printed", async () => {
    const env = {
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
      AWS_PROFILE: "",
      AWS_EC2_METADATA_DISABLED: "true",
    };
    const { code, stderr } = await runCli(["findings", "list", "--stage", "local"], {
      env: { ...env, AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" },
    });
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /for the stage local, run the exports that drift-guard local prints/);
  });

  it("keeps the worst on the screen with --watch, and counts what does not fit", async () => {
    const interrupt = () => process.listeners("SIGINT").at(-1)?.("SIGINT");
    const args = ["findings", "list", "--findings", file, "--state", "all", "--watch"];
    const lines = await printAt(300, args, { rows: 7, onPrint: interrupt });
    assert.equal(lines.length, 7);
    assert.match(lines[1] ?? "", /^CRITICAL/);
    assert.equal(lines[3], "3 more do not fit the screen.");
    assert.match(lines[5] ?? "", /^5 findings: /);
    const whole = await printAt(300, args, { rows: 9, onPrint: interrupt });
    assert.equal(whole.length, 9);
    assert.ok(!whole.join("\n").includes("do not fit"));
  });

  it("prints each change as a line into a pipe with --watch, and ends on Ctrl-C", async () => {
    const own = await writeFindings([detached]);
    const child = startCli(["findings", "list", "--findings", own, "--watch"]);
    child.stdin.end();
    const lines = createInterface({ input: child.stdout });
    const seen: string[] = [];
    lines.on("line", (line) => seen.push(line));
    const until = async (pattern: RegExp) => {
      while (!seen.some((line) => pattern.test(line))) await once(lines, "line");
    };
    await until(/1 finding: 1 HIGH/);
    await store(own, [detached, added]);
    await until(/^\d{4}-.* CRITICAL .*AdministratorAccess/);
    await store(own, [detached]);
    await until(/no longer listed: CRITICAL/);
    child.kill("SIGINT");
    assert.equal(await endOf(child), 1);
  });
});

describe("findings show", () => {
  let file: string;
  before(async () => {
    file = await writeFindings([detached, odd, added, accepted, over]);
  });
  const show = (id: string, ...args: readonly string[]) =>
    runCli(["findings", "show", id, "--findings", file, ...args]);

  it("shows grants with examples, texts, actor, links, history, standing and commands", async () => {
    const { code, stdout, stderr } = await show(added.id.slice(0, 6));
    assert.deepEqual([code, stderr], [1, ""]);
    const said = unwrap(stdout);
    for (const each of [
      /^CRITICAL open /,
      /Role AWSBatchServiceRole in account 123456789012/,
      /Role id AROA2BATCHSERVICEROLE/,
      /\+ \* on \*/,
      /For example: iam:CreateUser on arn:aws:iam::123456789012:user\/eve/,
      /Tool cli, as the user agent claims/,
      /Access key ASIAEXAMPLE/,
      /https:\/\/console\.aws\.amazon\.com\/iam\/home#\/roles\/details\/AWSBatchServiceRole/,
      new RegExp(
        `https://us-east-1\\.console\\.aws\\.amazon\\.com/cloudtrailv2/home\\?region=us-east-1#/events/${eventId}`,
      ),
      /- "Statement": \[\]/,
      /\+ "Effect": "Allow"/,
      /Used by compute environment main/,
      /What the guard does Rollback of excess permissions is off/,
      /New \(CRITICAL\) by arn:aws:iam::123456789012:user\/eve/,
      new RegExp(`npx drift-guard findings suppress ${added.id} --findings ${file} --reason "TEXT"`),
    ])
      assert.match(said, each);
  });

  it("shows hostile text without control characters", async () => {
    const { stdout } = await show(odd.id);
    assert.ok(!stdout.includes("\u001b") && !stdout.includes("\u202e"));
  });

  it("says which exception covers a suppressed finding, and how it ends", async () => {
    const database = openDatabase(file);
    const { digestEvidence } = await import("@drift-guard/core/model/identity");
    await createControlStore(database).decide(aKey(), {
      kind: "exception",
      exception: {
        findingId: accepted.id,
        digest: digestEvidence(accepted.evidence),
        owner: "arn:aws:iam::123456789012:user/anna",
        reason: "migration",
        expires: ago(-48),
      },
    });
    database.close();
    const { code, stdout } = await show(accepted.id);
    assert.equal(code, 0);
    assert.match(unwrap(stdout), /user\/anna accepted exactly this until .*: migration/);
    assert.match(stdout, new RegExp(`npx drift-guard findings reopen ${accepted.id}`));
  });

  it("says that an exception of the configuration ends there, and names no command that is refused", async () => {
    const extra = aDrift({ part: "inline:extra", side: "excess" });
    const covered = aFinding({ id: identifyFinding(aKey(), extra), evidence: extra, state: "suppressed" });
    const config = await writeTemporary(
      "drift-guard.config.json",
      JSON.stringify({
        roles: { AWSBatchServiceRole: {} },
        exceptions: [
          writeAcceptedDrift(
            { ...extra, role: aKey() },
            { owner: "team batch", reason: "pilot", expires: ago(-72) },
          ),
        ],
      }),
    );
    const file = await writeFindings([covered]);
    const { stdout } = await runCli(["findings", "show", covered.id, "--findings", file, "--config", config]);
    assert.match(unwrap(stdout), /team batch accepted exactly this until .*: pilot/);
    assert.match(unwrap(stdout), /to end it, remove it there, and deploy/);
    assert.doesNotMatch(stdout, /findings reopen/);
  });

  it("prints the same as JSON", async () => {
    const { stdout } = await show(added.id, "--json");
    const { finding, tool, links, standing, history, commands } = readOutput(FindingsShowOutput, stdout);
    assert.equal(finding.id, added.id);
    assert.deepEqual([tool, standing.kind, history.length], ["cli", "off", 1]);
    assert.ok(links.event?.endsWith(eventId));
    assert.ok(commands.length > 2);
  });

  it("refuses an id that names no finding, or several", async () => {
    const other = aFinding({ ...bodyOf(detached), id: `${added.id.slice(0, 30)}zz` });
    const two = await writeFindings([added, other]);
    const results = [
      await show("0000000000000000000000000000000z"),
      await runCli(["findings", "show", added.id.slice(0, 20), "--findings", two]),
    ];
    assert.deepEqual(
      results.map(({ code }) => code),
      [2, 2],
    );
    assert.match(
      unwrap(results[1]?.stderr ?? ""),
      /2 finding ids begin with .*: [0-9a-f]{12} \(AWSBatchServiceRole, .*\), [0-9a-f]{12} \(.*\)\. Give more of the id\./,
    );
  });
});

describe("findings history", () => {
  it("shows every transition, also as JSON", async () => {
    const file = await writeFindings([added]);
    await store(file, [aFinding({ ...bodyOf(added), seq: 2, state: "resolved" })]);
    const { code, stdout } = await runCli(["findings", "history", added.id, "--findings", file]);
    assert.equal(code, 0);
    assert.equal(stdout.trim().split("\n").length, 2);
    const { stdout: document } = await runCli([
      "findings",
      "history",
      added.id,
      "--findings",
      file,
      "--json",
    ]);
    assert.deepEqual(
      readOutput(FindingsHistoryOutput, document).transitions.map(({ finding }) => finding.seq),
      [1, 2],
    );
  });
});

describe("the history of an exception", () => {
  it("names who accepted a drift or ended the exception, never its author", async () => {
    const file = await writeFindings([]);
    const exception = {
      owner: "team batch",
      reason: "reads its input",
      expires: "2026-11-28T06:30:32Z",
      configured: true,
    } as const;
    const accepts = aFinding({ ...bodyOf(added), seq: 2, state: "suppressed" });
    const open = aFinding({ ...bodyOf(added), seq: 3, state: "open" });
    const database = openDatabase(file);
    const stored = createFindingStore(database, { sinks: [] });
    const actor = anActor({ arn: "arn:aws:iam::123456789012:user/eve" });
    for (const transition of [
      aTransition({ finding: accepts, kind: "suppressed", actor }),
      aTransition({ finding: open, kind: "reopened", exception, actor }),
    ]) {
      const before = await stored.load(aKey());
      const after = { ...before, findings: [transition.finding] };
      await stored.commit({ before, after, transitions: [transition] });
    }
    database.close();
    const { stdout } = await runCli(["findings", "history", added.id, "--findings", file]);
    assert.match(
      unwrap(stdout),
      /Suppressed \(CRITICAL\) 2026-\S+ Exception ended \(CRITICAL\): that of team batch until 2026-11-28T06:30:32Z: reads its input/,
    );
    assert.doesNotMatch(stdout, /eve|Recurred/);
  });
});

describe("findings export", () => {
  let file: string;
  const all = [detached, odd, added, accepted, over];
  before(async () => {
    file = await writeFindings(all);
  });
  const lines = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await runCli(["findings", "export", "--findings", file, ...args]);
    assert.deepEqual([code, stderr], [0, ""]);
    return stdout.trimEnd().split("\n");
  };

  it("prints every finding as a line of JSON", async () => {
    const findings = (await lines()).map((line) => readOutput(FindingsExportOutput, line).finding);
    assert.deepEqual(new Set(findings.map(({ id }) => id)), new Set(all.map(({ id }) => id)));
  });

  it("prints comma-separated values, in which no cell is a formula", async () => {
    const evidence = aDrift({ part: 'tag:=cmd|"x"', side: "altered", grants: [] });
    const name = "-name";
    const own = await writeFindings([aFinding({ evidence, role: aKey({ name }) })]);
    const { stdout } = await runCli(["findings", "export", "--findings", own, "--format", "csv"]);
    const [head, row, ...rest] = stdout.trimEnd().split("\n");
    assert.match(head ?? "", /^id,state,severity,account,role,/);
    assert.match(row ?? "", /,'-name,/);
    assert.match(row ?? "", /"tag:=cmd\|""x"""/);
    assert.deepEqual(rest, []);
    assert.equal((await lines("--format", "csv")).length, all.length + 1);
  });

  it("prints valid OCSF and ASFF for findings of every kind and state", async () => {
    const kinds = [...everyEvidence(), aNote, anUndecided({ part: `inline:${evil}` })];
    const findings = FindingState.options.flatMap((state) =>
      kinds.map((evidence) => {
        const role = aKey({ name: `role-${state}` });
        return aFinding({ id: identifyFinding(role, evidence), role, evidence, state });
      }),
    );
    const every = await writeFindings(findings);
    for (const [format, rules] of [["ocsf", ocsfRules] as const, ["asff", asffRules] as const]) {
      const run = await runCli(["findings", "export", "--findings", every, "--format", format]);
      assert.deepEqual([run.code, run.stderr], [0, ""]);
      const documents = run.stdout.trimEnd().split("\n");
      assert.equal(documents.length, findings.length);
      for (const line of documents) assert.deepEqual(listBroken(rules, JSON.parse(line)), []);
    }
  });

  it("exports only the chosen findings", async () => {
    assert.equal((await lines("--state", "open", "--severity", "CRITICAL")).length, 1);
  });
});
