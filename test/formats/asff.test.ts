import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AwsSecurityFinding } from "@aws-sdk/client-securityhub";
import { formatAsff } from "@drift-guard/formats/asff";
import * as z from "zod";
import {
  account,
  aDrift,
  aFinding,
  anAnnouncement,
  anAttempt,
  anImpersonation,
  anUndecided,
  aTransition,
  aVendorChange,
  secondsAfterNoon,
} from "../builders.ts";
import { everyTransition } from "./transitions.ts";

const place = { account, region: "eu-west-1", partition: "aws" };
const text = (most: number) => z.string().min(1).max(most);
const time = z.iso.datetime();

// The constraints of BatchImportFindings in the API model: required fields, lengths, and fields that may not be updated.
// Unknown fields fail too, so that Workflow, Note or Severity cannot slip in.
const Importable = z.strictObject({
  SchemaVersion: z.literal("2018-10-08"),
  Id: text(512),
  ProductArn: z
    .string()
    .regex(/^arn:[\w-]+:securityhub:[a-z0-9-]+:\d{12}:product\/\d{12}\/default$/)
    .max(2048),
  GeneratorId: text(512),
  AwsAccountId: z.string().regex(/^\d{12}$/),
  CreatedAt: time,
  UpdatedAt: time,
  FirstObservedAt: time,
  LastObservedAt: time,
  Title: text(256),
  Description: text(1024),
  Remediation: z.strictObject({ Recommendation: z.strictObject({ Text: text(512) }) }),
  ProductFields: z
    .record(
      z
        .string()
        .min(1)
        .max(128)
        .regex(/^(?!aws\/)/),
      text(2048),
    )
    .refine((fields) => Object.keys(fields).length <= 50),
  Resources: z
    .array(
      z.strictObject({
        Type: z.enum(["AwsIamRole", "AwsIamPolicy"]),
        Id: text(512),
        Details: z.strictObject({ AwsIamRole: z.strictObject({ RoleName: text(64) }) }).optional(),
      }),
    )
    .min(1)
    .max(32),
  Compliance: z.strictObject({ Status: z.enum(["PASSED", "WARNING", "FAILED"]) }),
  RecordState: z.enum(["ACTIVE", "ARCHIVED"]),
  FindingProviderFields: z.strictObject({
    Severity: z.strictObject({
      Label: z.enum(["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]),
      Original: text(64),
    }),
    Types: z
      .array(
        z
          .string()
          .regex(
            /^(?:Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications)\/[^/]+(?:\/[^/]+)?$/,
          ),
      )
      .min(1)
      .max(50),
  }),
});

describe("the Security Hub finding", () => {
  it("is accepted by BatchImportFindings for every kind of finding", () => {
    for (const transition of everyTransition()) {
      const finding: AwsSecurityFinding = formatAsff(anAnnouncement(transition), place);
      Importable.parse(finding);
      assert.ok(Buffer.byteLength(JSON.stringify(finding)) < 240 * 1024);
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
