import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatOcsf } from "@drift-guard/formats/ocsf";
import fc from "fast-check";
import { aFinding, anActor, anAnnouncement, anAttempt, aTransition } from "../builders.ts";
import { aHostileTransition, everyStanding, everyTransition } from "./transitions.ts";
import { ocsfRules } from "./validators/ocsf.ts";
import { listBroken } from "./validators/rules.ts";

const plain = (...args: Parameters<typeof anAnnouncement>) =>
  JSON.parse(JSON.stringify(formatOcsf(anAnnouncement(...args))));

describe("the OCSF finding", () => {
  it("keeps every rule of a Detection Finding for every kind of finding and standing", () => {
    for (const transition of everyTransition())
      assert.deepEqual(listBroken(ocsfRules, plain(transition)), []);
    for (const [standing] of everyStanding()) {
      assert.deepEqual(listBroken(ocsfRules, plain(aTransition(), { standing, stage: "production" })), []);
    }
  });

  it("keeps every rule, is bounded and has no link for any text from outside", () => {
    fc.assert(
      fc.property(aHostileTransition, (transition) => {
        const document = plain(transition);
        assert.deepEqual(listBroken(ocsfRules, document), []);
        assert.ok(Buffer.byteLength(JSON.stringify(document)) < 64 * 1024);
        for (const text of [document.message, document.finding_info.desc, document.remediation.desc]) {
          assert.doesNotMatch(text, /:\/\/|[\p{Cc}\p{Cf}]/u);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("is created, updated and closed under one uid, and each transition has its own", () => {
    const activity = (kind: "opened" | "worsened" | "reopened" | "resolved", seq: number) => {
      const finding = aFinding({ seq, state: kind === "resolved" ? "resolved" : "open" });
      const { activity_name, type_uid, status, finding_info, metadata } = formatOcsf(
        anAnnouncement(aTransition({ kind, finding })),
      );
      return [activity_name, type_uid, status, finding_info.uid, metadata.uid];
    };
    const { id } = aFinding();
    assert.deepEqual(activity("opened", 1), ["Create", 200_401, "New", id, `${id}#1`]);
    assert.deepEqual(activity("worsened", 2), ["Update", 200_402, "New", id, `${id}#2`]);
    assert.deepEqual(activity("resolved", 3), ["Close", 200_403, "Resolved", id, `${id}#3`]);
    assert.deepEqual(activity("reopened", 4), ["Update", 200_402, "New", id, `${id}#4`]);
  });

  it("has the actor, the call and the source address as evidence and observables", () => {
    const { evidences, observables } = formatOcsf(anAnnouncement());
    assert.deepEqual(evidences, [
      {
        actor: {
          user: {
            name: "mallory",
            uid: "arn:aws:iam::123456789012:user/mallory",
            account: { uid: "123456789012", type_id: 10, type: "AWS Account" },
            type_id: 1,
            type: "User",
          },
        },
        api: { operation: "DetachRolePolicy", service: { name: "iam" } },
        src_endpoint: { ip: "203.0.113.7" },
        http_request: { user_agent: "aws-cli/2.17.32" },
      },
    ]);
    assert.deepEqual(
      observables.map(({ type, value }) => [type, value]),
      [
        ["Resource UID", "arn:aws:iam::123456789012:role/AWSBatchServiceRole"],
        ["IP Address", "203.0.113.7"],
        ["HTTP User-Agent", "aws-cli/2.17.32"],
      ],
    );
  });

  it("takes a service's name for no address", () => {
    for (const sourceIp of ["cloudformation.amazonaws.com", "1.2.3", "999.1.1.1", "::1::", "AWS Internal"]) {
      const { observables } = formatOcsf(anAnnouncement(aTransition({ actor: anActor({ sourceIp }) })));
      assert.ok(!observables.some(({ type }) => type === "IP Address"), sourceIp);
    }
    for (const sourceIp of ["2001:db8::1", "::1", "1:2:3:4:5:6:7:8"]) {
      const { observables } = formatOcsf(anAnnouncement(aTransition({ actor: anActor({ sourceIp }) })));
      assert.ok(
        observables.some(({ type, value }) => type === "IP Address" && value === sourceIp),
        sourceIp,
      );
    }
  });

  it("has the refused call of an attempt, and the partition of the role", () => {
    const arn = "arn:aws-cn:iam::123456789012:role/AWSBatchServiceRole";
    const { evidences, cloud } = formatOcsf(
      anAnnouncement(aTransition({ finding: aFinding({ evidence: anAttempt(), arn }) })),
    );
    assert.equal(evidences?.[0]?.api?.operation, "DeleteRole");
    assert.equal(cloud.cloud_partition, "aws-cn");
  });
});
