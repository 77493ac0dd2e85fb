import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import {
  formatRollbackRequest,
  parseRollbackMessage,
  type RollbackMessage,
} from "@drift-guard/core/intake/rollback-message";
import { bodyOf, type Finding } from "@drift-guard/core/model/finding";
import { digestEvidence } from "@drift-guard/core/model/identity";
import type { RollbackRequest } from "@drift-guard/core/model/rollback-request";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import { handleRollbackMessage } from "@drift-guard/guard/rollback/rollback";
import { account } from "../../../builders.ts";
import { attach, detach, outcomes, rogue, roleNamed } from "../../drift-calls.ts";
import { aWorld, guardRole, mallory, type World } from "../../world.ts";
import {
  approve,
  attackedWorld,
  isQuiet,
  isRestored,
  key,
  later,
  look,
  put,
  refusalAt,
  roleName,
} from "./stage.ts";

const pipeline = `arn:aws:iam::${account}:role/pipeline`;
const in2099 = "2099-01-01T00:00:00Z";

/** Writes a finding of the role as somebody who can write the findings table. */
async function plant(world: World, change: (finding: Finding) => Finding): Promise<void> {
  const before = await world.ports.findings.load(key);
  const findings = before.findings.map(change);
  await world.ports.findings.commit({ before, after: { ...before, findings }, transitions: [] });
}

/** Items that somebody plants in the findings table, by what they claim. */
const planted: Readonly<Record<string, (finding: Finding) => Finding>> = {
  "was rolled back in 2099": (finding) => ({
    ...finding,
    rollback: { id: "planted", endedAt: in2099, undone: true },
  }),
  "is contested until 2099": (finding) => ({ ...finding, contestedAt: in2099 }),
  "was caused by a trusted actor": (finding) => ({
    ...finding,
    causedBy: { type: "AssumedRole", issuer: pipeline },
  }),
  "is refused for good": (finding) =>
    finding.state === "open"
      ? { ...finding, refusal: "Its rollback waits for a person's approval." }
      : finding,
};

describe("A finding that somebody planted", () => {
  for (const [claim, change] of Object.entries(planted)) {
    it(`does not stop the rollback by the claim that the drift ${claim}`, async () => {
      // The drift is found while rollback cannot write, and planted items wait for it.
      const world = attackedWorld({ trustedActors: [pipeline] }, { disorder: () => [] });
      world.iam.deny({ kind: "session", role: guardRole, session: "rollback" }, ["AttachRolePolicy"]);
      world.act(detach);
      await world.sweep();
      await world.settle(120);
      assert.equal(await isRestored(world), false);
      await plant(world, change);
      world.iam.deny({ kind: "session", role: guardRole, session: "rollback" }, []);
      await world.sweep();
      // Nobody is known to have made it, and the owner trusts somebody: CloudTrail's answer is awaited for half an hour.
      await world.settle(3600);
      assert.equal(await isRestored(world), true);
    });
  }

  it("does not stop the rollback by the claim that it is suppressed", async () => {
    const world = attackedWorld({}, { disorder: () => [] });
    world.iam.deny({ kind: "session", role: guardRole, session: "rollback" }, ["AttachRolePolicy"]);
    world.act(detach);
    await world.sweep();
    await world.settle(120);
    await plant(world, (finding) => {
      if (finding.state !== "open") return finding;
      const rest = bodyOf(finding);
      return { ...rest, state: "suppressed" };
    });
    world.iam.deny({ kind: "session", role: guardRole, session: "rollback" }, []);
    await world.sweep();
    await world.settle(600);
    assert.equal(await isRestored(world), true);
  });

  it("makes no thief's call the guard's own by its request id", async () => {
    const world = attackedWorld();
    world.act(detach);
    await world.settle(1);
    await plant(world, (finding) => ({
      ...finding,
      rollback: { id: "request-1", endedAt: in2099, undone: true },
    }));
    world.act(rogue, { kind: "session", role: guardRole, session: "rollback" });
    await world.settle();
    assert.ok(world.announced.some(({ finding }) => finding.evidence.kind === "impersonation"));
  });
});

/** Handles a message. Returns the requests that it led to. */
async function requestsAfter(world: World, message: RollbackMessage): Promise<readonly RollbackRequest[]> {
  const sent: RollbackRequest[] = [];
  const requests = { send: async (request: RollbackRequest) => void sent.push(request) };
  await handleRollbackMessage(message, { ...world.ports, requests }, world.settings);
  return sent;
}

describe("A message that somebody forged", () => {
  const hint = (over: object = {}) => ({ hint: { ...key, ...over } });

  it("leads to nothing but a look at the role", async () => {
    const world = attackedWorld({ rollback: { missing: "approve" } });
    world.act(detach);
    await world.settle();
    const outcome = await handleRollbackMessage(hint(), world.ports, world.settings);
    assert.equal(outcome.status, "refused");
    assert.equal(await isRestored(world), false);
  });

  it("about another account, or about a role that is not guarded, leads to no read", async () => {
    const world = attackedWorld();
    let reads = 0;
    const read = (name: string) => {
      reads += 1;
      return world.ports.roles.read(name);
    };
    for (const about of [{ account: "999988887777" }, { name: "Bystander" }]) {
      const outcome = await handleRollbackMessage(
        hint(about),
        { ...world.ports, roles: { read } },
        world.settings,
      );
      assert.equal(outcome.status, "nothing-to-do");
    }
    assert.equal(reads, 0);
  });

  it("a hundred times rolls back once", async () => {
    const world = attackedWorld();
    world.act(detach);
    for (let count = 0; count < 100; count += 1) {
      await handleRollbackMessage(hint(), world.ports, world.settings);
    }
    const { rollbacks } = await world.control.load(key);
    assert.deepEqual([rollbacks.length, await isRestored(world)], [1, true]);
  });

  it("that a try is due in 2099 delays no other, and does not send itself for ever", async () => {
    const world = attackedWorld();
    const message = parseRollbackMessage(
      formatRollbackRequest({ retry: { role: roleName, due: in2099, findings: [] } }),
    );
    assert.deepEqual(await requestsAfter(world, message), []);
    world.act(detach);
    await world.settle(60);
    assert.equal(await isRestored(world), true);
  });

  it("fifty times at once, of each kind, rolls back once", async () => {
    const world = attackedWorld();
    world.act(detach);
    const kinds = [
      hint(),
      { enrol: { role: roleName, at: later(world, 0) } },
      { retry: { role: roleName, due: later(world, 0), findings: [] } },
      { continue: { role: roleName, rollbackId: "none" } },
    ];
    const messages = Array.from({ length: 50 }, () => kinds).flat();
    await Promise.all(messages.map((message) => handleRollbackMessage(message, world.ports, world.settings)));
    await world.settle();
    const { rollbacks } = await world.control.load(key);
    assert.deepEqual([rollbacks.length, rollbacks[0]?.steps.length], [1, 1]);
    assert.deepEqual([await isRestored(world), await isQuiet(world)], [true, true]);
  });

  const odd: Readonly<Record<string, string>> = {
    "names the role __proto__": '{"enrol":{"role":"__proto__","at":"2026-11-22T12:00:00Z"}}',
    "has a prototype":
      '{"__proto__":{"hint":1},"enrol":{"role":"AWSBatchServiceRole","at":"2026-11-22T12:00:00Z"}}',
    "names the rollback __proto__": '{"continue":{"role":"AWSBatchServiceRole","rollbackId":"__proto__"}}',
    "is from the year 0":
      '{"retry":{"role":"AWSBatchServiceRole","due":"0000-01-01T00:00:00Z","findings":[]}}',
    "has a text of 250 KB": JSON.stringify({
      continue: { role: roleName, rollbackId: "x".repeat(250_000) },
    }),
    "names findings of 200 KB": JSON.stringify({
      retry: { role: roleName, due: in2099, findings: Array(1000).fill("x".repeat(200)) },
    }),
  };
  for (const [what, body] of Object.entries(odd)) {
    it(`that ${what} leaves nothing behind`, async () => {
      const world = attackedWorld();
      const before = await world.control.load(key);
      assert.deepEqual(await requestsAfter(world, parseRollbackMessage(body)), []);
      const { version: _, enrolment: __, ...after } = await world.control.load(key);
      const { version: ___, enrolment: ____, ...known } = before;
      assert.deepEqual(after, known);
    });
  }

  it("of another account's call on a role of that name causes nothing", async () => {
    const world = attackedWorld({ trustedActors: ["arn:aws:iam::*:role/pipeline"] });
    world.iam.onEvent((envelope) => {
      const detail = { ...envelope.detail, recipientAccountId: "999988887777" };
      world.emit({ ...envelope, account: "999988887777", detail });
    });
    world.act(detach);
    await world.settle(900);
    assert.equal(await isRestored(world), true);
  });
});

describe("Somebody who wants to keep a drift from being rolled back", () => {
  it("is no trusted actor by the name of their session", async () => {
    const world = attackedWorld({
      trustedActors: [pipeline],
    });
    world.act(detach, { kind: "session", role: `arn:aws:iam::${account}:role/dev`, session: "pipeline" });
    await world.settle(900);
    assert.equal(await isRestored(world), true);
  });

  it("is not covered by a trusted actor who made the same change before", async () => {
    const world = attackedWorld({ trustedActors: [pipeline] });
    world.act(detach, { kind: "session", role: pipeline, session: "run-1" });
    await world.settle(900);
    assert.match(await refusalAt(world, "managed"), /whom the configuration trusts/);
    world.act(attach);
    await world.settle(900);
    world.act(detach, mallory);
    await world.settle(900);
    assert.equal(await isRestored(world), true);
  });

  const sessionOf = (session: string): ApiCaller => ({
    kind: "session",
    role: `arn:aws:iam::${account}:role/dev`,
    session,
  });
  const pauseBy = async (world: World, by: string) =>
    world.control.decide(key, {
      kind: "pause",
      pause: { scope: "role", by, at: later(world, 0), until: later(world, 60), reason: "release" },
    });

  it("cannot pause the rollback of their own drift, under another session name either", async () => {
    const world = attackedWorld();
    await pauseBy(world, `arn:aws:sts::${account}:assumed-role/dev/another`);
    world.act(detach, sessionOf("one"));
    await world.settle(60);
    assert.equal(await isRestored(world), true);
  });

  it("is stopped by the pause of somebody else until it ends", async () => {
    const world = attackedWorld();
    await pauseBy(world, `arn:aws:iam::${account}:user/on-call`);
    world.act(detach, sessionOf("one"));
    await world.settle(1800);
    assert.equal(await isRestored(world), false);
    assert.match(await refusalAt(world, "managed"), /paused until .* by .*on-call/);
    await world.settle(3600);
    assert.equal(await isRestored(world), true);
  });

  it("does not hide more behind an exception for less", async () => {
    const world = attackedWorld({ rollback: { excess: "approve" } });
    world.act(put("extra", { Effect: "Allow", Action: "s3:GetObject", Resource: "*" }));
    await world.settle();
    const [finding] = await world.findings();
    assert.ok(finding);
    const exception = {
      findingId: finding.id,
      digest: digestEvidence(finding.evidence),
      owner: "ann",
      reason: "known",
      expires: later(world, 600),
    };
    await world.control.decide(key, { kind: "exception", exception });
    world.act(put("extra", { Effect: "Allow", Action: ["s3:GetObject", "iam:*"], Resource: "*" }));
    await world.settle();
    assert.equal((await world.findings())[0]?.state, "open");
  });

  it("keeps no CRITICAL excess behind what somebody accepted, and people are told what went with it", async () => {
    const widened = [
      { statement: { Action: "*", NotResource: "arn:aws:s3:::nobody" }, left: true },
      { statement: { Action: ["s3:List*", "iam:*"], Resource: "*" }, left: false },
    ];
    for (const { statement, left } of widened) {
      const config = defineConfig({
        roles: { [roleName]: { rollback: { excess: "automatic" } } },
        exceptions: [
          {
            role: roleName,
            part: "inline:extra",
            side: "excess",
            grants: [{ actions: [left ? "s3:ListBucket" : "s3:*Bucket"], resources: ["*"] }],
            owner: "team batch",
            reason: "lists its input",
            expires: "2027-01-01T00:00:00Z",
          },
        ],
      });
      const world = aWorld({ config });
      world.act(put("extra", { Effect: "Allow", Action: "s3:ListBucket", Resource: "*" }));
      await world.settle();
      assert.deepEqual(outcomes(world), []);
      world.act(put("extra", { Effect: "Allow", ...statement }));
      await world.settle();
      const texts = (await roleNamed(world, roleName)).inline.map(({ text }) => JSON.parse(text).Statement);
      const kept = { Effect: "Allow", Action: ["s3:ListBucket"], NotResource: ["arn:aws:s3:::nobody"] };
      assert.deepEqual(texts, left ? [[kept]] : []);
      const notes = world.announced.flatMap(({ kind, note = "" }) => (kind === "rolled-back" ? [note] : []));
      assert.equal(notes.length, 1);
      const loss = /accepted, by team batch until 2027.* CRITICAL, cannot be removed alone/;
      assert.equal(loss.test(notes.join()), !left, notes.join());
    }
  });

  it("gains nothing by an approval of the drift as it was before they made it worse", async () => {
    const world = attackedWorld({ rollback: { excess: "approve" } });
    world.act(put("extra", { Effect: "Allow", Action: "s3:GetObject", Resource: "*" }));
    await world.settle();
    await approve(world, "inline");
    world.act(put("extra", { Effect: "Allow", Action: "iam:*", Resource: "*" }));
    await look(world);
    await world.settle();
    assert.equal((await roleNamed(world, roleName)).inline.length, 1);
    assert.ok(!outcomes(world).includes("done"));
  });

  it("cannot use an approval twice", async () => {
    const world = attackedWorld({ rollback: { missing: "approve" } });
    world.act(detach);
    await world.settle();
    await approve(world, "managed");
    await look(world);
    assert.equal(await isRestored(world), true);
    world.act(detach);
    await world.settle(600);
    assert.equal(await isRestored(world), false);
  });
});
