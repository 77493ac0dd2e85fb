import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Evidence } from "@drift-guard/core/model/evidence";
import { describeEvidence } from "@drift-guard/formats/evidence";
import {
  aDrift,
  aGrant,
  anActor,
  anAttempt,
  anImpersonation,
  anUndecided,
  aVendorChange,
  everyEvidence,
} from "../builders.ts";

const batch = "AWSBatchServiceRole";
const everything = (evidence: Evidence, role = batch) => {
  const { title, sentences, lists } = describeEvidence(evidence, role);
  return [title, ...sentences, ...lists.flatMap(({ heading, lines }) => [heading, ...lines])].join("\n");
};

describe("a description of evidence", () => {
  it("says that a detached policy is missing, which permissions are missing, and what stops working", () => {
    const { title, sentences, lists } = describeEvidence(aDrift(), batch);
    assert.equal(title, "Policy AWSBatchServiceRole is missing from AWSBatchServiceRole");
    assert.match(sentences.join(" "), /jobs wait in RUNNABLE/);
    assert.deepEqual(lists, [{ heading: "Missing permissions", lines: ["ec2:DescribeInstances on *"] }]);
  });

  it("says who may now assume a role, and that sessions outlive the rollback", () => {
    const told = everything(
      aDrift({
        part: "trust",
        side: "excess",
        grants: [aGrant({ actions: ["sts:AssumeRole"], principals: [{ type: "AWS", id: "999988887777" }] })],
      }),
      "ecsTaskExecutionRole",
    );
    assert.match(told, /^AWS account 999988887777 can assume ecsTaskExecutionRole/);
    assert.match(told, /by AWS 999988887777/);
    assert.match(told, /Sessions that were issued meanwhile stay valid/);
  });

  it("says that jobs do not start if the execution role lost permissions", () => {
    const told = everything(aDrift({ part: "trust", side: "missing" }), "ecsTaskExecutionRole");
    assert.match(told, /new jobs fail before they start/);
  });

  it("warns that an added Deny may contain an incident", () => {
    const told = everything(
      aDrift({ part: "inline:quarantine", grants: [aGrant()], denies: [aGrant({ actions: ["*"] })] }),
    );
    assert.match(told, /^Inline policy quarantine denies what AWSBatchServiceRole needs/);
    // The reference requires nothing of what is denied.
    const beyond = everything(
      aDrift({
        part: "inline:quarantine",
        side: "missing",
        grants: [],
        denies: [aGrant({ actions: ["sqs:SendMessage"] })],
      }),
    );
    assert.match(beyond, /^Inline policy quarantine denies AWSBatchServiceRole sqs:SendMessage/);
    assert.doesNotMatch(beyond, /RUNNABLE/);
    assert.match(told, /may contain an incident/);
    assert.match(told, /Newly denied\n\* on \*/);
  });

  it("names the inline policy that allows too much", () => {
    const told = everything(
      aDrift({ part: "inline:rogue", side: "excess", grants: [aGrant({ actions: ["iam:*"] })] }),
    );
    assert.match(told, /^Inline policy rogue gives AWSBatchServiceRole iam:\* on \*/);
    assert.match(told, /Allowed beyond the reference \(what the role should be\)\niam:\* on \*/);
  });

  it("says that a role is absent, at another path, or under a boundary", () => {
    const drift = (over: Parameters<typeof aDrift>[0]) => everything(aDrift({ grants: [], ...over }));
    assert.match(drift({ part: "role", side: "missing" }), /^AWSBatchServiceRole does not exist/);
    assert.match(
      drift({ part: "role", side: "altered", detail: "It stands at path /." }),
      /not the role that it should be\nIt stands at path/,
    );
    assert.match(
      drift({ part: "boundary", side: "altered" }),
      /^The permissions boundary of AWSBatchServiceRole/,
    );
  });

  it("says what a drift breaks or lets in, and nothing more", () => {
    const excess = (over: object, part: "trust" | "inline:p" = "inline:p") =>
      everything(aDrift({ part, side: "excess", grants: [aGrant(over)] }));
    const blocked = everything(aDrift({ part: "boundary", side: "missing" }));
    assert.match(blocked, /^The permissions boundary of AWSBatchServiceRole blocks permissions/);
    assert.match(everything(aDrift({ harmless: true })), /Nothing stops working\./);
    assert.doesNotMatch(everything(aDrift({ harmless: true })), /jobs wait in RUNNABLE/);
    assert.match(excess({ actions: ["iam:*"], remains: "none" }), /The permissions boundary blocks it/);
    const deleted = excess({ principals: [{ type: "AWS", id: "AROAEXAMPLEEXAMPLEID1" }] }, "trust");
    assert.match(deleted, /nobody can assume the role through them/);
    assert.doesNotMatch(deleted, /can act with every permission/);
  });

  it("never calls an undecided part clean, and gives the reasons", () => {
    assert.match(everything(anUndecided()), /does not count it as clean[\s\S]*no such operator/);
  });

  it("says that AWS returned to an older version with the same permissions", () => {
    const { title, sentences } = describeEvidence(
      aVendorChange({ version: "v9", since: "v12", added: [] }),
      "AWSBatchServiceRole",
    );
    assert.equal(title, "AWS took a policy of AWSBatchServiceRole back from v12 to v9");
    assert.match(sentences.join(" "), /is v9, older than v12, .* It allows the same as the reference\./);
  });

  it("says that AWS removed what the role needs", () => {
    const { title, sentences } = describeEvidence(
      aVendorChange({ version: "v14", since: "v13", removed: [aGrant()], lost: true }),
      "AWSBatchServiceRole",
    );
    assert.equal(
      title,
      "AWS published v14 of a policy of AWSBatchServiceRole, without permissions that the role needs",
    );
    assert.match(sentences.join(" "), /AWS made this change.* AWS Batch may fail\./);
  });

  it("compares no version ids of different partitions", () => {
    const { since: _, ...change } = aVendorChange({ version: "v2" });
    const { sentences } = describeEvidence(change, "AWSBatchServiceRole");
    assert.match(sentences.join(" "), /is v2, as this partition counts its versions/);
  });

  it("says that AWS made a vendor change", () => {
    assert.match(everything(aVendorChange()), /^AWS published v13[\s\S]*Added by AWS\nautoscaling:/);
  });

  it("says which call was refused, when and why", () => {
    const told = everything(anAttempt({ earlier: ["a", "b"] }));
    assert.match(told, /^iam:DeleteRole on AWSBatchServiceRole was refused/);
    assert.match(
      told,
      /The call was iam:DeleteRole at 2026-11-22T12:00:00Z, and AWS refused it: AccessDenied\./,
    );
    assert.match(told, /2 more came before/);
  });

  it("asks for action if somebody else has the guard's credentials", () => {
    assert.match(everything(anImpersonation()), /Treat the credentials[\s\S]*as stolen/);
  });

  it("escapes control characters in text from outside", () => {
    const evil = "x\u001b[31m\n\u202Efake";
    const pieces: readonly Evidence[] = [
      ...everyEvidence(),
      aDrift({ part: `inline:${evil}`, side: "excess", detail: evil, grants: [aGrant({ actions: [evil] })] }),
      anUndecided({ part: `tag:${evil}`, reasons: [evil] }),
      aVendorChange({ version: evil, part: `managed:${evil}` }),
      anAttempt({ call: evil, code: evil, message: evil, actor: anActor({ arn: evil, userAgent: evil }) }),
      anImpersonation({ call: evil, at: `2026-11-22T${evil}Z`, actor: { type: evil } }),
    ];
    for (const piece of pieces) {
      const { title, sentences, lists } = describeEvidence(piece, evil);
      for (const line of [title, ...sentences, ...lists.flatMap(({ lines }) => lines)]) {
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
      }
    }
  });
});
