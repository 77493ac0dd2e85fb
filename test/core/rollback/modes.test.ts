import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isTrusted } from "@drift-guard/core/config/trusted-actor";
import { account, allow, anActor, secondsAfterNoon, trustOf } from "../../builders.ts";
import { asReferenced } from "../watched-roles.ts";
import { approving, automatic, calls, driftsOf, plan, reasons } from "./planning.ts";

const name = "AWSBatchServiceRole";
const detached = asReferenced(name, { attached: [] });
const rogue = (text: string) => asReferenced(name, { attached: [], inline: [{ name: "rogue", text }] });
const terraform = `arn:aws:iam::${account}:role/terraform`;
const session = (role: string, label: string) =>
  anActor({
    type: "AssumedRole",
    arn: `arn:aws:sts::${account}:assumed-role/${role}/${label}`,
    issuer: `arn:aws:iam::${account}:role/ops/${role}`,
    session: label,
  });

describe("the mode simulate", () => {
  it("plans what automatic would do, and plans nothing to be carried out", () => {
    const planned = plan(rogue(allow("iam:*")), { excess: "simulate", missing: "simulate" });
    assert.deepEqual(calls(planned), []);
    assert.deepEqual(
      planned.simulated?.steps.map(({ call }) => call),
      ["iam:DeleteRolePolicy", "iam:AttachRolePolicy"],
    );
    assert.equal(planned.simulated?.findings.length, 2);
  });

  it("stands beside another side's mode, and says what would stop it", () => {
    const role = rogue(allow("iam:*"));
    const mixed = plan(role, { excess: "automatic", missing: "simulate" });
    assert.deepEqual(calls(mixed), ["iam:DeleteRolePolicy"]);
    assert.deepEqual(
      mixed.simulated?.steps.map(({ call }) => call),
      ["iam:AttachRolePolicy"],
    );
    const unknown = plan(role, { missing: "simulate" }, { control: { enrolment: undefined } });
    assert.equal(unknown.simulated, undefined);
    assert.deepEqual(
      unknown.withheld.map(({ simulated }) => simulated),
      [true],
    );
  });
});

describe("a window of rollbacks", () => {
  // Noon is on a Sunday.
  const windows = [{ days: ["mon" as const], from: "08:00", to: "10:00", timezone: "Europe/Berlin" }];

  it("keeps automatic rollbacks until it opens, and names the time", () => {
    const planned = plan(rogue(allow("s3:GetObject")), { ...automatic, windows });
    assert.deepEqual(calls(planned), []);
    assert.deepEqual(
      planned.withheld.map(({ until }) => until),
      ["2026-11-23T07:00:00.000Z", "2026-11-23T07:00:00.000Z"],
    );
    const open = plan(
      rogue(allow("s3:GetObject")),
      { ...automatic, windows },
      { now: "2026-11-23T07:30:00Z" },
    );
    assert.deepEqual(calls(open), ["iam:DeleteRolePolicy", "iam:AttachRolePolicy"]);
  });

  it("does not keep excess of severity CRITICAL from being removed", () => {
    const planned = plan(rogue(allow("*")), { ...automatic, windows });
    assert.deepEqual(calls(planned), ["iam:DeleteRolePolicy"]);
    assert.match(reasons(planned), /next one opens at 2026-11-23T07:00:00.000Z/);
  });

  it("does not keep an approved rollback", () => {
    assert.deepEqual(calls(plan(detached, { ...automatic, windows }, approving(detached))), [
      "iam:AttachRolePolicy",
    ]);
  });
});

describe("a trusted actor", () => {
  it("is known by the role behind a session, never by the session's name", () => {
    const config = {
      trustedActors: [terraform, `arn:aws:iam::${account}:user/deploy`, "arn:aws:*terraform"],
    };
    assert.equal(isTrusted(anActor({ type: "AssumedRole", issuer: terraform }), config), true);
    assert.equal(isTrusted(anActor({ arn: `arn:aws:iam::${account}:user/deploy` }), config), true);
    const impostor = session("intern", "terraform");
    assert.equal(isTrusted(impostor, config), false);
    const { issuer: _, ...bare } = impostor;
    assert.equal(isTrusted(bare, config), false);
  });

  it("does not keep a drift to which somebody else added", () => {
    const [missing] = driftsOf(detached);
    assert.ok(missing);
    const config = { trustedActors: [terraform], severities: {} };
    const makers = [anActor({ type: "AssumedRole", issuer: terraform }), session("dev", "ann")];
    const causes = makers.map((actor) => ({ findingId: missing.id, digest: "", actor }));
    assert.deepEqual(calls(plan(detached, automatic, { config, control: { causes } })), [
      "iam:AttachRolePolicy",
    ]);
  });

  it("counts for a drift only since it was last rolled back", () => {
    const [missing] = driftsOf(detached);
    assert.ok(missing);
    const config = { trustedActors: [terraform], severities: {} };
    const actor = anActor({ type: "AssumedRole", issuer: terraform });
    const causes = [{ findingId: missing.id, digest: "", actor, at: secondsAfterNoon(-600) }];
    assert.match(
      reasons(plan(detached, automatic, { config, control: { causes } })),
      /whom the configuration trusts/,
    );
    const { plan: earlier } = plan(detached, automatic);
    const rollbacks = [{ status: "done", startedAt: secondsAfterNoon(-300), plan: earlier } as const];
    assert.deepEqual(calls(plan(detached, automatic, { config, control: { causes, rollbacks } })), [
      "iam:AttachRolePolicy",
    ]);
  });
});

describe("a pause", () => {
  const pause = {
    scope: "role",
    by: `arn:aws:sts::${account}:assumed-role/oncall/ann`,
    until: secondsAfterNoon(600),
    reason: "release",
  } as const;
  const [missing] = driftsOf(detached);
  const causedBy = (actor: ReturnType<typeof anActor>) => [
    { findingId: missing?.id ?? "", digest: "", actor, at: secondsAfterNoon(-60) },
  ];

  it("keeps everything from being rolled back until it ends, approved or not", () => {
    const planned = plan(rogue(allow("*")), automatic, {
      control: { pauses: [pause], ...approving(detached).control },
    });
    assert.deepEqual(calls(planned), []);
    assert.match(
      reasons(planned),
      /of this role are paused until 2026-11-22T12:10:00.000Z by .*oncall\/ann: release/,
    );
    assert.equal(planned.withheld[0]?.until, pause.until);
    const over = { ...pause, until: secondsAfterNoon(0) };
    assert.deepEqual(calls(plan(detached, automatic, { control: { pauses: [over] } })), [
      "iam:AttachRolePolicy",
    ]);
  });

  it("does not hold for a drift of the actor who made it, under whatever session name", () => {
    const control = { pauses: [pause], causes: causedBy(session("oncall", "bob")) };
    assert.deepEqual(calls(plan(detached, automatic, { control })), ["iam:AttachRolePolicy"]);
    const other = { pauses: [pause], causes: causedBy(session("intern", "ann")) };
    assert.deepEqual(calls(plan(detached, automatic, { control: other })), []);
  });
});

describe("a finding that is held back", () => {
  it("holds back no other part", () => {
    const role = asReferenced(name, {
      inline: [
        { name: "junk", text: allow("s3:*") },
        { name: "rogue", text: allow("iam:*") },
      ],
    });
    const [junk] = driftsOf(role);
    const hold = (finding: string) =>
      finding === junk?.id ? { reason: "It returned.", until: secondsAfterNoon(300) } : undefined;
    const planned = plan(role, automatic, { hold });
    assert.deepEqual(
      planned.plan.steps.map(({ part }) => part.toString()),
      ["inline:rogue"],
    );
    assert.deepEqual(
      planned.withheld.map(({ reason, until }) => [reason, until]),
      [["It returned.", secondsAfterNoon(300)]],
    );
  });

  it("does not keep the excess of a trust policy for the sake of the missing", () => {
    const open = JSON.parse(trustOf("batch.amazonaws.com"));
    open.Statement[0].Action = "sts:TagSession";
    open.Statement.push({ Effect: "Allow", Principal: { AWS: "999988887777" }, Action: "sts:AssumeRole" });
    open.Statement.push({
      Effect: "Allow",
      Principal: { Service: "batch.amazonaws.com", AWS: account },
      Action: "sts:AssumeRole",
    });
    const planned = plan(asReferenced(name, { trust: JSON.stringify(open) }), { excess: "automatic" });
    assert.deepEqual(calls(planned), ["iam:UpdateAssumeRolePolicy"]);
    assert.equal(planned.plan.steps[0]?.restores, false);
  });
});
