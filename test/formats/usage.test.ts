import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAsff } from "@drift-guard/formats/asff";
import { formatChat } from "@drift-guard/formats/chat";
import { formatText } from "@drift-guard/formats/text";
import { account, aDrift, aFinding, anAnnouncement, aTransition } from "../builders.ts";

const usedBy = ["compute environment prod in us-east-1 (ENABLED), with job queue high"];
const symptoms = ["2026-11-22T12:00:00Z job nightly FAILED: ResourceInitializationError\nSubject: forged"];
const place = { account, region: "us-east-1", partition: "aws" };

const everyFormat = (finding: ReturnType<typeof aFinding>) => {
  const transition = aTransition({ finding });
  return [
    formatText(anAnnouncement(transition)).body,
    formatChat(anAnnouncement(transition)),
    formatAsff(anAnnouncement(transition), place).Description,
  ];
};

describe("What uses a role", () => {
  it("is listed as what breaks if the role lost permissions, with the symptoms", () => {
    for (const text of everyFormat(aFinding({ usedBy, symptoms }))) {
      assert.match(text, /What breaks.*compute environment prod in us-east-1/s);
      assert.match(text, /Seen in AWS Batch.*job nightly FAILED/s);
      assert.doesNotMatch(text, /\nSubject/, "foreign text stays on its line");
    }
  });

  it("is listed as what uses the role if it gained permissions or is resolved", () => {
    const excess = aFinding({ usedBy, evidence: aDrift({ side: "excess" }) });
    for (const finding of [excess, aFinding({ usedBy, state: "resolved" })]) {
      for (const text of everyFormat(finding)) assert.match(text, /Used by.*compute environment prod/s);
    }
  });

  it("is shortened so that the drift fits too", () => {
    const many = Array.from({ length: 20 }, (_, index) => `job definition render-${index}:1 in us-east-1`);
    const { Description } = formatAsff(
      anAnnouncement(aTransition({ finding: aFinding({ usedBy: many }) })),
      place,
    );
    assert.match(Description, /render-2:1 in us-east-1; and 17 more\. Missing permissions: ec2:/);
  });

  it("is complete in a product field of Security Hub", () => {
    const { ProductFields } = formatAsff(
      anAnnouncement(aTransition({ finding: aFinding({ usedBy, symptoms }) })),
      place,
    );
    assert.equal(ProductFields["drift-guard/UsedBy"], usedBy[0]);
    assert.match(ProductFields["drift-guard/Symptoms"] ?? "", /job nightly FAILED/);
    const none = formatAsff(
      anAnnouncement(aTransition({ finding: aFinding({ usedBy: [] }) })),
      place,
    ).ProductFields;
    assert.ok(!("drift-guard/UsedBy" in none));
  });

  it("is described by the current state after a rollback", () => {
    const finding = aFinding({ usedBy, state: "resolved" });
    const { body } = formatText(anAnnouncement(aTransition({ kind: "resolved", finding })));
    assert.match(body, /\nUsed by:\n {2}- compute environment prod/);
  });

  it("is left out if it is unknown or empty", () => {
    for (const finding of [aFinding(), aFinding({ usedBy: [] })]) {
      for (const text of everyFormat(finding)) assert.doesNotMatch(text, /What breaks|Used by/);
    }
  });
});
