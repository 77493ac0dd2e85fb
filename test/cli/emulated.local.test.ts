import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { after, before, it } from "node:test";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { DetachRolePolicyCommand, IAMClient } from "@aws-sdk/client-iam";
import { findingKeys } from "@drift-guard/core/store/keys";
import { clientSettings } from "@drift-guard/local/client";
import { DoctorOutput } from "drift-guard/output/doctor";
import { FindingsHistoryOutput, FindingsListOutput } from "drift-guard/output/findings";
import { putInto } from "../aws/dynamodb/tables.ts";
import { aFinding, aKey, aTransition, batchServicePolicy } from "../builders.ts";
import { describeEmulated } from "../local/emulated-suite.ts";
import { readOutput } from "./outputs.ts";
import { endOf, runProcess, startCli, unwrap } from "./process.ts";

/** The output of a process, with a way to wait for more of it. */
class Printed {
  text = "";
  #waiting: (() => void)[] = [];

  add(piece: string): void {
    this.text += piece;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Waits for output that matches. Rejects with all output after two minutes. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    const late = AbortSignal.timeout(120_000);
    for (;;) {
      const found = pattern.exec(this.text);
      if (found) return found;
      if (late.aborted) throw new Error(`Nothing matches ${pattern} in:\n${this.text}`);
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        late.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }
}

describeEmulated("the local account", () => {
  let local: ReturnType<typeof startCli>;
  let ended: Promise<number | null>;
  let endpoint = "";
  const printed = new Printed();
  const live = () => ({
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_MAX_ATTEMPTS: "1",
    },
  });

  before(async () => {
    // pip keeps its downloads in the home folder.
    local = startCli(["local", "--rollback"], { env: { HOME: process.env.HOME ?? "" } });
    ended = endOf(local);
    local.stdout.setEncoding("utf8").on("data", (piece: string) => printed.add(piece));
    local.stderr.setEncoding("utf8").on("data", (piece: string) => printed.add(piece));
    const early = ended.then((code) => {
      throw new Error(`local ended with ${code} before it was asked to:\n${printed.text}`);
    });
    const answers = printed.until(/The account answers at (http:\/\/127\.0\.0\.1:\d+)[\s\S]*Ctrl-C stops it/);
    // After the start, the end of the process is expected.
    early.catch(() => {});
    [, endpoint = ""] = await Promise.race([answers, early]);
  });
  after(async () => {
    local.kill("SIGKILL");
    await ended;
  });

  it("starts with roles that a live check finds clean", async () => {
    const { code, stdout, stderr } = await runProcess(["check"], live());
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.match(stdout, /Account 123456789012 \(http:.*\): 3 of 3 roles clean/);
  });

  it("says at the start which newer versions of AWS's policies the account has, as the guard reports them", async () => {
    const policy = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole";
    const { stdout } = await runProcess(["check", "--json"], live());
    const document: { roles: { assessments: { kind: string; part: string; version?: string }[] }[] } =
      JSON.parse(stdout);
    const news = document.roles
      .flatMap(({ assessments }) => assessments)
      .filter(({ kind }) => kind === "vendor-change");
    const start = unwrap(printed.text);
    for (const { version } of news) assert.ok(start.includes(`The account has ${version} of ${policy}`));
    assert.equal(start.match(/The account has v\d+ of/g)?.length ?? 0, news.length);
  });

  it("reports a detached policy and attaches it again", async () => {
    const iam = new IAMClient(clientSettings(endpoint));
    await iam.send(
      new DetachRolePolicyCommand({ RoleName: "AWSBatchServiceRole", PolicyArn: batchServicePolicy }),
    );
    await printed.until(/New: Policy AWSBatchServiceRole is missing from AWSBatchServiceRole/);
    await printed.until(/- autoscaling:CreateAutoScalingGroup and 60 more on \*/);
    await printed.until(/Rolled back \(was HIGH\): Policy AWSBatchServiceRole was missing/);
    assert.equal((await runProcess(["check"], live())).code, 0);
    await printed.until(/Resolved \(was HIGH\): Policy AWSBatchServiceRole was missing/);
    await printed.until(/Nothing to do: rolled back by drift-guard at /);
  });

  it("tells how the commands about its guard find it, with the modes that it has", async () => {
    const [, stage = ""] = await printed.until(/rollback status --stage (\S+)/);
    const { code, stdout, stderr } = await runProcess(
      ["rollback", "status", "AWSBatchServiceRole", "--stage", stage],
      live(),
    );
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /rollback: excess automatic, missing automatic/);
    assert.match(unwrap(stdout), /rollback \S+: done, .* drift-guard-local-control/);
  });

  it("shows the findings of its guard, with what the guard did and the next commands", async () => {
    const guard = ["--stage", "local", "--json"];
    const list = await runProcess(["findings", "list", "--state", "all", ...guard], live());
    assert.equal(list.stderr, "");
    const { findings, exitCode } = FindingsListOutput.parse(JSON.parse(list.stdout));
    assert.equal(list.code, exitCode);
    const detached = findings.find(
      ({ part, state }) => part.includes("AWSBatchServiceRole") && state === "resolved",
    );
    assert.ok(detached, list.stdout);
    const history = await runProcess(["findings", "history", detached.id, ...guard], live());
    const { transitions } = FindingsHistoryOutput.parse(JSON.parse(history.stdout));
    assert.deepEqual(
      transitions.map(({ kind }) => kind),
      ["opened", "rolled-back", "resolved"],
    );
    const shown = await runProcess(["findings", "show", detached.id, "--stage", "local"], live());
    assert.equal(shown.code, 0);
    assert.match(unwrap(shown.stdout), /Nothing to do: rolled back by drift-guard at /);
    assert.match(shown.stdout, /npx drift-guard findings history \S+ --stage local/);
  });

  it("has its deployed sweep migrate items of schema 1", async () => {
    const client = new DynamoDBClient(clientSettings(endpoint));
    const role = aKey({ name: "old-role" });
    const finding = aFinding({ role });
    const put = putInto(client, "drift-guard-local-findings");
    const pk = findingKeys.partition(role);
    await put(pk, "LEDGER", { schema: 1, role, version: 1 });
    await put(pk, `FINDING#${finding.id}`, { schema: 1, finding });
    await put(pk, `TRANSITION#${finding.id}#000001`, { schema: 1, transition: aTransition({ finding }) });
    client.destroy();
    const migrate = () => runProcess(["migrate", "--stage", "local"], live());
    const { code, stdout, stderr } = await migrate();
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(unwrap(stdout), /3 of 3 items of 1 roles were migrated/);
    assert.match(unwrap((await migrate()).stdout), /All \d+ stored items have the present schema\./);
  });

  it("sends a test message through bus, queue and topic, and says that nobody is subscribed by e-mail", async () => {
    const [, stage = ""] = await printed.until(/rollback status --stage (\S+)/);
    const { code, stdout } = await runProcess(["notify", "--test", "--stage", stage, "--json"], live());
    const result: { exitCode: number; id: string; sentAt?: string; subscribers: object[] } =
      JSON.parse(stdout);
    assert.equal(result.exitCode, code);
    assert.match(result.sentAt ?? "", /^\d{4}-/);
    assert.ok(result.subscribers.length > 0);
    await printed.until(/drift-guard TEST|Test message of drift-guard/);
  });

  it("is found healthy by doctor, which notices a rule that somebody disables", async () => {
    const examine = async () => {
      const { code, stdout, stderr } = await runProcess(["doctor", "--stage", "local", "--json"], live());
      assert.equal(stderr, "");
      const { checks, exitCode } = readOutput(DoctorOutput, stdout);
      assert.equal(code, exitCode);
      const unwell = checks.filter(({ status }) => status !== "ok");
      return { code, unwell: unwell.map(({ status, subject }) => `${status} ${subject}`) };
    };
    // The inbox of the local account is subscribed to Alerts alone.
    const unheard = "warning drift-guard-local-watch";
    assert.deepEqual(await examine(), { code: 0, unwell: [unheard] });
    const events = new EventBridgeClient(clientSettings(endpoint));
    await events.send(new DisableRuleCommand({ Name: "drift-guard-local-iam" }));
    const blinded = await examine();
    await events.send(new EnableRuleCommand({ Name: "drift-guard-local-iam" }));
    events.destroy();
    assert.deepEqual(blinded, { code: 1, unwell: ["failed drift-guard-local-iam", unheard] });
  });

  it("stops every process on Ctrl-C, with exit code 0", async () => {
    local.kill("SIGINT");
    assert.equal(await ended, 0);
    const refused = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ host: "127.0.0.1", port: Number(new URL(endpoint).port) });
      socket.once("connect", () => resolve(false)).once("error", () => resolve(true));
    });
    assert.ok(refused);
  });
});
