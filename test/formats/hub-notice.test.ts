import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inlinePart } from "@drift-guard/core/model/part";
import {
  formatHubChat,
  formatHubText,
  type HubAnswer,
  type HubNotice,
} from "@drift-guard/formats/hub-notice";
import { aDrift, aFinding, aFix, aKey, allow, anAnnouncement, aTransition, noon } from "../builders.ts";
import { everyTransition, evil } from "./transitions.ts";
import { chatRules } from "./validators/chat.ts";
import { listBroken } from "./validators/rules.ts";

const longRole = "www.evil.example-".padEnd(64, "r");
const url = "https://evil.example/ www.evil.example";

function answersOf(transition = aTransition()): readonly HubAnswer[] {
  const announcement = anAnnouncement(transition, { stage: "production" });
  return [
    { kind: "suppressed", announcement, until: noon },
    { kind: "suppressed", announcement },
    { kind: "action", announcement, action: evil.repeat(20) + url },
  ];
}

const hostile = aTransition({
  finding: aFinding({
    role: aKey({ name: longRole }),
    severity: "CRITICAL",
    evidence: aDrift({ part: `inline:${url}`, side: "excess", detail: url }),
  }),
});

const notices: readonly HubNotice[] = [
  { kind: "disabled", account: "123456789012", region: "us-east-1", since: noon },
  ...[hostile, ...everyTransition()].flatMap((transition) => answersOf(transition)),
  {
    kind: "several",
    answers: everyTransition()
      .slice(0, 100)
      .flatMap((each) => answersOf(each)),
  },
];

describe("a message about Security Hub", () => {
  it("has a subject of fewer than 100 characters of ASCII, which says the severity and what happened", () => {
    for (const notice of notices) {
      const { subject } = formatHubText(notice);
      assert.match(subject, /^drift-guard[\x20-\x7e]{1,88}$/);
    }
    const subjects = answersOf(hostile).map((answer) => formatHubText(answer).subject);
    assert.match(subjects[0] ?? "", /^drift-guard CRITICAL: suppressed in Security Hub, not told again: www/);
    assert.match(
      subjects[1] ?? "",
      /^drift-guard CRITICAL: suppressed in Security Hub, still told: www.*\.\.\./,
    );
    assert.match(subjects[2] ?? "", /^drift-guard CRITICAL: somebody asks .* for an action on www.*\.\.\./);
  });

  it("has no link and no line of somebody else's, apart from its command", () => {
    for (const notice of notices) {
      const { body } = formatHubText(notice);
      const text = body.replaceAll(/^ {2}(?:aws|npx) .*$/gm, "");
      assert.doesNotMatch(text, /:\/\/|\bwww\./i);
      assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
    }
  });

  it("keeps every rule of custom notifications", () => {
    for (const notice of notices) {
      assert.deepEqual(listBroken(chatRules, JSON.parse(formatHubChat(notice))), []);
    }
  });

  it("prints another command where its own is too long for the chat, or would be altered there", () => {
    for (const condition of ["`".repeat(3), "x".repeat(9000)]) {
      const document = allow("s3:GetObject", `arn:aws:s3:::${condition}`);
      const part = inlinePart("p");
      const call = "iam:PutRolePolicy";
      const fix = aFix({ steps: [{ role: "AWSBatchServiceRole", part, call, policyName: "p", document }] });
      const transition = aTransition({ finding: aFinding({ evidence: aDrift({ fix }) }) });
      const notice = { kind: "action", announcement: anAnnouncement(transition), action: "Fix" } as const;
      assert.match(formatHubText(notice).body, /aws iam put-role-policy/);
      assert.match(formatHubChat(notice), /npx drift-guard check \S+ --plan/);
      assert.doesNotMatch(formatHubChat(notice), /put-role-policy/);
    }
  });

  it("tells of several findings the worst first, each with its id", () => {
    const [suppressed, , action] = answersOf();
    const [critical] = answersOf(hostile).slice(1);
    assert.ok(suppressed && action && critical);
    const { subject, body } = formatHubText({ kind: "several", answers: [suppressed, action, critical] });
    assert.match(subject, /^drift-guard CRITICAL: 2 findings were suppressed in Security Hub; somebody asks/);
    assert.match(
      body,
      /\n {2}- CRITICAL: [\s\S]*suppressed, still told;[\s\S]*\n {2}- HIGH: [\s\S]*suppressed until/,
    );
    assert.match(body, /npx drift-guard findings list --stage production\n$/);
  });
});
