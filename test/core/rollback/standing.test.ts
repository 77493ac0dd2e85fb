import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ConfigInput, defineConfig } from "@drift-guard/core/config/config";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { managedPart } from "@drift-guard/core/model/part";
import { roleGone, roleReleased, type Transition, TransitionKind } from "@drift-guard/core/model/transition";
import { findStanding } from "@drift-guard/core/rollback/standing";
import {
  aControl,
  account,
  aDrift,
  aFinding,
  allow,
  anActor,
  aRollback,
  aTransition,
  everyEvidence,
  noon,
  secondsAfterNoon,
} from "../../builders.ts";

const roleName = "AWSBatchServiceRole";
const arn = `arn:aws:iam::${account}:role/service-role/${roleName}`;
const now = secondsAfterNoon(60);
type Rollback = NonNullable<NonNullable<ConfigInput["roles"][string]>["rollback"]>;
const configured = (rollback: Rollback, more: Partial<ConfigInput> = {}) =>
  defineConfig({ roles: { [roleName]: { rollback } }, ...more });
const automatic = configured({ excess: "automatic", missing: "automatic", altered: "automatic" });
const finding = aFinding({ arn });
const { id, evidence } = finding;
const pause = {
  scope: "role",
  by: `arn:aws:iam::${account}:user/ana`,
  at: noon,
  until: secondsAfterNoon(3600),
  reason: "Migration",
} as const;
const cause = (actor = anActor()) => ({
  findingId: id,
  digest: digestEvidence(evidence),
  changeId: "6c1eed73-00ee-4810-8009-c9ce5990c100",
  call: "iam:DetachRolePolicy",
  at: noon,
  actor,
});
const approval = {
  findingId: id,
  digest: digestEvidence(evidence),
  by: `arn:aws:iam::${account}:user/ana`,
  userId: "AIDAEXAMPLE",
  at: noon,
  expires: secondsAfterNoon(3600),
};

const standing = (
  over: Partial<Transition> = {},
  { config = automatic, control = {} }: { config?: typeof automatic; control?: object } = {},
) => findStanding(aTransition({ finding, ...over }), { config, control: aControl(control), now });

describe("the standing of a finding", () => {
  it("is off where the owner switched no rollback of this side on", () => {
    for (const config of [configured({}), configured({ excess: "automatic" })])
      assert.deepEqual(standing({}, { config }), { kind: "off", side: "missing" });
  });

  it("is observed where the configuration does not name the role, names it by a pattern, or names other paths", () => {
    const because = (config: typeof automatic, over = {}) => standing(over, { config });
    const other = defineConfig({ roles: { ecsTaskExecutionRole: {} } });
    assert.deepEqual(because(other), { kind: "observed", because: "not-named" });
    const pattern = defineConfig({ roles: { "AWSBatch*": { reference: roleName } } });
    assert.deepEqual(because(pattern), { kind: "observed", because: "pattern" });
    const moved = aFinding({ arn: `arn:aws:iam::${account}:role/team/${roleName}` });
    assert.deepEqual(because(automatic, { finding: moved }), { kind: "observed", because: "path" });
  });

  it("is service-linked by the reference, or by the path that IAM reserves", () => {
    const key = { account, name: "AWSServiceRoleForBatch" };
    assert.deepEqual(standing({ finding: aFinding({ role: key }) }), { kind: "service-linked" });
    const reserved = aFinding({
      arn: `arn:aws:iam::${account}:role/aws-service-role/x.amazonaws.com/${roleName}`,
    });
    assert.deepEqual(standing({ finding: reserved }), { kind: "service-linked" });
  });

  it("is undoing where the mode is automatic and nothing stands against it", () => {
    for (const kind of ["opened", "worsened", "reopened", "recurred"] as const)
      assert.deepEqual(standing({ kind }), { kind: "undoing", side: "missing" });
  });

  it("waits for an approval where the owner asks for one, or trusts the actor", () => {
    const approvers = [`arn:aws:iam::${account}:role/security`];
    const config = configured({ missing: "approve", approvers });
    assert.deepEqual(standing({}, { config }), { kind: "approval", approvers, trusted: [] });
    assert.deepEqual(standing({ kind: "refused", note: "It waits." }, { config }), {
      kind: "approval",
      approvers,
      trusted: [],
    });
    const pipeline = `arn:aws:iam::${account}:role/pipeline`;
    const trusting = configured({ missing: "automatic" }, { trustedActors: [pipeline] });
    const causes = [cause(anActor({ issuer: pipeline }))];
    assert.deepEqual(standing({}, { config: trusting, control: { causes } }), {
      kind: "approval",
      approvers: [],
      trusted: [pipeline],
    });
    for (const others of [[cause()], [...causes, cause()]]) {
      assert.equal(standing({}, { config: trusting, control: { causes: others } }).kind, "undoing");
    }
  });

  it("waits for an approval where a part is accepted and cannot be left alone, unless the rest is CRITICAL", () => {
    const drift = aDrift({
      part: managedPart(`arn:aws:iam::${account}:policy/extra`),
      side: "excess",
      covered: { digest: "0" },
    });
    const of = (severity: "HIGH" | "CRITICAL") =>
      standing({ finding: aFinding({ arn, evidence: drift, severity }) }).kind;
    assert.equal(of("HIGH"), "approval");
    assert.equal(of("CRITICAL"), "undoing");
  });

  it("is approved once somebody else than the actor approved, and names when the approval counts", () => {
    const config = configured({ missing: "approve" });
    const known = { approvals: [approval], causes: [cause()] };
    assert.deepEqual(standing({}, { config, control: known }), { kind: "approved", by: approval.by });
    assert.deepEqual(standing({}, { config, control: { approvals: [approval] } }), {
      kind: "approved",
      by: approval.by,
      from: secondsAfterNoon(900),
    });
    const own = { approvals: [{ ...approval, by: cause().actor.arn }], causes: [cause()] };
    assert.equal(standing({}, { config, control: own }).kind, "approval");
  });

  it("is paused while a pause holds, and not by the actor's own pause", () => {
    const { at: _, ...told } = pause;
    assert.deepEqual(standing({}, { control: { pauses: [pause] } }), { kind: "paused", ...told });
    const over = { ...pause, until: secondsAfterNoon(30) };
    assert.equal(standing({}, { control: { pauses: [over] } }).kind, "undoing");
    const own = { ...pause, by: cause().actor.arn };
    assert.equal(standing({}, { control: { pauses: [own], causes: [cause()] } }).kind, "undoing");
  });

  it("is observed while the deployment is new, and asks for the approval that it would need", () => {
    const observing = { version: 1, since: noon };
    const swept = { ...observing, sweptAt: noon };
    const until = secondsAfterNoon(7 * 86_400);
    assert.deepEqual(standing({}, { control: { observing } }), { kind: "observing" });
    assert.deepEqual(standing({}, { control: { observing: swept } }), { kind: "observing", until });
    const ended = { ...swept, ended: { at: noon, by: "ana" } };
    assert.equal(standing({}, { control: { observing: ended } }).kind, "undoing");
    const config = configured({ missing: "approve" });
    assert.equal(standing({}, { config, control: { observing } }).kind, "approval");
    const approved = { observing, approvals: [approval], causes: [cause()] };
    assert.equal(standing({}, { config, control: approved }).kind, "approved");
  });

  it("is contested while the drift's rollbacks pause, with the time of the next try", () => {
    const starts = [noon, secondsAfterNoon(10), secondsAfterNoon(20)];
    const control = { attempts: [{ findingId: id, starts }] };
    assert.deepEqual(standing({ kind: "contested" }, { control }), {
      kind: "contested",
      until: secondsAfterNoon(320),
    });
  });

  it("waits for the owner's window, except for excess of severity CRITICAL", () => {
    // Noon of 2026-11-22 is a Sunday.
    const windows = [{ days: ["mon"] as const, from: "08:00", to: "09:00" }];
    const config = configured({
      excess: "automatic",
      missing: "automatic",
      windows: windows.map((each) => ({ ...each, days: [...each.days] })),
    });
    assert.deepEqual(standing({}, { config }), { kind: "window", until: "2026-11-23T08:00:00.000Z" });
    const excess = aDrift({ part: "inline:rogue", side: "excess" });
    const critical = aFinding({ arn, evidence: excess, severity: "CRITICAL" });
    assert.equal(standing({ finding: critical }, { config }).kind, "undoing");
    assert.equal(standing({ finding: aFinding({ arn, evidence: excess }) }, { config }).kind, "window");
  });

  it("is simulated where the mode is", () => {
    const config = configured({ missing: "simulate" });
    for (const kind of ["opened", "simulated"] as const)
      assert.deepEqual(standing({ kind }, { config }), { kind: "simulated", side: "missing" });
  });

  it("is by hand for what no rollback repairs", () => {
    const because = (part: Parameters<typeof aDrift>[0]) =>
      standing({ finding: aFinding({ arn, evidence: aDrift(part) }) });
    assert.deepEqual(because({ part: "role" }), { kind: "by-hand", because: "role" });
    assert.deepEqual(because({ part: "profile" }), { kind: "by-hand", because: "profile" });
    assert.deepEqual(because({ part: "inline:stop", side: "missing" }), { kind: "by-hand", because: "deny" });
    const cure = allow("secretsmanager:GetSecretValue");
    assert.deepEqual(because({ part: "permissions", side: "missing", cure }), {
      kind: "by-hand",
      because: "need",
    });
    assert.deepEqual(because({ part: "permissions", side: "excess" }), { kind: "by-hand", because: "other" });
  });

  it("is refused with the reason, and says whether the guard tries again", () => {
    const note = "A Deny was put on the role.";
    assert.deepEqual(standing({ kind: "refused", note }), { kind: "refused", reason: note, retries: false });
    const retried = aFinding({ arn, retry: true });
    assert.deepEqual(standing({ kind: "refused", note, finding: retried }), {
      kind: "refused",
      reason: note,
      retries: true,
    });
  });

  it("is undone once a rollback since the transition has ended, and undoing while one runs", () => {
    assert.deepEqual(standing({ kind: "rolled-back" }), { kind: "undone" });
    assert.deepEqual(standing({}, { control: { rollbacks: [aRollback("done")] } }), { kind: "undone" });
    const config = configured({ missing: "approve" });
    assert.equal(standing({}, { config, control: { rollbacks: [aRollback("running")] } }).kind, "undoing");
    const later = { at: secondsAfterNoon(30), kind: "recurred" } as const;
    assert.equal(standing(later, { control: { rollbacks: [aRollback("done")] } }).kind, "undoing");
  });

  it("is suppressed with the owner, the reason and the end of the exception", () => {
    const suppressed = aFinding({ arn, state: "suppressed" });
    const { findingId, digest } = approval;
    const exception = {
      findingId,
      digest,
      owner: approval.by,
      reason: "Pilot",
      expires: secondsAfterNoon(99),
    };
    const over = { kind: "suppressed", finding: suppressed } as const;
    assert.deepEqual(standing(over, { control: { exceptions: [exception] } }), {
      kind: "suppressed",
      owner: approval.by,
      reason: "Pilot",
      until: secondsAfterNoon(99),
    });
    assert.deepEqual(standing(over), { kind: "suppressed" });
  });

  it("says what becomes of a finding whose exception ends, from the control record alone", () => {
    const exception = {
      findingId: id,
      digest: digestEvidence(evidence),
      owner: approval.by,
      reason: "Pilot",
      expires: secondsAfterNoon(9000),
    };
    const ends = { owner: "somebody", reason: "forged", expires: exception.expires } as const;
    const over = { kind: "expiring", finding: aFinding({ arn, state: "suppressed" }) } as const;
    const control = { exceptions: [exception] };
    const told = { ...over, exception: { ...ends, owner: exception.owner } };
    const after = { kind: "expiring", owner: exception.owner, reason: "Pilot", expires: exception.expires };
    assert.deepEqual(standing(told, { control }), { ...after, isPart: false, next: "undoing" });
    const approve = configured({ missing: "approve" });
    assert.deepEqual(standing(told, { config: approve, control }), {
      ...after,
      isPart: false,
      next: "approval",
    });
    const paused = { ...control, pauses: [pause] };
    // The pause ends before the exception does.
    assert.deepEqual(standing(told, { control: paused }), { ...after, isPart: false, next: "undoing" });
    const part = { ...told, finding: aFinding({ arn }) };
    assert.deepEqual(standing(part, { control }), { ...after, isPart: true, next: "undoing" });
    assert.equal(standing({ ...over, exception: ends }, { control }).kind, "suppressed");
  });

  it("is suppressed by an exception that was extended after the warning of its end", () => {
    const exception = {
      findingId: id,
      digest: digestEvidence(evidence),
      owner: approval.by,
      reason: "Longer",
      expires: secondsAfterNoon(99_000),
    };
    const ending = { owner: approval.by, reason: "Pilot", expires: secondsAfterNoon(9000) } as const;
    const told = {
      kind: "expiring",
      finding: aFinding({ arn, state: "suppressed" }),
      exception: ending,
    } as const;
    assert.deepEqual(standing(told, { control: { exceptions: [exception] } }), {
      kind: "suppressed",
      owner: approval.by,
      reason: "Longer",
      until: exception.expires,
    });
  });

  it("is resolved by clean reads or by the deletion of the role, and closed by a person", () => {
    const resolved = { kind: "resolved", finding: aFinding({ arn, state: "resolved" }) } as const;
    assert.deepEqual(standing(resolved), { kind: "resolved", because: "clean" });
    assert.deepEqual(standing({ ...resolved, note: roleGone }), { kind: "resolved", because: "deleted" });
    assert.deepEqual(standing({ ...resolved, note: roleReleased }), {
      kind: "resolved",
      because: "unwatched",
    });
    assert.deepEqual(standing({ kind: "closed" }), { kind: "closed" });
  });

  it("is report-only for evidence that is no drift", () => {
    for (const each of everyEvidence()) {
      const { kind } = standing({ finding: aFinding({ arn, evidence: each }) });
      assert.equal(kind === "report-only", each.kind !== "drift");
    }
  });

  it("exists for every kind of transition", () => {
    for (const kind of TransitionKind.options) assert.ok(standing({ kind }).kind);
  });
});
