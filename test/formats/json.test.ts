import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatJson } from "@drift-guard/formats/json";
import fc from "fast-check";
import { aDrift, aFinding, aFix, anAnnouncement, aTransition } from "../builders.ts";
import { aHostileTransition, everyStanding, everyTransition } from "./transitions.ts";

describe("the JSON line", () => {
  it("has what a message says, in fields", () => {
    const finding = aFinding({ evidence: aDrift({ fix: aFix() }) });
    assert.deepEqual(JSON.parse(formatJson(anAnnouncement(aTransition({ finding })))), {
      schema: 1,
      id: "5f1d0c6f7a0e4b52#1",
      transitions: ["5f1d0c6f7a0e4b52#1"],
      at: "2026-11-22T12:00:00.000Z",
      kind: "opened",
      finding: "5f1d0c6f7a0e4b52",
      state: "open",
      severity: "HIGH",
      role: {
        account: "123456789012",
        name: "AWSBatchServiceRole",
        arn: "arn:aws:iam::123456789012:role/AWSBatchServiceRole",
      },
      evidence: "drift",
      part: "managed:arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole",
      side: "missing",
      title: "Policy AWSBatchServiceRole is missing from AWSBatchServiceRole",
      meaning: [
        "AWS Batch manages its compute environments with this role: without it jobs wait in RUNNABLE, and environments turn INVALID and cannot be deleted.",
      ],
      lists: [{ heading: "Missing permissions", lines: ["ec2:DescribeInstances on *"] }],
      actor: "arn:aws:iam::123456789012:user/mallory from 203.0.113.7 (aws-cli/2.17.32)",
      cause: "iam:DetachRolePolicy at 2026-11-22T12:00:00Z",
      links: {
        role: "https://console.aws.amazon.com/iam/home#/roles/details/AWSBatchServiceRole",
      },
      standing: "off",
      next: [
        "Rollback of missing permissions is off for AWSBatchServiceRole in the configuration: nothing changes until a person acts.",
        "Ask arn:aws:iam::123456789012:user/mallory whether it was meant. If it was not, undo it.",
      ],
      command:
        "aws iam attach-role-policy --role-name AWSBatchServiceRole --policy-arn arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole",
    });
  });

  it("is one line of at most 64 KB without unprintable characters, for any text from outside", () => {
    const isBounded = (line: string) => {
      assert.ok(Buffer.byteLength(line) <= 64 * 1024);
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    };
    for (const transition of everyTransition()) isBounded(formatJson(anAnnouncement(transition)));
    for (const [standing] of everyStanding())
      isBounded(formatJson(anAnnouncement(aTransition(), { standing })));
    fc.assert(
      fc.property(aHostileTransition, (transition) => isBounded(formatJson(anAnnouncement(transition)))),
      { numRuns: 50 },
    );
  });
});
