import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Fix } from "@drift-guard/core/model/fix";
import { Instant } from "@drift-guard/core/model/instant";
import { roleGone } from "@drift-guard/core/model/transition";
import { formatText as format } from "@drift-guard/formats/text";
import fc from "fast-check";
import {
  aDrift,
  aFinding,
  aFix,
  aGrant,
  anActor,
  anAnnouncement,
  anAttempt,
  aTransition,
  aVendorChange,
  noon,
  secondsAfterNoon,
} from "../builders.ts";
import { aHostileTransition, everyTransition, isLink } from "./transitions.ts";

/** The message, with its text as it was before lines were broken. */
function formatText(...args: Parameters<typeof format>) {
  const { subject, body } = format(...args);
  return { subject, body: body.replaceAll(/\n {4,}/g, " ") };
}

describe("the text message", () => {
  it("says who did what, when, from where, how bad it is, and which finding it is", () => {
    const { subject, body } = formatText(anAnnouncement(aTransition()));
    assert.equal(
      subject,
      "drift-guard HIGH: role AWSBatchServiceRole lacks policy AWSBatchServiceRole (rollback is off)",
    );
    assert.match(body, /Who: +arn:aws:iam::123456789012:user\/mallory from 203\.0\.113\.7 \(aws-cli/);
    assert.match(body, /Cause: +iam:DetachRolePolicy at 2026-11-22T12:00:00Z/);
    assert.match(body, /Role: +AWSBatchServiceRole in account 123456789012/);
    assert.match(body, /Missing permissions:\n {2}- ec2:DescribeInstances on \*/);
    assert.match(body, /Finding 5f1d0c6f7a0e4b52,\ntransition 5f1d0c6f7a0e4b52#1/);
  });

  it("names AWS as the actor of a vendor change", () => {
    const { actor: _, ...told } = aTransition({ finding: aFinding({ evidence: aVendorChange() }) });
    assert.match(formatText(anAnnouncement(told)).body, /Who: +AWS itself\n/);
  });

  it("says what to do about a version by AWS: nothing, unless the role lost what it needs", () => {
    const bodyOf = (over: Parameters<typeof aVendorChange>[0]) =>
      formatText(anAnnouncement(aTransition({ finding: aFinding({ evidence: aVendorChange(over) }) }))).body;
    assert.match(bodyOf({}), /Nothing to do\./);
    const lost = bodyOf({ removed: [aGrant()], lost: true });
    assert.match(lost, /Find out whether AWS Batch still needs what AWS removed\./);
    assert.doesNotMatch(lost, /Nothing to do/);
  });

  it("names the cause of the finding if the guard itself acted", () => {
    const { actor: _, ...refused } = aTransition({
      kind: "refused",
      finding: aFinding({ causedBy: anActor({ arn: "arn:aws:iam::123456789012:role/terraform" }) }),
    });
    assert.match(
      formatText(anAnnouncement(refused)).body,
      /Who: +arn:aws:iam::123456789012:role\/terraform from/,
    );
  });

  const fixed = (fix: Fix, over: Parameters<typeof aFinding>[0] = {}) =>
    formatText(anAnnouncement(aTransition({ finding: aFinding({ evidence: aDrift({ fix }), ...over }) })))
      .body;

  it("has the command that attaches a detached policy again", () => {
    assert.match(
      fixed(aFix()),
      /\nTo fix it, attach arn:.*:\n {2}aws iam attach-role-policy --role-name AWSBatchServiceRole --policy-arn arn:aws:iam::aws:policy\/service-role\/AWSBatchServiceRole\n/,
    );
  });

  it("names IAM's region of another partition in the command that fixes the role", () => {
    const arn = "arn:aws-us-gov:iam::123456789012:role/service-role/AWSBatchServiceRole";
    assert.match(fixed(aFix(), { arn }), / --region us-gov-west-1\n/);
  });

  it("has no command that changes the role where no fix was tried, or none is possible, and says why", () => {
    assert.doesNotMatch(formatText(anAnnouncement(aTransition())).body, /attach-role-policy/);
    const body = fixed({ kind: "manual", why: "Only AWS may change a service-linked role." });
    assert.match(body, /No command fixes it alone\. Only AWS may change a service-linked role\./);
    assert.match(body, /npx drift-guard check AWSBatchServiceRole\n/);
    assert.doesNotMatch(body, /aws iam/);
  });

  it("says what to consider before a fix, and what it leaves", () => {
    const body = fixed(aFix({ warning: "It removes a Deny.", leaves: "The key's owner must add the role." }));
    assert.match(body, /Before you fix it: It removes a Deny\./);
    assert.match(body, /The commands fix a part of it\. The key's owner must add the role\./);
  });

  it("says what a loss stops by the reference, not by the role's name", () => {
    const told = formatText(
      anAnnouncement(aTransition({ finding: aFinding({ reference: "ecsTaskExecutionRole" }) })),
    ).body;
    assert.match(told, /new jobs fail before they start/);
    const own = formatText(anAnnouncement(aTransition({ finding: aFinding({ reference: "team" }) }))).body;
    assert.match(own, /Services and jobs that use AWSBatchServiceRole may fail/);
  });

  it("says of a refused rollback only what is known: its first step may be done", () => {
    const note = "The rollback stopped: the role changed meanwhile. Carried out: iam:DetachRolePolicy.";
    const { body } = formatText(anAnnouncement(aTransition({ kind: "refused", note })));
    assert.match(body, /Carried out: iam:DetachRolePolicy\./);
    assert.doesNotMatch(body, /changed nothing/);
  });

  it("says that the guard tries again if the reason passes", () => {
    const standing = { kind: "refused", reason: "", retries: true } as const;
    const { body } = formatText(anAnnouncement(aTransition({ kind: "refused" }), { standing }));
    assert.match(body, /passes by itself, and drift-guard tries again/);
    assert.doesNotMatch(body, /does not try again/);
  });

  it("does not call a deleted role clean", () => {
    const { body } = formatText(
      anAnnouncement(
        aTransition({ kind: "resolved", note: roleGone, finding: aFinding({ state: "resolved" }) }),
      ),
    );
    assert.match(body, /does not exist any more/);
    assert.doesNotMatch(body, /as it should be|Nothing to do/);
  });

  it("says why nothing was rolled back, and that a person must decide", () => {
    const note = "A Deny was put on the role.";
    const standing = { kind: "refused", reason: note, retries: false } as const;
    const { body } = formatText(anAnnouncement(aTransition({ kind: "refused", note }), { standing }));
    assert.match(body, /A Deny was put on the role\./);
    assert.match(body, /a person must decide/);
  });

  it("says of a resolved finding what caused it, what ended it and after how long, in the past tense", () => {
    const at = Instant.parse("2026-11-22T12:04:00Z");
    const origin = { changeId: "1", call: "iam:DetachRolePolicy", at: noon, region: "us-east-1" };
    const messageOf = (over: Parameters<typeof aFinding>[0]) =>
      formatText(
        anAnnouncement(
          aTransition({
            kind: "resolved",
            at,
            cause: { kind: "recheck" },
            finding: aFinding({ state: "resolved", origin, ...over }),
          }),
        ),
      );
    const ended = secondsAfterNoon(90);
    const undone = messageOf({ rollback: { id: "r", endedAt: ended, undone: true } });
    assert.match(
      undone.subject,
      /^drift-guard Resolved \(was HIGH\): role AWSBatchServiceRole lacked policy/,
    );
    assert.match(
      undone.body,
      /was missing from AWSBatchServiceRole\.\nNothing to do: rolled back by drift-guard at 2026-11-22T12:01:30Z, 90 seconds after it began; confirmed at 2026-11-22T12:04:00Z\./,
    );
    assert.match(undone.body, /^Cause: +iam:DetachRolePolicy at 2026-11-22T12:00:00Z$/m);
    const others =
      /Nothing to do: the role, its use or its reference was changed, not by drift-guard; confirmed at/;
    assert.match(messageOf({}).body, others);
    const earlier = { id: "r", endedAt: secondsAfterNoon(-60), undone: true };
    assert.match(messageOf({ rollback: earlier }).body, others);
    const returned = { id: "r", endedAt: ended, undone: true, returned: true } as const;
    assert.match(messageOf({ rollback: returned }).body, others);
  });

  it("names as the cause of a transition of its own the call, not drift-guard's decision", () => {
    const origin = { changeId: "1", call: "iam:PutRolePolicy", at: noon, region: "us-east-1" };
    const { body } = formatText(
      anAnnouncement(
        aTransition({ kind: "contested", cause: { kind: "rollback" }, finding: aFinding({ origin }) }),
      ),
    );
    assert.match(body, /^Cause: +iam:PutRolePolicy at 2026-11-22T12:00:00Z$/m);
  });

  it("tells several transitions of a finding in one message, each with its id", () => {
    const finding = aFinding();
    const opened = aTransition({ finding });
    const note = "Carried out: iam:AttachRolePolicy.";
    const undone = aTransition({ kind: "rolled-back", note, finding: { ...finding, seq: 2 } });
    const resolved = aTransition({
      kind: "resolved",
      finding: { ...aFinding({ state: "resolved" }), seq: 3 },
    });
    const { subject, body } = formatText({ ...anAnnouncement(resolved), before: [opened, undone] });
    assert.match(subject, /^drift-guard New, rolled back, resolved \(was HIGH\): role AWSBatch/);
    assert.match(body, /^New, rolled back, resolved \(was HIGH\): Policy/);
    assert.match(
      body,
      /Before that:\n {2}- 2026-11-22T12:00:00Z New\n {2}- 2026-11-22T12:00:00Z Rolled back: Carried out: iam/,
    );
    for (const { id } of [opened, undone, resolved]) assert.ok(body.includes(`\ntransition ${id}\n`));
    const many = formatText({ ...anAnnouncement(resolved), before: [opened, undone, opened, undone] });
    assert.match(many.body, /^New, 3 more, resolved \(was HIGH\)/);
  });

  it("says how often which caller was refused", () => {
    const arn = "arn:aws:iam::123456789012:user/mallory";
    const callers = [
      {
        caller: arn,
        calls: 3,
        firstAt: noon,
        lastAt: secondsAfterNoon(660),
        names: ["iam:DetachRolePolicy", "iam:PutRolePolicy"],
      },
      { caller: "arn:aws:iam::123456789012:role/ci", calls: 1, firstAt: noon, lastAt: noon },
    ];
    const evidence = anAttempt({ call: "iam:DetachRolePolicy", callers });
    const { subject, body } = formatText(
      anAnnouncement(aTransition({ kind: "worsened", finding: aFinding({ evidence }) })),
    );
    assert.equal(
      subject,
      "drift-guard HIGH, Refused again: 3 calls by mallory on AWSBatchServiceRole were refused",
    );
    assert.match(body, /^HIGH, Refused again: 3 calls by mallory on AWSBatchServiceRole were refused\./);
    assert.match(body, /The last was iam:DetachRolePolicy at 2026-/);
    assert.match(body, /All were calls of iam:DetachRolePolicy, iam:PutRolePolicy\./);
    assert.match(body, /AttributeKey=Username,AttributeValue=mallory\n/);
    assert.match(body, /It is this caller's 3rd refused call on the role within 11 minutes/);
    assert.match(body, /other callers on the role:\n {2}- arn:aws:iam::123456789012:role\/ci: 1 call, 2026/);
  });

  it("says that a rolled-back finding stays open, and that a resolved one needs no action", () => {
    assert.match(formatText(anAnnouncement(aTransition({ kind: "rolled-back" }))).body, /stays open until/);
    const resolved = formatText(
      anAnnouncement(aTransition({ kind: "resolved", finding: aFinding({ state: "resolved" }) })),
    );
    assert.match(resolved.body, /Nothing to do/);
    assert.doesNotMatch(resolved.body, /aws iam/);
  });

  it("has the command that finds a refused call in CloudTrail", () => {
    const { body } = formatText(
      anAnnouncement(aTransition({ finding: aFinding({ evidence: anAttempt() }) })),
    );
    assert.match(body, /AttributeKey=EventId,AttributeValue=6c1eed73-00ee-4810-8009-c9ce5990c100/);
  });

  it("looks for a refused call in the region in which the partition reports IAM's calls", () => {
    const regions = { aws: "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1" };
    for (const [partition, region] of Object.entries(regions)) {
      const arn = `arn:${partition}:iam::123456789012:role/service-role/AWSBatchServiceRole`;
      const actor = anActor({ arn: `arn:${partition}:iam::123456789012:user/mallory` });
      for (const finding of [
        aFinding({ evidence: anAttempt(), arn }),
        aFinding({ evidence: anAttempt({ actor }) }),
      ]) {
        assert.match(
          formatText(anAnnouncement(aTransition({ finding }))).body,
          new RegExp(`lookup-events --region ${region} `),
        );
      }
    }
  });

  it("is plain, bounded and free of links for any text from outside", () => {
    fc.assert(
      fc.property(aHostileTransition, (transition) => {
        const { subject, body } = formatText(anAnnouncement(transition, { stage: "production" }));
        assert.match(subject, /^drift-guard [\x20-\x7e]{0,87}$/);
        assert.ok(Buffer.byteLength(body) < 262_144);
        for (const line of [subject, ...body.split("\n")]) {
          assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
          if (!isLink(line)) assert.doesNotMatch(line, /:\/\/|\bwww\./i);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("has a subject and a size that SNS accepts for every kind of finding", () => {
    for (const transition of everyTransition()) {
      const { subject, body } = formatText(anAnnouncement(transition));
      assert.match(subject, /^[A-Za-z][\x20-\x7e]{0,98}$/);
      assert.ok(Buffer.byteLength(body) < 262_144);
      assert.doesNotMatch(body.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
    }
  });
});
