import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Evidence } from "@drift-guard/core/model/evidence";
import { cleanSinceOf, type Finding } from "@drift-guard/core/model/finding";
import type { Grant } from "@drift-guard/core/model/grant";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import type { Instant } from "@drift-guard/core/model/instant";
import type { Ledger } from "@drift-guard/core/model/ledger";
import { type PartText, partOf } from "@drift-guard/core/model/part";
import type { Observation } from "@drift-guard/core/reconcile/observation";
import { type Reconciliation, reconcile } from "@drift-guard/core/reconcile/reconcile";
import fc from "fast-check";
import {
  aChange,
  aDrift,
  aGrant,
  aKey,
  aLedger,
  anActor,
  anAttempt,
  anImpersonation,
  anUndecided,
  aVendorChange,
  batchServicePolicy,
  everyEvidence,
  noon,
  secondsAfterNoon,
} from "../../builders.ts";

const settleSeconds = 60;

function look(
  ledger: Ledger,
  evidence: readonly Evidence[],
  at = 0,
  over: Partial<Observation> = {},
): Reconciliation {
  return reconcile({
    ledger,
    evidence,
    exceptions: [],
    cause: { kind: "recheck" },
    now: secondsAfterNoon(at),
    settleSeconds,
    ...over,
  });
}

// The call that causes the drift of the builders.
const theDetach = aChange({ writes: `managed:${batchServicePolicy}` });

const kinds = ({ transitions }: Reconciliation) => transitions.map(({ kind }) => kind);
const opened = (evidence: Evidence) => look(aLedger(), [evidence]).ledger;

const cleanSince = (finding: Finding | undefined) => finding && cleanSinceOf(finding);

describe("a finding", () => {
  it("has transitions of which each is later than the one before, whatever the clocks say", () => {
    const ledger = opened(aDrift());
    for (const seconds of [0, -60]) {
      const worse = aDrift({ grants: [aGrant(), aGrant({ actions: ["ecs:DeleteCluster"] })] });
      const { transitions } = look(ledger, [worse], seconds);
      assert.deepEqual(
        transitions.map(({ kind, at, finding }) => [kind, at, finding.updatedAt]),
        [["worsened", "2026-11-22T12:00:00.001Z", "2026-11-22T12:00:00.001Z"]],
      );
    }
  });

  it("names its last known author, and keeps a trusted author", () => {
    const terraform = anActor({ arn: "arn:aws:iam::123456789012:role/terraform" });
    const config = { severities: {}, trustedActors: ["arn:aws:iam::*:role/terraform"] };
    const causeOf = ({ ledger }: Reconciliation) => ledger.findings[0]?.causedBy;
    const more = aDrift({ grants: [aGrant(), aGrant({ actions: ["ecs:RunTask"] })] });
    const less = aDrift({ grants: [aGrant({ actions: ["ecs:RunTask"] })] });
    const byMallory = look(aLedger(), [aDrift()], 0, { change: theDetach, config });
    assert.deepEqual(causeOf(byMallory), anActor());
    assert.deepEqual(causeOf(look(byMallory.ledger, [aDrift()], 1, { config })), anActor());
    const byTerraform = look(byMallory.ledger, [more], 2, {
      change: { ...theDetach, actor: terraform },
      config,
    });
    assert.deepEqual(causeOf(byTerraform), terraform);
    const again = look(byTerraform.ledger, [less], 3, { change: theDetach, config });
    assert.deepEqual(causeOf(again), terraform);
    const gone = look(look(again.ledger, [], 4).ledger, [], 4 + settleSeconds);
    assert.deepEqual(causeOf(look(gone.ledger, [aDrift()], 200, { config })), undefined);
    assert.equal(causeOf(look(aLedger(), [aVendorChange()], 0, { change: theDetach, config })), undefined);
  });

  it("names no author whose call wrote another part", () => {
    const terraform = anActor({ arn: "arn:aws:iam::123456789012:role/terraform" });
    const config = { severities: {}, trustedActors: ["arn:aws:iam::*:role/terraform"] };
    const tagging = aChange({ call: "iam:TagRole", actor: terraform });
    const seen = look(aLedger(), [aDrift()], 0, { change: tagging, config });
    assert.equal(seen.ledger.findings[0]?.causedBy, undefined);
    const named = look(seen.ledger, [aDrift()], 1, { change: theDetach, config });
    assert.deepEqual(named.ledger.findings[0]?.causedBy, anActor());
  });

  it("names the author of a description, a maximum session duration or a tag, and nobody who edited another", () => {
    const at = (part: PartText) => aDrift({ part, side: "altered", grants: [] });
    const named = (part: PartText, change: Parameters<typeof aChange>[0]) => {
      const { ledger } = look(aLedger(), [at(part)], 0, { change: aChange(change) });
      return ledger.findings[0]?.causedBy !== undefined;
    };
    const update = { call: "iam:UpdateRole" };
    assert.ok(named("session", update));
    assert.ok(!named("description", update));
    assert.ok(named("description", { ...update, edits: [partOf("description")] }));
    const tagged = { call: "iam:TagRole", edits: [partOf("tag:Team"), partOf("tag:b")] };
    assert.ok(named("tag:team", tagged) && named("tag:b", tagged));
    assert.ok(!named("tag:c", tagged) && !named("session", tagged) && !named("trust", tagged));
  });

  it("worsens when an untrusted actor writes the part of a trusted one", () => {
    const terraform = anActor({ arn: "arn:aws:iam::123456789012:role/terraform" });
    const config = { severities: {}, trustedActors: ["arn:aws:iam::*:role/terraform"] };
    const covered = look(aLedger(), [aDrift()], 0, { change: { ...theDetach, actor: terraform }, config });
    const uncovered = look(covered.ledger, [aDrift()], 1, { change: theDetach, config });
    assert.deepEqual(uncovered.ledger.findings[0]?.causedBy, anActor());
    assert.deepEqual(kinds(uncovered), ["worsened"]);
  });

  it("keeps the role's last ARN and reference, and takes a new ARN without a transition", () => {
    const arn = "arn:aws:iam::123456789012:role/service-role/AWSBatchServiceRole";
    const first = look(aLedger(), [aDrift()], 0, { arn, reference: "AWSBatchServiceRole" });
    const named = ({ ledger }: Reconciliation) => ledger.findings.map((one) => [one.arn, one.reference]);
    assert.deepEqual(named(first), [[arn, "AWSBatchServiceRole"]]);
    // The role is unreadable this time.
    const again = look(first.ledger, [aDrift()], 1);
    assert.deepEqual(named(again), [[arn, "AWSBatchServiceRole"]]);
    assert.equal(again.ledger, first.ledger);
    const elsewhere = arn.replace("/service-role/", "/");
    const moved = look(first.ledger, [aDrift()], 2, { arn: elsewhere, reference: "team" });
    assert.deepEqual(named(moved), [[elsewhere, "team"]]);
    assert.deepEqual(kinds(moved), []);
  });

  it("has the severity that the owner chose", () => {
    const config = { severities: { missing: "LOW" as const }, trustedActors: [] };
    assert.equal(look(aLedger(), [aDrift()], 0, { config }).ledger.findings[0]?.severity, "LOW");
  });

  it("opens when its drift is first seen, and names the author", () => {
    const { ledger, transitions } = look(aLedger(), [aDrift()], 0, { change: theDetach });
    const [finding] = ledger.findings;
    assert.deepEqual([finding?.state, finding?.seq, finding?.openedAt], ["open", 1, noon]);
    assert.deepEqual(
      transitions.map(({ id, kind, actor }) => [id, kind, actor?.arn]),
      [[`${finding?.id}#1`, "opened", anActor().arn]],
    );
  });

  it("names no author for a change by AWS", () => {
    const { transitions } = look(aLedger(), [aVendorChange()], 0, { change: theDetach });
    assert.deepEqual(
      transitions.map(({ kind, actor }) => [kind, actor]),
      [["opened", undefined]],
    );
  });

  it("whose times somebody moved into the future has those of the next read, and resolves as any other", () => {
    const [finding] = opened(aDrift()).findings;
    assert.ok(finding?.state === "open");
    const later = "9999-12-31T23:59:59.999Z";
    const forged = {
      ...finding,
      openedAt: later,
      updatedAt: later,
      lastSeenAt: later,
      cleanSince: later,
    } as const;
    const seen = look(aLedger({ findings: [forged] }), [aDrift()], 60);
    const [repaired] = seen.ledger.findings;
    const now = secondsAfterNoon(60);
    assert.deepEqual([repaired?.openedAt, repaired?.updatedAt, repaired?.lastSeenAt], [now, now, now]);
    const clean = look(aLedger({ findings: [forged] }), [], 60);
    assert.deepEqual(clean.transitions, []);
    const resolved = look(clean.ledger, [], 180);
    assert.deepEqual(
      resolved.transitions.map(({ kind, at }) => [kind, at]),
      [["resolved", secondsAfterNoon(180)]],
    );
  });

  it("stays open without a transition while the drift is the same", () => {
    const ledger = opened(aDrift());
    const again = look(ledger, [aDrift()], 600);
    assert.equal(again.ledger, ledger);
    assert.deepEqual(again.transitions, []);
  });

  it("ignores examples and the places of statements", () => {
    const ledger = opened(aDrift());
    const place = [{ document: 3, statement: 9 }];
    const moved = aDrift({ grants: [aGrant({ statements: place, nearest: place })] });
    assert.equal(look(ledger, [moved], 600).ledger, ledger);
  });

  it("worsens if there is more drift, and improves if there is less", () => {
    const more = aDrift({ grants: [aGrant(), aGrant({ actions: ["iam:PassRole"] })] });
    const worsened = look(opened(aDrift()), [more], 10);
    assert.deepEqual(kinds(worsened), ["worsened"]);
    const shrunk = look(worsened.ledger, [aDrift()], 20);
    assert.deepEqual(kinds(shrunk), ["improved"]);
    assert.equal(shrunk.transitions[0]?.actor, undefined);
    assert.notEqual(shrunk.ledger, worsened.ledger);
  });

  it("improves if less is left and its detail names fewer paths of privilege escalation", () => {
    const paths = (rest: string) =>
      `It completes known paths of privilege escalation: lambda:UpdateFunctionCode (https://pathfinding.cloud/paths/lambda-003)${rest}.`;
    const [all, one] = [
      { actions: ["lambda:*"], rest: " and 3 more" },
      { actions: ["lambda:UpdateFunctionCode"], rest: "" },
    ].map(({ actions, rest }) =>
      aDrift({ side: "excess", grants: [aGrant({ actions })], detail: paths(rest), escalates: true }),
    );
    assert.ok(all && one);
    assert.deepEqual(kinds(look(opened(all), [one], 10)), ["improved"]);
    assert.deepEqual(kinds(look(opened(one), [all], 10)), ["worsened"]);
  });

  it("improves if some requests of a grant are left, and worsens if a grant allows others too", () => {
    const [list, both] = [["sqs:ListQueues"], ["sqs:ListQueues", "sqs:SendMessage"]].map((actions) =>
      aDrift({ side: "excess", grants: [aGrant({ actions, resources: ["*"] })] }),
    );
    assert.ok(list && both);
    const worsened = look(opened(list), [both], 10);
    assert.deepEqual(kinds(worsened), ["worsened"]);
    assert.deepEqual(kinds(look(worsened.ledger, [list], 20)), ["improved"]);
  });

  it("improves once other policies of the role allow the same, and worsens once they no longer do", () => {
    const detail = "The policy is not attached.";
    const detached = aDrift({ detail });
    const held = aDrift({ detail: `${detail} Other policies of the role allow the same.`, harmless: true });
    const improved = look(opened(detached), [held], 10);
    assert.deepEqual(kinds(improved), ["improved"]);
    assert.deepEqual(kinds(look(improved.ledger, [detached], 20)), ["worsened"]);
  });

  it("tells who caused it once that becomes known, and by which call", () => {
    const unknown = look(aLedger(), [aDrift()], 0, { cause: { kind: "sweep" } });
    assert.equal(unknown.transitions[0]?.actor, undefined);
    const named = look(unknown.ledger, [aDrift()], 10, { change: theDetach });
    assert.deepEqual(kinds(named), ["attributed"]);
    assert.deepEqual(named.transitions[0]?.actor, theDetach.actor);
    const { id, call, at, region } = theDetach;
    assert.deepEqual(named.ledger.findings[0]?.origin, { changeId: id, call, at, region });
    const again = look(named.ledger, [aDrift()], 20, { change: theDetach });
    assert.deepEqual(kinds(again), []);
  });

  it("names who deleted the role, although their call was reported after another one", () => {
    const gone = aDrift({ part: partOf("role"), side: "missing", grants: [], detail: "It does not exist." });
    const first = look(aLedger(), [gone], 0, { change: theDetach });
    assert.equal(first.ledger.findings[0]?.causedBy, undefined);
    const deletion = aChange({
      id: "deletion",
      call: "iam:DeleteRole",
      writes: "role",
      actor: anActor({ arn: "arn:aws:iam::123456789012:user/mallory" }),
    });
    const named = look(first.ledger, [gone], 5, { change: deletion });
    assert.deepEqual(kinds(named), ["attributed"]);
    assert.equal(named.ledger.findings[0]?.causedBy?.arn, "arn:aws:iam::123456789012:user/mallory");
  });

  it("keeps when it was first seen over reopening, and records once a day that it was seen", () => {
    const first = opened(aDrift());
    const hourLater = look(first, [aDrift()], 3_600);
    assert.equal(hourLater.ledger, first);
    const dayLater = look(first, [aDrift()], 86_400);
    assert.deepEqual(kinds(dayLater), []);
    assert.equal(dayLater.ledger.findings[0]?.lastSeenAt, secondsAfterNoon(86_400));
    const resolved = look(look(dayLater.ledger, [], 86_500).ledger, [], 86_500 + settleSeconds);
    const reopened = look(resolved.ledger, [aDrift()], 90_000).ledger.findings[0];
    assert.equal(reopened?.openedAt, secondsAfterNoon(90_000));
    assert.equal(reopened?.firstSeenAt, noon);
  });

  it("has its part's text as the reference has it and as it was read, and drops a text that is gone", () => {
    const both = look(aLedger(), [aDrift()], 0, { textsOf: () => ({ expected: "wanted", found: "live" }) });
    assert.equal(both.ledger.findings[0]?.expected, "wanted");
    assert.equal(both.ledger.findings[0]?.found, "live");
    const gone = look(both.ledger, [aDrift()], 10, { textsOf: () => ({ expected: "wanted" }) });
    assert.deepEqual(kinds(gone), []);
    assert.equal(gone.ledger.findings[0]?.found, undefined);
    const without = look(gone.ledger, [aDrift()], 20);
    assert.equal(without.ledger.findings[0]?.expected, "wanted");
  });

  it("does not resolve on one clean read, and asks for a second", () => {
    const once = look(opened(aDrift()), [], 10);
    assert.deepEqual(kinds(once), []);
    assert.equal(once.recheck, true);
    assert.equal(once.ledger.findings[0]?.state, "open");
  });

  it("does not resolve on a second clean read at once, as from two copies of an event", () => {
    const twice = look(look(opened(aDrift()), [], 10).ledger, [], 11);
    assert.deepEqual(kinds(twice), []);
    assert.equal(twice.recheck, true);
  });

  it("resolves on a later clean read", () => {
    const later = look(look(opened(aDrift()), [], 10).ledger, [], 10 + settleSeconds);
    assert.deepEqual(kinds(later), ["resolved"]);
    assert.equal(later.recheck, false);
    assert.equal(cleanSince(later.ledger.findings[0]), undefined);
  });

  it("counts clean reads again after the drift was seen in between", () => {
    const back = look(look(opened(aDrift()), [], 10).ledger, [aDrift()], 20);
    assert.equal(cleanSince(back.ledger.findings[0]), undefined);
    assert.deepEqual(kinds(look(back.ledger, [], 10 + settleSeconds)), []);
  });

  it("reopens with its old identity", () => {
    const resolved = look(look(opened(aDrift()), [], 10).ledger, [], 100).ledger;
    const again = look(resolved, [aDrift()], 200);
    assert.deepEqual(kinds(again), ["reopened"]);
    assert.equal(again.ledger.findings.length, 1);
    assert.equal(again.ledger.findings[0]?.seq, 3);
  });

  it("reopens once after a rollback that undid it", () => {
    const rollback = { id: "r1", endedAt: secondsAfterNoon(10), undone: true };
    const { ledger } = look(look(opened(aDrift()), [], 20).ledger, [], 100);
    const resolved = { ...ledger, findings: ledger.findings.map((one) => ({ ...one, rollback })) };
    const again = look(resolved, [aDrift()], 200);
    assert.deepEqual(kinds(again), ["reopened"]);
    assert.deepEqual(kinds(look(again.ledger, [aDrift()], 300)), []);
  });

  it("stays open while the policy is detached whose version by AWS it reports", () => {
    const version = opened(aVendorChange());
    const detached = [aDrift({ part: `managed:${batchServicePolicy}` })];
    const { ledger } = look(look(version, detached, 1).ledger, detached, 200);
    const [state] = ledger.findings.map((finding) => finding.state);
    assert.equal(state, "open");
    assert.deepEqual(kinds(look(ledger, [aVendorChange()], 300)), []);
  });

  it("stays open while its part cannot be read", () => {
    const ledger = opened(aDrift({ part: "trust", side: "excess" }));
    const [trust] = look(ledger, [anUndecided({ part: "trust" })], 500).ledger.findings;
    assert.deepEqual([trust?.state, cleanSince(trust)], ["open", undefined]);
    const [whole] = look(ledger, [anUndecided({ part: "role" })], 500).ledger.findings;
    assert.equal(cleanSince(whole), undefined);
  });
});

describe("an attempt", () => {
  it("counts the calls of each caller, and is HIGH and told at once with the third of one caller", () => {
    const call = (id: string, seconds: number, name: string) => ({
      ...anAttempt(),
      changeId: id,
      at: secondsAfterNoon(seconds),
      actor: { type: "IAMUser", arn: `arn:aws:iam::111122223333:user/${name}` },
    });
    let ledger = aLedger();
    const told = [
      call("1", 0, "eve"),
      call("2", 60, "eve"),
      call("3", 120, "bob"),
      call("4", 180, "eve"),
    ].map((attempt) => {
      const next = look(ledger, [attempt], (Date.parse(attempt.at) - Date.parse(noon)) / 1000);
      ledger = next.ledger;
      return [kinds(next).join(), ledger.findings[0]?.severity];
    });
    assert.deepEqual(told.at(0), ["opened", "MEDIUM"]);
    assert.deepEqual(told.at(1), ["", "MEDIUM"]);
    assert.deepEqual(told.at(-1), ["worsened", "HIGH"]);
    const evidence = ledger.findings[0]?.evidence;
    assert.ok(evidence?.kind === "attempt");
    const names = ["iam:DeleteRole"];
    const eve = { calls: 3, firstAt: noon, lastAt: secondsAfterNoon(180), names };
    assert.deepEqual(
      evidence.callers?.map(({ caller: _, ...counts }) => counts),
      [eve, { calls: 1, firstAt: secondsAfterNoon(120), lastAt: secondsAfterNoon(120), names }],
    );
  });

  const first = anAttempt({ changeId: "a" });
  const second = anAttempt({ changeId: "b", call: "iam:PutRolePolicy" });

  it("is reported once for each call, for any number and order of copies", () => {
    let { ledger } = look(aLedger(), [first]);
    const told = [first, second, first, second, second].flatMap((attempt) => {
      const next = look(ledger, [attempt], 1);
      ledger = next.ledger;
      return kinds(next);
    });
    assert.deepEqual(told, ["worsened"]);
  });

  it("is reported at most every 15 minutes if it repeats, and once more when its severity rises", () => {
    let { ledger } = look(aLedger(), [first]);
    const told = Array.from({ length: 40 }, (_, minute) => {
      const next = look(ledger, [anAttempt({ changeId: `again-${minute}` })], minute * 60);
      ledger = next.ledger;
      return kinds(next);
    }).flat();
    assert.deepEqual(told, ["worsened", "worsened", "worsened"]);
  });

  it("is not reopened by a late copy of its event", () => {
    const resolved = look(look(opened(first), [], 10).ledger, [], 100).ledger;
    assert.equal(look(resolved, [first], 200).ledger, resolved);
    assert.deepEqual(kinds(look(resolved, [second], 200)), ["reopened"]);
  });
});

describe("an impersonation", () => {
  it("is never closed by a clean read", () => {
    const ledger = opened(anImpersonation());
    assert.equal(look(look(ledger, [], 10).ledger, [], 1000).ledger, ledger);
  });
});

describe("a finding whose role cannot be read", () => {
  it("asks for no recheck", () => {
    const clean = look(opened(aDrift()), [], 10);
    const blind = look(clean.ledger, [anUndecided({ part: "role" })], 20);
    assert.equal(blind.recheck, false);
    assert.equal(cleanSince(blind.ledger.findings[0]), undefined);
  });
});

describe("an exception", () => {
  it("suppresses an impersonation", () => {
    const stolen = anImpersonation();
    const after = look(opened(stolen), [], 10, accepting(stolen));
    assert.deepEqual(kinds(after), ["suppressed"]);
    assert.equal(look(after.ledger, [], 20, accepting(stolen)).ledger, after.ledger);
  });

  const key = aKey();
  const accepting = (evidence: Evidence, expires: Instant = secondsAfterNoon(1000)) => ({
    exceptions: [
      {
        findingId: identifyFinding(key, evidence),
        digest: digestEvidence(evidence),
        owner: "ann",
        reason: "known",
        expires,
      },
    ],
  });

  it("suppresses exactly its evidence", () => {
    const suppressed = look(opened(aDrift()), [aDrift()], 10, accepting(aDrift()));
    assert.deepEqual(kinds(suppressed), ["suppressed"]);
    const more = aDrift({ grants: [aGrant({ actions: ["iam:*"] })] });
    const worsened = look(suppressed.ledger, [more], 20, accepting(aDrift()));
    assert.deepEqual(kinds(worsened), ["worsened"]);
    assert.equal(worsened.ledger.findings[0]?.state, "open");
  });

  it("of exact grants covers fewer, and a further grant opens the finding without the covered ones", () => {
    const [read, write] = [aGrant({ actions: ["s3:GetObject"] }), aGrant({ actions: ["s3:PutObject"] })];
    const having = (...grants: readonly Grant[]) => aDrift({ part: "inline:extra", side: "excess", grants });
    const both = having(read, write);
    const [exception] = accepting(both).exceptions;
    assert.ok(exception);
    const exact = { exceptions: [{ ...exception, grants: [read, write] }] };
    const suppressed = look(opened(both), [both], 10, exact);
    assert.deepEqual(kinds(suppressed), ["suppressed"]);
    const fewer = look(suppressed.ledger, [having(read)], 20, exact);
    assert.deepEqual(kinds(fewer), []);
    const further = having(read, aGrant({ actions: ["iam:PassRole"] }));
    const grown = look(fewer.ledger, [further], 30, exact);
    assert.deepEqual(kinds(grown), ["worsened"]);
    const shown = (one: Reconciliation) =>
      one.ledger.findings.map(({ evidence }) =>
        evidence.kind === "drift" ? evidence.grants.flatMap(({ actions }) => actions) : [],
      );
    assert.deepEqual(shown(grown), [["iam:PassRole"]]);
    assert.deepEqual(kinds(look(grown.ledger, [further], 40, exact)), []);
    const ended = look(grown.ledger, [further], 1000, exact);
    assert.deepEqual(kinds(ended), ["worsened"]);
    assert.deepEqual(shown(ended), [["s3:GetObject", "iam:PassRole"]]);
  });

  it("ends when it expires", () => {
    const suppressed = look(opened(aDrift()), [aDrift()], 10, accepting(aDrift(), secondsAfterNoon(15)));
    const after = look(suppressed.ledger, [aDrift()], 20, accepting(aDrift(), secondsAfterNoon(15)));
    assert.deepEqual(kinds(after), ["reopened"]);
  });

  it("ends at the moment that it names, however many digits its seconds have", () => {
    const expires = "2026-11-22T12:00:15Z";
    const suppressed = look(opened(aDrift()), [aDrift()], 10, accepting(aDrift(), expires));
    assert.deepEqual(kinds(suppressed), ["suppressed"]);
    const after = look(suppressed.ledger, [aDrift()], 15, accepting(aDrift(), expires));
    assert.deepEqual(kinds(after), ["reopened"]);
  });
});

describe("any history", () => {
  const pool: readonly Evidence[] = [
    ...everyEvidence(),
    aDrift({ part: "trust", side: "excess" }),
    aDrift({ part: "inline:x", side: "excess", grants: [aGrant({ actions: ["iam:*"] })] }),
    aDrift({ part: "inline:x", side: "excess", grants: [aGrant({ actions: ["iam:*"] }), aGrant()] }),
  ];
  const unique = (role: Ledger["role"]) => (evidence: Evidence) => identifyFinding(role, evidence);
  const histories = fc.array(
    fc.record({
      evidence: fc.uniqueArray(fc.constantFrom(...pool), { selector: unique(aKey()) }),
      after: fc.integer({ min: 0, max: 200 }),
    }),
    { maxLength: 12 },
  );

  it("numbers each finding's transitions without gaps or repeats", () => {
    fc.assert(
      fc.property(histories, (history) => {
        let ledger = aLedger();
        let at = 0;
        const seen = new Map<string, number>();
        for (const { evidence, after } of history) {
          at += after;
          const next = look(ledger, evidence, at);
          for (const { finding, id } of next.transitions) {
            assert.equal(finding.seq, (seen.get(finding.id) ?? 0) + 1);
            assert.equal(id, `${finding.id}#${finding.seq}`);
            seen.set(finding.id, finding.seq);
          }
          ledger = next.ledger;
        }
      }),
    );
  });

  it("leaves present drift open or suppressed, and changes nothing when read twice", () => {
    fc.assert(
      fc.property(histories, (history) => {
        let ledger = aLedger();
        let at = 0;
        for (const { evidence, after } of history) {
          at += after;
          ledger = look(ledger, evidence, at).ledger;
          for (const piece of evidence) {
            const finding = ledger.findings.find(({ id }) => id === identifyFinding(ledger.role, piece));
            if (piece.kind !== "attempt") assert.equal(finding?.state, "open");
          }
          assert.equal(look(ledger, evidence, at).ledger, ledger);
        }
      }),
    );
  });

  it("resolves all but impersonations after enough clean reads", () => {
    fc.assert(
      fc.property(histories, (history) => {
        let ledger = aLedger();
        let at = 0;
        for (const { evidence, after } of history) {
          at += after;
          ledger = look(ledger, evidence, at).ledger;
        }
        ledger = look(look(ledger, [], at + 1).ledger, [], at + 1 + settleSeconds).ledger;
        for (const { state, evidence } of ledger.findings) {
          assert.equal(state, evidence.kind === "impersonation" ? "open" : "resolved");
        }
      }),
    );
  });
});
