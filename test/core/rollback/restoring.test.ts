import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GuardedRole } from "@drift-guard/core/config/config";
import { digestEvidence } from "@drift-guard/core/model/identity";
import type { LivePolicy } from "@drift-guard/core/model/managed-policy";
import { isSamePart, managedPart } from "@drift-guard/core/model/part";
import { seen, unseen } from "@drift-guard/core/model/role";
import { defineReference, type Reference } from "@drift-guard/core/reference/reference";
import { isTrustExposed } from "@drift-guard/core/rollback/exposure";
import { planForApproval } from "@drift-guard/core/rollback/plan-for-approval";
import { planRollback } from "@drift-guard/core/rollback/planner";
import type { PlanningInput } from "@drift-guard/core/rollback/planning";
import {
  account,
  allow,
  anActor,
  anEnvironmentUse,
  aRole,
  aRollback,
  batchServicePolicy,
  noon,
  secondsAfterNoon,
  trustOf,
} from "../../builders.ts";
import { asReferenced, guardedAs } from "../watched-roles.ts";
import {
  approving,
  assess,
  automatic,
  type ControlGiven,
  calls,
  controlWith,
  driftsOf,
  plan,
  reasons,
  suppressing,
} from "./planning.ts";

const name = "AWSBatchServiceRole";
const detached = asReferenced(name, { attached: [] });
const isOfPolicy = ({ part }: { readonly part: Parameters<typeof isSamePart>[0] }) =>
  isSamePart(part, managedPart(batchServicePolicy));
const attach = ["iam:AttachRolePolicy"];
const deny = (Action: string, over: object = {}) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Action, Resource: "*", ...over }],
  });
const statements = (text: string): readonly object[] => JSON.parse(text).Statement;

describe("restoring", () => {
  it("waits for a person while the trust policy lets in more than its reference", () => {
    const foreign = { Effect: "Allow", Principal: { AWS: "999988887777" }, Action: "sts:AssumeRole" };
    const open = JSON.stringify({
      Version: "2012-10-17",
      Statement: [...statements(trustOf("batch.amazonaws.com")), foreign],
    });
    const role = asReferenced(name, { attached: [], trust: open });
    const planned = plan(role, automatic);
    assert.deepEqual(calls(planned), ["iam:UpdateAssumeRolePolicy"]);
    assert.match(reasons(planned), /trust policy of AWSBatchServiceRole lets in more than its reference/);
    assert.equal(isTrustExposed(assess(role, guardedAs({}))), true);
    const approved = plan(role, automatic, approving(role, isOfPolicy));
    assert.deepEqual(calls(approved), ["iam:UpdateAssumeRolePolicy", ...attach]);
  });

  it("waits for a person while the trust policy lets in a stranger whom a person accepted", () => {
    const foreign = { Effect: "Allow", Principal: { AWS: "999988887777" }, Action: "sts:AssumeRole" };
    const trust = JSON.stringify({
      Version: "2012-10-17",
      Statement: [...statements(trustOf("batch.amazonaws.com")), foreign],
    });
    const role = asReferenced(name, { attached: [], trust });
    const exceptions = suppressing(role, ({ part }) => part.kind === "trust");
    const planned = plan(role, automatic, { control: { exceptions } });
    assert.deepEqual(calls(planned), []);
    assert.match(reasons(planned), /A person accepted that, but not that those whom it lets in get/);
    const approvals = approving(role, isOfPolicy).control;
    assert.deepEqual(calls(plan(role, automatic, { control: { exceptions, ...approvals } })), attach);
  });

  it("waits for a person if the trust policy is not compared", () => {
    const guarded = guardedAs({ rollback: automatic, strictness: { trust: "off" } });
    assert.match(reasons(plan(detached, automatic, { guarded })), /is not compared/);
  });

  it("waits for a person until a read has found the role clean", () => {
    const planned = plan(detached, automatic, { control: { enrolment: undefined } });
    assert.deepEqual(calls(planned), []);
    assert.match(reasons(planned), /No read has found AWSBatchServiceRole as its reference says yet/);
  });

  it("waits for a person after the role was made again, and names who made it", () => {
    const control = { enrolment: { roleId: "AROAOLD", at: "2026-01-01T00:00:00Z" } } as const;
    const planned = plan(detached, automatic, { control, maker: anActor() });
    assert.deepEqual(calls(planned), []);
    assert.match(
      reasons(planned),
      /deleted and made again by arn:aws:iam::123456789012:user\/mallory: its unique id is AROA2BATCHSERVICEROLE, and was AROAOLD/,
    );
    const rogue = asReferenced(name, { inline: [{ name: "rogue", text: allow("iam:*") }] });
    assert.deepEqual(calls(plan(rogue, automatic, { control })), ["iam:DeleteRolePolicy"]);
    const approved = plan(detached, automatic, { control: { ...control, ...approving(detached).control } });
    assert.deepEqual(calls(approved), attach);
  });

  it("restores the reference's trust policy at once, which gives a running session nothing", () => {
    const role = asReferenced(name, { trust: trustOf("lambda.amazonaws.com") });
    const control = { enrolment: { roleId: role.id, at: secondsAfterNoon(-60) } };
    assert.deepEqual(calls(plan(role, automatic, { control })), ["iam:UpdateAssumeRolePolicy"]);
  });
});

describe("restoring while a stranger may have a running session", () => {
  const recent = { roleId: detached.id, at: secondsAfterNoon(-3000) } as const;
  const choosing = (
    sessions: GuardedRole["rollback"]["sessions"],
    control: ControlGiven = { enrolment: recent },
  ) =>
    plan(detached, { ...automatic, sessions }, { control, uses: [anEnvironmentUse({ name: "queue-ce" })] });

  it("waits for a person by default", () => {
    const planned = choosing("approve");
    assert.deepEqual(calls(planned), []);
    assert.match(reasons(planned), /Until 2026-11-22T12:12:00.000Z, somebody .* A person must approve/);
    assert.equal(planned.withheld[0]?.until, undefined);
  });

  it("waits until every such session has ended if the owner chose so", () => {
    const [waiting] = choosing("wait").withheld;
    assert.equal(waiting?.until, "2026-11-22T12:12:00.000Z");
    const exposed = {
      roleId: detached.id,
      at: "2026-01-01T00:00:00Z",
      exposure: { at: noon, sessionSeconds: 7200 },
    } as const;
    assert.equal(choosing("wait", { enrolment: exposed }).withheld[0]?.until, "2026-11-22T14:02:00.000Z");
    const past = { ...exposed, exposure: { at: secondsAfterNoon(-8000), sessionSeconds: 7200 } };
    assert.deepEqual(calls(choosing("wait", { enrolment: past })), attach);
  });

  it("takes 12 hours for a session limit that is not observed", () => {
    const role = { ...detached, maxSession: unseen("a snapshot shows none") };
    const planned = plan(role, { ...automatic, sessions: "wait" }, { control: { enrolment: recent } });
    assert.equal(planned.withheld[0]?.until, "2026-11-22T23:12:00.000Z");
  });

  it("first denies everything to sessions issued before if the owner chose so, and says whom that breaks", () => {
    const planned = choosing("revoke");
    assert.deepEqual(calls(planned), ["iam:PutRolePolicy", ...attach]);
    const [revoke] = planned.plan.steps;
    assert.ok(revoke?.call === "iam:PutRolePolicy");
    assert.deepEqual(JSON.parse(revoke.document).Statement, [
      {
        Effect: "Deny",
        Action: ["*"],
        Resource: ["*"],
        Condition: { DateLessThan: { "aws:TokenIssueTime": "2026-11-22T12:00:30.000Z" } },
      },
    ]);
    assert.equal(revoke.revokesUntil, "2026-11-22T13:00:30.000Z");
    assert.equal(revoke.restores, false);
    assert.match(revoke.note ?? "", /ends every session .* queue-ce/);
    assert.deepEqual(calls(choosing("revoke", { enrolment: undefined })), []);
  });

  it("knows its revocation by the record and the exact document, and removes it once those sessions have ended", () => {
    const { plan: carriedOut } = choosing("revoke");
    const [revoke] = carriedOut.steps;
    assert.ok(revoke?.call === "iam:PutRolePolicy");
    const own = { name: revoke.policyName, text: revoke.document };
    const rollbacks = [{ ...aRollback("done", "r"), plan: carriedOut }];
    const revoked = { ...detached, inline: [own] };
    // The guard's own Deny does not keep it from restoring.
    const again = plan(revoked, automatic, { control: { rollbacks } });
    assert.deepEqual([calls(again), reasons(again)], [attach, ""]);
    const later = { control: { rollbacks }, now: "2026-11-22T13:00:30Z" } as const;
    assert.deepEqual(calls(plan(revoked, automatic, later)), ["iam:DeleteRolePolicy", ...attach]);
    const pause = { scope: "role", by: "ann", at: noon, until: "2026-11-23T12:00:00Z", reason: "" } as const;
    const paused = { ...later, control: { rollbacks, pauses: [pause] } };
    assert.deepEqual(calls(plan(revoked, automatic, paused)), []);
    const off = plan(revoked, { excess: "automatic" }, later);
    assert.deepEqual(calls(off), ["iam:DeleteRolePolicy"]);
    // Without one of these choices, the function may not call iam:DeleteRolePolicy.
    const missing = plan(revoked, { missing: "automatic", sessions: "approve" }, later);
    assert.deepEqual(calls(missing), attach);
    assert.match(reasons(missing), /the configuration no longer allows the guard to delete it/);
    // Somebody else's policy of the same name, or with the same document, is theirs.
    for (const foreign of [
      { name: own.name, text: deny("*") },
      { name: "AWSRevokeOlderSessions", text: own.text },
    ]) {
      const planned = plan({ ...detached, inline: [foreign] }, automatic, later);
      assert.deepEqual(calls(planned), [], foreign.name);
      assert.match(reasons(planned), /may contain an incident/);
    }
  });
});

describe("restoring while a person may be containing an incident", () => {
  it("waits for a person if an allowed policy denies more than the reference", () => {
    const role = asReferenced(name, { attached: [], inline: [{ name: "team-stop", text: deny("ecs:*") }] });
    const guarded = guardedAs({ rollback: automatic, allowedPolicies: ["team-*"] });
    const planned = plan(role, automatic, { guarded });
    assert.deepEqual(calls(planned), []);
    assert.match(reasons(planned), /A Deny was added to the role \(inline:team-stop\)/);
    assert.deepEqual(calls(plan(role, automatic, { guarded, ...approving(role, isOfPolicy) })), attach);
  });

  it("knows the Denies of the reference in an allowed policy by what they deny, not by their words", () => {
    const source = { title: "a test", date: "2026-11-22" };
    const both = (...Statement: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
    const get = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };
    const denied = ["s3:DeleteBucket", "s3:DeleteObject"];
    const arn = "arn:aws:iam::aws:policy/Guarded";
    const document = both(get, { Effect: "Deny", Action: denied, Resource: "*" });
    const reference = defineReference({
      role: "Worker",
      source,
      trust: trustOf("ecs-tasks.amazonaws.com"),
      attachments: [{ arn, version: "v1", document, source }],
      boundary: "any",
    });
    const guarded = guardedAs({ rollback: automatic, allowedPolicies: ["team-*"] });
    const withDenies = (...statements: readonly object[]) =>
      plan(
        aRole({
          name: "Worker",
          trust: reference.trust,
          attached: [],
          inline: [{ name: "team-stop", text: both(...statements) }],
        }),
        automatic,
        { reference, guarded },
      );
    const split = denied.map((Action) => ({ Effect: "Deny", Action, Resource: ["*"] }));
    const narrower = { Effect: "Deny", Action: "s3:DeleteObject", Resource: "arn:aws:s3:::jobs/*" };
    for (const same of [split, [narrower]]) assert.deepEqual(calls(withDenies(...same)), attach);
    const wider = { Effect: "Deny", Action: "s3:Delete*", Resource: "*" };
    const others = { Effect: "Deny", NotAction: ["s3:Get*", "sts:*"], Resource: "*" };
    for (const more of [wider, others]) {
      assert.deepEqual(calls(withDenies(...split, more)), []);
      assert.match(reasons(withDenies(more)), /A Deny was added to the role \(inline:team-stop\)/);
    }
  });

  it("waits for a person while the console's policy denies older sessions", () => {
    const Condition = { DateLessThan: { "aws:TokenIssueTime": "2026-11-22T11:00:00.000Z" } };
    const text = deny("*", { Condition });
    const role = asReferenced(name, { attached: [], inline: [{ name: "AWSRevokeOlderSessions", text }] });
    assert.match(reasons(plan(role, automatic)), /inline:AWSRevokeOlderSessions/);
  });

  it("waits for a person under a boundary that takes away what would be restored", () => {
    const bounded = (text: string) =>
      asReferenced(name, {
        attached: [],
        boundary: seen({
          arn: `arn:aws:iam::${account}:policy/stop`,
          version: seen({ id: "v1", text }),
        }),
      });
    assert.match(
      reasons(plan(bounded(allow("s3:GetObject")), automatic)),
      /boundary arn:aws:iam::123456789012:policy\/stop takes away what would be restored/,
    );
    assert.deepEqual(calls(plan(bounded(allow("*")), automatic)), attach);
    const unread = { ...detached, boundary: unseen("IAM denied it") };
    assert.match(reasons(plan(unread, automatic)), /could not be (?:read|compared)/);
  });
});

describe("restoring a customer-managed policy", () => {
  const arn = `arn:aws:iam::${account}:policy/team`;
  const source = { title: "a test", date: "2026-11-22" };
  const reference: Reference = defineReference({
    role: "Worker",
    source,
    trust: trustOf("ecs-tasks.amazonaws.com"),
    attachments: [{ arn, version: "v1", document: allow("s3:GetObject"), source }],
    boundary: "none",
  });
  const role = aRole({ name: "Worker", trust: reference.trust, attached: [] });
  const live = (text: string): ReadonlyMap<string, LivePolicy> =>
    new Map([[arn, { arn, versions: [{ id: "v3", isDefault: true, text }], holders: ["Worker"] }]]);

  it("compares the version that would come into force, not the policy's name", () => {
    const other = plan(role, automatic, { reference, policies: live(allow("*")) });
    assert.deepEqual(calls(other), []);
    assert.match(
      reasons(other),
      /default version v3 of arn:aws:iam::\d+:policy\/team differs from the reference/,
    );
    const same = plan(role, automatic, { reference, policies: live(allow("s3:GetObject")) });
    assert.deepEqual(calls(same), attach);
  });

  it("is approved for the document that it has at that time alone", () => {
    const policies = live(allow("s3:*"));
    const [finding] = driftsOf(role, reference);
    assert.ok(finding);
    const planning = (some: typeof policies, approvals: PlanningInput["control"]["approvals"] = []) => ({
      role,
      reference,
      guarded: guardedAs({ rollback: automatic }),
      assessments: assess(role, guardedAs({}), reference),
      control: controlWith({ approvals }),
      policies: some,
      now: noon,
    });
    const approved = planForApproval(planning(policies), finding.id);
    const approval = {
      findingId: finding.id,
      digest: digestEvidence(finding.drift),
      by: "ann",
      at: noon,
      expires: secondsAfterNoon(60),
      plan: approved.plan,
    };
    assert.deepEqual(calls(planRollback(planning(policies, [approval]))), attach);
    const swapped = planRollback(planning(live(allow("*")), [approval]));
    assert.deepEqual(calls(swapped), []);
    assert.match(reasons(swapped), /not the approved one any more/);
  });

  it("waits for a person if the policy could not be read", () => {
    assert.match(reasons(plan(role, automatic, { reference })), /document of .* could not be read/);
  });
});
