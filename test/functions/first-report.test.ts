import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import type { FirstReport } from "@drift-guard/core/model/first-report";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Transition } from "@drift-guard/core/model/transition";
import type { ReportStore } from "@drift-guard/core/ports";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createNoticeStore } from "@drift-guard/embedded/sqlite/notices";
import { createReportStore } from "@drift-guard/embedded/sqlite/reports";
import type { SweepPorts } from "@drift-guard/guard/ports";
import { handleRollbackMessage } from "@drift-guard/guard/rollback/rollback";
import { createHandler as createNotify } from "../../functions/notify.ts";
import { createHandler as createSweep } from "../../functions/sweep.ts";
import { account, allow } from "../builders.ts";
import { detach, rogue } from "../guard/drift-calls.ts";
import { aWorld, type WorldOptions } from "../guard/world.ts";
import { aContext, busMessage, failedMessages, queueEvent } from "./invocations.ts";

const reportMessage = JSON.stringify({ source: "drift-guard", "detail-type": "Report", detail: {} });

/** A new deployment: its world, its sweep and its notify. `sent` are the texts that people got. */
function deploy(options: WorldOptions = {}) {
  const world = aWorld({ observing: true, ...options });
  const reports = createReportStore(openDatabase(":memory:"));
  const notices = createNoticeStore(openDatabase(":memory:"));
  const announced: FirstReport[] = [];
  const reannounced: Transition[] = [];
  const sent: string[] = [];
  const notify = createNotify(() => ({
    findings: world.ports.findings,
    control: world.control,
    reports,
    notices,
    queue: { requestJointNotice: async () => {} },
    holdSeconds: 0,
    config: world.settings.config,
    now: () => world.clock.now(),
    send: async ({ text }) => void sent.push(text),
  }));
  const deliver = async (...bodies: readonly string[]) => {
    const answer = await notify(queueEvent(...bodies), aContext(60_000, "drift-guard-test-notify"));
    assert.deepEqual(answer, failedMessages());
  };
  const portsOf = (over: Partial<SweepPorts>): SweepPorts => ({
    ...world.ports,
    announcer: { announce: async (transitions) => void reannounced.push(...transitions) },
    ...over,
  });
  return {
    world,
    reports,
    sent,
    announced,
    /** Sweeps, and delivers what the table's stream and the sweep put on the bus. Returns whether the sweep succeeded. */
    async sweep(over: Partial<SweepPorts> = {}): Promise<boolean> {
      const made: Transition[] = [];
      const { commit, ...findings } = world.ports.findings;
      let isReported = false;
      const ports = portsOf({
        findings: {
          ...findings,
          commit: async (change) => {
            made.push(...change.transitions);
            return commit(change);
          },
        },
        reports: {
          load: reports.load,
          save: async (id, state) => {
            const isSaved = await reports.save(id, state);
            isReported ||= isSaved && state.report !== undefined;
            return isSaved;
          },
          announceReport: async (report) => void announced.push(report),
        },
        ...over,
      });
      const isDone = await createSweep(() => ({ ports, settings: world.settings }))(
        {},
        aContext(900_000),
      ).then(
        () => true,
        () => false,
      );
      for (const transition of [...made, ...reannounced.splice(0)]) await deliver(busMessage(transition));
      if (isReported) await deliver(reportMessage);
      return isDone;
    },
    deliver,
    async undelivered(): Promise<number> {
      world.clock.advance(1);
      let count = 0;
      for await (const _ of world.ports.findings.undelivered(instantOf(world.clock.now()), () => {}))
        count += 1;
      return count;
    },
  };
}

const failOn =
  (world: ReturnType<typeof aWorld>, name: string): SweepPorts["findings"]["load"] =>
  async (role) => {
    if (role.name === name) throw new Error("The table is not there.");
    return world.ports.findings.load(role);
  };

describe("The first sweep of a new deployment", () => {
  it("makes one report of all that it found, then and when it announces again", async () => {
    const guard = deploy();
    guard.world.act(detach);
    guard.world.act(rogue);
    assert.ok(await guard.sweep());
    assert.equal(guard.sent.length, 1, guard.sent.join("\n---\n"));
    const [text = ""] = guard.sent;
    assert.match(text, /^First report on 3 roles: 2 open findings \(1 CRITICAL, 1 HIGH\), in account/);
    assert.match(text, /The worst:\n {2}- CRITICAL: .*rogue/);
    assert.match(text, /Rollback of 3 roles only observes until 2026-11-29T12:00/);
    assert.match(text, /\n {2}npx drift-guard findings list --stage test\n/);
    guard.world.clock.advance(6 * 3600);
    await guard.sweep();
    guard.world.clock.advance(6 * 3600);
    await guard.sweep();
    assert.equal(guard.sent.length, 1);
    assert.equal(await guard.undelivered(), 0);
  });

  it("waits for the report with what rollback says of its findings before that", async () => {
    const guard = deploy();
    guard.world.act(detach);
    const load = failOn(guard.world, "ecsTaskExecutionRole");
    const made: Transition[] = [];
    const { findings, control, requests } = guard.world.ports;
    const commit: typeof findings.commit = (change) => {
      made.push(...change.transitions);
      return findings.commit(change);
    };
    await guard.sweep({ findings: { ...findings, load } });
    const [finding] = await guard.world.findings();
    assert.ok(finding);
    const ports = { ...guard.world.ports, findings: { ...findings, commit }, control, requests };
    await handleRollbackMessage({ hint: finding.role }, ports, guard.world.settings);
    assert.deepEqual(
      made.map(({ kind }) => kind),
      ["simulated"],
    );
    await guard.deliver(...made.map(busMessage));
    assert.deepEqual(guard.sent, []);
    guard.world.clock.advance(6 * 3600);
    await guard.sweep();
    assert.equal(guard.sent.length, 1);
    guard.world.clock.advance(6 * 3600);
    await guard.sweep();
    assert.equal(guard.sent.length, 1);
    assert.equal(await guard.undelivered(), 0);
  });

  it("reports that everything is as it should be", async () => {
    const guard = deploy({ config: defineConfig({ roles: { AWSBatchServiceRole: {} } }) });
    await guard.sweep();
    assert.match(guard.sent.join(), /^First report on 1 role: all as their references say, in account/);
    assert.match(guard.sent.join(), /Rollback is off for every role/);
  });

  it("is told once, however often its message comes, and again where nobody was told", async () => {
    const guard = deploy();
    await guard.sweep();
    await guard.deliver(reportMessage, reportMessage);
    assert.equal(guard.sent.length, 1);
    const state = await guard.reports.load(account);
    assert.ok(state);
    const { deliveredAt: _, ...lost } = state;
    await guard.reports.save(account, lost);
    guard.world.clock.advance(6 * 3600);
    await guard.sweep();
    assert.deepEqual(
      guard.announced.map(({ id }) => id),
      [`first-report-${account}`],
    );
  });

  it("tells drift by a change as usual, before the report and after it", async () => {
    const guard = deploy();
    guard.world.act(detach);
    await guard.world.settle();
    const opened = guard.world.announced.find(({ kind }) => kind === "opened");
    assert.ok(opened);
    assert.equal(opened.cause.kind, "change");
    await guard.sweep();
    assert.match(guard.sent.join(), /1 open finding/);
    guard.world.act(rogue);
    const before = guard.world.announced.length;
    await guard.world.settle();
    const later = guard.world.announced.slice(before).find(({ kind }) => kind === "opened");
    assert.ok(later);
    // The world marks what it announces.
    const findings = { ...guard.world.ports.findings };
    await findings.renew(later, "notify", later.at);
    await guard.deliver(busMessage(later));
    assert.equal(guard.sent.length, 2);
  });

  it("makes one report where it is cut off, and continues", async () => {
    const guard = deploy();
    guard.world.act(detach);
    guard.world.act({ ...rogue, roleName: "ecsTaskExecutionRole" });
    const { findings } = guard.world.ports;
    const load = failOn(guard.world, "ecsTaskExecutionRole");
    assert.equal(await guard.sweep({ findings: { ...findings, load } }), false);
    assert.deepEqual(guard.sent, []);
    assert.ok(await guard.sweep());
    assert.equal(guard.sent.length, 1);
    assert.match(guard.sent[0] ?? "", /2 open findings/);
    guard.world.clock.advance(6 * 3600);
    await guard.sweep();
    assert.equal(guard.sent.length, 1);
    assert.equal(await guard.undelivered(), 0);
  });

  it("makes one report where it runs twice at once, and nothing is lost", async () => {
    const guard = deploy();
    guard.world.act(detach);
    await Promise.all([guard.sweep(), guard.sweep()]);
    guard.world.clock.advance(6 * 3600);
    await guard.sweep();
    assert.equal(guard.sent.length, 1);
    assert.equal(await guard.undelivered(), 0);
  });

  it("tells by itself what it found after another sweep made the report", async () => {
    const guard = deploy();
    const slow: ReportStore["save"] = async (id, state) => {
      // Another sweep makes its report before this one finds anything.
      await guard.reports.save(id, { ...state, covers: {} });
      return guard.reports.save(id, state);
    };
    guard.world.act(detach);
    const announceReport = async () => {};
    await guard.sweep({ reports: { ...guard.reports, save: slow, announceReport } });
    await guard.deliver(reportMessage);
    guard.world.clock.advance(6 * 3600);
    await guard.sweep();
    assert.equal(guard.sent.length, 2);
    assert.equal(await guard.undelivered(), 0);
  });

  it("reports after a day what it knows where no sweep is complete", async () => {
    const guard = deploy();
    guard.world.act(detach);
    const load = failOn(guard.world, "ecsTaskExecutionRole");
    const over = { findings: { ...guard.world.ports.findings, load } };
    for (let hours = 0; hours < 24; hours += 6) {
      await guard.sweep(over);
      guard.world.clock.advance(6 * 3600);
    }
    assert.equal(guard.sent.length, 0);
    await guard.sweep(over);
    assert.equal(guard.sent.length, 1);
    assert.match(
      guard.sent[0] ?? "",
      /no sweep was complete in its\s+first\s+day:\s+some\s+roles\s+were\s+not\s+read/,
    );
  });
});

describe("A deployment from before there was a first report", () => {
  it("gets none, and is told of each finding", async () => {
    const guard = deploy();
    guard.world.act(detach);
    await guard.world.settle();
    guard.world.clock.advance(4 * 86_400);
    const policyDocument = allow("sqs:*");
    const call: IamCall = { ...rogue, roleName: "ecsTaskExecutionRole", policyDocument };
    guard.world.act(call);
    await guard.sweep();
    assert.equal(guard.sent.length, 1);
    assert.doesNotMatch(guard.sent[0] ?? "", /First report/);
    assert.deepEqual(await guard.reports.load(account), { version: 1 });
  });
});

describe("A message that asks for a first report that is not stored", () => {
  it("stays in its queue", async () => {
    const guard = deploy();
    await assert.rejects(guard.deliver(reportMessage));
    assert.deepEqual(guard.sent, []);
  });
});
