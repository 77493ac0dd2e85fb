import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AwsSecurityFinding } from "@aws-sdk/client-securityhub";
import { inlinePart } from "@drift-guard/core/model/part";
import { formatAsff } from "@drift-guard/formats/asff";
import fc from "fast-check";
import {
  account,
  aDrift,
  aFinding,
  aFix,
  anActor,
  anAnnouncement,
  anAttempt,
  anImpersonation,
  anUndecided,
  aTransition,
  aVendorChange,
  secondsAfterNoon,
} from "../builders.ts";
import { aHostileTransition, everyStanding, everyTransition } from "./transitions.ts";
import { asffRules } from "./validators/asff.ts";
import { listBroken } from "./validators/rules.ts";

const place = { account, region: "eu-west-1", partition: "aws" };

describe("the Security Hub finding", () => {
  it("keeps every rule of BatchImportFindings for every kind of finding and standing", () => {
    for (const transition of everyTransition()) {
      const finding: AwsSecurityFinding = formatAsff(anAnnouncement(transition), place);
      assert.deepEqual(listBroken(asffRules, finding), []);
    }
    for (const [standing] of everyStanding()) {
      const finding = formatAsff(anAnnouncement(aTransition(), { standing, stage: "s".repeat(50) }), place);
      assert.deepEqual(listBroken(asffRules, finding), []);
    }
  });

  it("keeps every rule for any text from outside", () => {
    fc.assert(
      fc.property(aHostileTransition, (transition) => {
        assert.deepEqual(listBroken(asffRules, formatAsff(anAnnouncement(transition), place)), []);
      }),
      { numRuns: 50 },
    );
  });

  it("has no link but within a command and the names of its resources", () => {
    const url = "https=www.evil.example";
    const role = "AWSBatchServiceRole";
    const step = { role, part: inlinePart(url), call: "iam:DeleteRolePolicy", policyName: url } as const;
    const evidence = aDrift({ part: `inline:${url}`, side: "excess", fix: aFix({ steps: [step] }) });
    const actor = anActor({ arn: `arn:aws:iam::1:user/${url}`, userAgent: "https://evil.example" });
    const transitions = [
      aTransition({ finding: aFinding({ evidence }), actor, note: url }),
      ...everyTransition(),
    ];
    for (const transition of transitions) {
      const { Resources: _, Remediation, ...rest } = formatAsff(anAnnouncement(transition), place);
      const { Text } = Remediation.Recommendation;
      const texts = [JSON.stringify(rest), Text.replace(/: (?:aws|npx) .*$/, "")];
      for (const text of texts) assert.doesNotMatch(text, /:\/\/|\bwww\./);
    }
  });

  it("keeps one Id through every transition", () => {
    const ids = new Set(
      (["opened", "worsened", "rolled-back", "resolved", "reopened"] as const).map(
        (kind) => formatAsff(anAnnouncement(aTransition({ kind, finding: aFinding() })), place).Id,
      ),
    );
    assert.deepEqual([...ids], [`drift-guard/${account}/${aFinding().id}`]);
  });

  it("archives a resolved finding so that it can reopen", () => {
    const of = (state: "open" | "resolved" | "suppressed") => {
      const { Compliance, RecordState } = formatAsff(
        anAnnouncement(aTransition({ finding: aFinding({ state }) })),
        place,
      );
      return [Compliance.Status, RecordState];
    };
    assert.deepEqual(of("open"), ["FAILED", "ACTIVE"]);
    assert.deepEqual(of("resolved"), ["PASSED", "ARCHIVED"]);
    assert.deepEqual(of("suppressed"), ["FAILED", "ARCHIVED"]);
  });

  it("is FAILED for drift, stolen credentials and versions by AWS that take what the role needs, and WARNING for everything else", () => {
    const status = (evidence: Parameters<typeof aFinding>[0]) =>
      formatAsff(anAnnouncement(aTransition({ finding: aFinding(evidence) })), place).Compliance.Status;
    assert.equal(status({ evidence: aDrift() }), "FAILED");
    assert.equal(status({ evidence: anImpersonation() }), "FAILED");
    assert.equal(status({ evidence: anUndecided() }), "WARNING");
    assert.equal(status({ evidence: anAttempt() }), "WARNING");
    assert.equal(status({ evidence: aVendorChange() }), "WARNING");
    assert.equal(status({ evidence: aVendorChange({ lost: true }) }), "FAILED");
  });

  it("names the product of its own account, region and partition, and the role's ARN", () => {
    const key = { account, name: "AWSServiceRoleForBatch" };
    const finding = formatAsff(
      anAnnouncement(aTransition({ finding: aFinding({ role: key, evidence: anAttempt() }) })),
      {
        ...place,
        partition: "aws-cn",
        region: "cn-north-1",
      },
    );
    assert.equal(
      finding.ProductArn,
      `arn:aws-cn:securityhub:cn-north-1:${account}:product/${account}/default`,
    );
    assert.deepEqual(
      finding.Resources.map(({ Type, Id }) => [Type, Id]),
      [
        [
          "AwsIamRole",
          `arn:aws-cn:iam::${account}:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch`,
        ],
      ],
    );
  });

  it("names the role by the ARN that was last read", () => {
    const arn = `arn:aws-cn:iam::${account}:role/service-role/AWSBatchServiceRole`;
    const { Resources } = formatAsff(anAnnouncement(aTransition({ finding: aFinding({ arn }) })), place);
    assert.equal(Resources[0]?.Id, arn);
  });

  it("is created when the finding opened and updated at its transition", () => {
    const at = secondsAfterNoon(90);
    const { CreatedAt, UpdatedAt } = formatAsff(anAnnouncement(aTransition({ kind: "worsened", at })), place);
    assert.deepEqual([CreatedAt, UpdatedAt], [secondsAfterNoon(0), at]);
  });
});
