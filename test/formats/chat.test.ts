import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inlinePart } from "@drift-guard/core/model/part";
import { formatChat } from "@drift-guard/formats/chat";
import fc from "fast-check";
import * as z from "zod";
import { aDrift, aFinding, aFix, allow, anAnnouncement, aTransition, noon } from "../builders.ts";
import { aHostileTransition, everyStanding, everyTransition, isLink } from "./transitions.ts";
import { chatRules } from "./validators/chat.ts";
import { listBroken } from "./validators/rules.ts";

// The published schema of custom notifications, and no other field.
const Notification = z.strictObject({
  version: z.literal("1.0"),
  source: z.literal("custom"),
  id: z.string(),
  content: z.strictObject({
    textType: z.literal("client-markdown"),
    title: z.string().min(1),
    description: z.string().min(1),
    nextSteps: z.array(z.string().min(1)),
    keywords: z.array(z.string().min(1)),
  }),
  metadata: z.strictObject({
    threadId: z.string().min(1),
    summary: z.string().min(1),
    eventType: z.string().min(1),
    relatedResources: z.array(z.string().min(1)),
    additionalContext: z.record(z.string(), z.string()),
  }),
});
const read = (...args: Parameters<typeof anAnnouncement>) =>
  Notification.parse(JSON.parse(formatChat(anAnnouncement(...args))));

const isChatLink = (line: string) =>
  isLink(line.replace("*Role in the console*", "Console:").replace("*Call in CloudTrail*", "CloudTrail:"));

describe("the chat message", () => {
  it("keeps every rule of custom notifications for every kind of finding and standing", () => {
    const announcements = [
      ...everyTransition().map((transition) => anAnnouncement(transition)),
      ...everyStanding().map(([standing]) =>
        anAnnouncement(aTransition(), { standing, stage: "production" }),
      ),
    ];
    for (const announcement of announcements)
      assert.deepEqual(listBroken(chatRules, JSON.parse(formatChat(announcement))), []);
  });

  it("keeps every rule for any text from outside", () => {
    fc.assert(
      fc.property(aHostileTransition, (transition) => {
        assert.deepEqual(listBroken(chatRules, JSON.parse(formatChat(anAnnouncement(transition)))), []);
      }),
      { numRuns: 50 },
    );
  });

  it("puts every transition of one finding in one thread", () => {
    const finding = aFinding();
    const threads = (["opened", "rolled-back", "resolved"] as const).map(
      (kind) => read(aTransition({ kind, finding })).metadata.threadId,
    );
    assert.deepEqual(threads, [finding.id, finding.id, finding.id]);
  });

  it("has the grants, the actor and the command to run", () => {
    const { content, metadata } = read(
      aTransition({ finding: aFinding({ evidence: aDrift({ fix: aFix() }) }) }),
    );
    assert.match(content.title, /^HIGH, New: Policy AWSBatchServiceRole is missing/);
    assert.match(content.description, /`ec2:DescribeInstances on \*`/);
    assert.match(content.description, /user\/mallory/);
    assert.ok(content.nextSteps.some((step) => step.includes("`aws iam attach-role-policy")));
    assert.equal(metadata.eventType, "drift-guard.opened");
    assert.deepEqual(metadata.relatedResources, ["arn:aws:iam::123456789012:role/AWSBatchServiceRole"]);
  });

  it("has another command that prints the fix if a command does not fit a code span as it is", () => {
    const evidence = aDrift({
      fix: aFix({
        steps: [
          {
            role: "AWSBatchServiceRole",
            part: inlinePart("P"),
            call: "iam:PutRolePolicy",
            policyName: "P",
            document: allow("s3:GetObject", `arn:aws:s3:::${"x".repeat(1000)}`),
          },
        ],
      }),
    });
    const { content } = read(aTransition({ finding: aFinding({ evidence }) }));
    assert.equal(
      content.nextSteps.at(-1),
      "To print the commands that fix it: `npx drift-guard check AWSBatchServiceRole --plan`",
    );
    assert.ok(!content.nextSteps.some((line) => line.includes("put-role-policy")));
  });

  it("links to the role and to the call in the console", () => {
    const origin = { changeId: "6c1eed73", call: "iam:DetachRolePolicy", at: noon, region: "us-east-1" };
    const lines = read(aTransition({ finding: aFinding({ origin }) })).content.description.split("\n");
    assert.deepEqual(lines.filter(isChatLink), [
      "*Role in the console* https://console.aws.amazon.com/iam/home#/roles/details/AWSBatchServiceRole",
      "*Call in CloudTrail* https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/6c1eed73",
    ]);
  });

  it("names the role by the ARN that was last read", () => {
    const arn = "arn:aws-cn:iam::123456789012:role/service-role/AWSBatchServiceRole";
    const { metadata } = read(aTransition({ finding: aFinding({ arn }) }));
    assert.deepEqual(metadata.relatedResources, [arn]);
  });

  it("prevents mentions and links in text from outside, and keeps it in its code span", () => {
    for (const transition of everyTransition()) {
      const { content, metadata } = read(transition);
      for (const text of [content.title, content.description, metadata.summary, ...content.nextSteps]) {
        assert.doesNotMatch(text, /[<>]/);
        for (const line of text.split("\n")) {
          // Outside of code spans, the text between pairs of backticks.
          const outside = line.split("`").filter((_, index) => index % 2 === 0);
          assert.equal(line.split("`").length % 2, 1, line);
          if (isChatLink(line)) continue;
          for (const words of outside) assert.doesNotMatch(words, /:\/\/|\]\(|@\w/, line);
        }
      }
    }
  });
});
