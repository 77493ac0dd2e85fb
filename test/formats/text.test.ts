import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { roleGone } from "@drift-guard/core/model/transition";
import { formatText } from "@drift-guard/formats/text";
import { aDrift, aFinding, anActor, anAttempt, aTransition, aVendorChange } from "../builders.ts";
import { everyTransition, evil } from "./transitions.ts";

describe("the message for people", () => {
  it("says who did what, when, from where, how bad it is, and which finding it is", () => {
    const { subject, body } = formatText(aTransition());
    assert.equal(
      subject,
      "drift-guard: HIGH, New: Policy AWSBatchServiceRole is missing from AWSBatchServiceRole",
    );
    assert.match(body, /Who: +arn:aws:iam::123456789012:user\/mallory from 203\.0\.113\.7 \(aws-cli/);
    assert.match(body, /Cause: +iam:DetachRolePolicy at 2026-11-22T12:00:00Z/);
    assert.match(body, /Role: +AWSBatchServiceRole in account 123456789012/);
    assert.match(body, /No longer allowed:\n {2}- ec2:DescribeInstances on \*/);
    assert.match(body, /Finding 5f1d0c6f7a0e4b52, transition 5f1d0c6f7a0e4b52#1/);
  });

  it("names AWS for what AWS did, not somebody unknown", () => {
    const { actor: _, ...told } = aTransition({ finding: aFinding({ evidence: aVendorChange() }) });
    assert.match(formatText(told).body, /Who: +AWS itself\n/);
  });

  it("names whoever caused the finding where the guard itself acted on it", () => {
    const { actor: _, ...refused } = aTransition({
      kind: "refused",
      finding: aFinding({ causedBy: anActor({ arn: "arn:aws:iam::123456789012:role/terraform" }) }),
    });
    assert.match(formatText(refused).body, /Who: +arn:aws:iam::123456789012:role\/terraform from/);
  });

  it("gives the command that puts a detached policy back", () => {
    assert.match(
      formatText(aTransition()).body,
      /\n {2}aws iam attach-role-policy --role-name AWSBatchServiceRole --policy-arn arn:aws:iam::aws:policy\/service-role\/AWSBatchServiceRole\n/,
    );
  });

  it("leads to the trust of the very reference that the role was compared with", () => {
    const evidence = aDrift({ part: "trust", side: "excess" });
    const finding = aFinding({ evidence, reference: "team's" });
    assert.ok(
      formatText(aTransition({ finding })).body.includes(
        "\n  npx drift-guard reference show 'team'\\''s' --trust > trust.json && aws iam update-assume-role-policy --role-name AWSBatchServiceRole --policy-document file://trust.json\n",
      ),
    );
  });

  it("offers no trust where the role's name alone is known: the owner may mean another role by it", () => {
    const finding = aFinding({ evidence: aDrift({ part: "trust", side: "excess" }) });
    assert.doesNotMatch(formatText(aTransition({ finding })).body, /update-assume-role-policy/);
  });

  it("tells what a loss stops by the reference, not by the role's name", () => {
    const told = formatText(aTransition({ finding: aFinding({ reference: "ecsTaskExecutionRole" }) })).body;
    assert.match(told, /new jobs fail before they start/);
    const own = formatText(aTransition({ finding: aFinding({ reference: "team" }) })).body;
    assert.match(own, /Whatever works with AWSBatchServiceRole may fail/);
  });

  it("offers no write on a service-linked role", () => {
    const finding = aFinding({ role: { account: "123456789012", name: "AWSServiceRoleForBatch" } });
    const { body } = formatText(aTransition({ finding }));
    assert.doesNotMatch(body, /attach-role-policy/);
    assert.match(body, /npx drift-guard check AWSServiceRoleForBatch/);
  });

  it("offers no write on a role that stands where only AWS may write", () => {
    const arn = "arn:aws:iam::123456789012:role/aws-service-role/other.amazonaws.com/AWSServiceRoleForOther";
    const { body } = formatText(aTransition({ finding: aFinding({ arn }) }));
    assert.doesNotMatch(body, /attach-role-policy/);
  });

  it("claims of a refused rollback only what is known: its first step may be done", () => {
    const note = "The rollback stopped: the role changed meanwhile. Put back by iam:DetachRolePolicy.";
    const { body } = formatText(aTransition({ kind: "refused", note }));
    assert.match(body, /Put back by iam:DetachRolePolicy\./);
    assert.doesNotMatch(body, /changed nothing/);
  });

  it("says that the sweep asks again where the reason passes", () => {
    const { body } = formatText(aTransition({ kind: "refused", finding: aFinding({ retry: true }) }));
    assert.match(body, /sweep asks again/);
    assert.doesNotMatch(body, /will not try/);
  });

  it("does not take a role that is gone for one that is as it should be", () => {
    const { body } = formatText(
      aTransition({ kind: "resolved", note: roleGone, finding: aFinding({ state: "resolved" }) }),
    );
    assert.match(body, /does not exist any more/);
    assert.doesNotMatch(body, /as it should be|Nothing has to be done/);
  });

  it("says why nothing was put back, and that a person has to decide", () => {
    const { body } = formatText(aTransition({ kind: "refused", note: "A Deny was put on the role." }));
    assert.match(body, /A Deny was put on the role\./);
    assert.match(body, /a person has to decide/);
  });

  it("says that a rolled-back finding stays open, and that a resolved one needs nothing", () => {
    assert.match(formatText(aTransition({ kind: "rolled-back" })).body, /stays open until/);
    const resolved = formatText(aTransition({ kind: "resolved", finding: aFinding({ state: "resolved" }) }));
    assert.match(resolved.body, /Nothing has to be done/);
    assert.doesNotMatch(resolved.body, /aws iam/);
  });

  it("leads to the call in CloudTrail where a call was refused", () => {
    const { body } = formatText(aTransition({ finding: aFinding({ evidence: anAttempt() }) }));
    assert.match(body, /AttributeKey=EventId,AttributeValue=6c1eed73-00ee-4810-8009-c9ce5990c100/);
  });

  it("has a subject and a size that SNS takes, whatever the finding holds", () => {
    for (const transition of everyTransition()) {
      const { subject, body } = formatText(transition);
      assert.match(subject, /^[A-Za-z][\x20-\x7e]{0,98}$/);
      assert.ok(Buffer.byteLength(body) < 262_144);
      assert.doesNotMatch(body.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
    }
  });

  it("quotes a hostile name so that a pasted command stays one command", () => {
    const finding = aFinding({ evidence: aDrift({ part: `inline:a'; rm -rf ~\n${evil}`, side: "excess" }) });
    const { body } = formatText(aTransition({ finding }));
    const command = body.split("\n").find((line) => line.includes("delete-role-policy"));
    assert.match(command ?? "", /--policy-name 'a'\\''; rm -rf ~\\n/);
  });
});
