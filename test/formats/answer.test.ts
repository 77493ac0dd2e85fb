import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Answer } from "@drift-guard/core/respond/answer";
import { formatAnswerChat, formatAnswerText } from "@drift-guard/formats/answer";
import { account, aDrift, aGrant, noon } from "../builders.ts";
import { anAnswer, finding, role } from "../core/respond/answers.ts";
import { chatRules } from "./validators/chat.ts";
import { listBroken } from "./validators/rules.ts";

const noticeOf = (answer: Answer) => ({
  answer,
  person: { arn: `arn:aws:iam::${account}:user/anna` },
  at: noon,
  account,
  undone: [],
});
const bodyOf = (answer: Answer) => formatAnswerText(noticeOf(answer)).body;

describe("the message about an answer", () => {
  it("has a command that runs as it is printed, on one line, for the guard that was answered", () => {
    const lines = (answer: Answer) => bodyOf(answer).split("\n");
    assert.ok(lines(anAnswer("pause")).includes(`npx drift-guard rollback resume ${role} --stage test`));
    assert.ok(lines(anAnswer("approve")).includes(`npx drift-guard rollback status ${role} --stage test`));
    const { role: _, ...account } = anAnswer("pause");
    assert.ok(lines(account).includes("npx drift-guard rollback resume --stage test"));
  });

  it("names a role whose name looks like an option by its ARN", () => {
    assert.match(
      bodyOf(anAnswer("pause", { role: "-x" })),
      /rollback resume arn:aws:iam::\d+:role\/-x --stage test\n/,
    );
  });

  it("names its findings, and the steps that it approves", () => {
    for (const verb of ["approve", "suppress", "reset", "undo", "close"] as const)
      assert.match(bodyOf(anAnswer(verb)), new RegExp(`^Finding  ${finding}$`, "m"));
    assert.match(bodyOf(anAnswer("approve")), /^Step {5}delete the inline policy extra/m);
  });

  it("lists the grants that an exception accepts, and how to end it", () => {
    const covers = { grants: [aGrant({ actions: ["s3:GetObject"], resources: ["*"] })], denies: [] };
    const body = bodyOf(anAnswer("suppress", { covers }));
    assert.match(body, /^Accepts {2}s3:GetObject on \*$/m);
    assert.match(body, new RegExp(`^npx drift-guard findings reopen ${finding} --stage test$`, "m"));
  });

  it("says what an undoing accepts, with the worst severity in the subject", () => {
    const evidence = aDrift({
      part: "trust",
      side: "excess",
      grants: [
        aGrant({
          actions: ["sts:AssumeRole"],
          principals: [{ type: "AWS", id: "arn:aws:iam::999988887777:root" }],
        }),
      ],
    });
    const notice = { ...noticeOf(anAnswer("undo")), undone: [{ severity: "CRITICAL" as const, evidence }] };
    const { subject, body } = formatAnswerText(notice);
    assert.match(subject, /^drift-guard: A rollback of \w+ is undone, and CRITICAL drift accepted$/);
    assert.match(body, /^Accepts {2}CRITICAL .*999988887777/m);
    assert.match(formatAnswerChat(notice), /CRITICAL drift accepted/);
  });

  it("has no link, a whole subject, and a chat form of the published schema, whatever the texts are", () => {
    const url = "https://evil.example/ www.evil.example `<!here>`".repeat(30);
    const covers = {
      grants: Array.from({ length: 40 }, () => aGrant({ actions: ["s3:GetObject"], resources: [url] })),
      denies: [],
    };
    const answers = [
      anAnswer("suppress", { covers, reason: url.slice(0, 500), role: "www.evil.example-".padEnd(64, "r") }),
      anAnswer("pause", { reason: url.slice(0, 500), role: "www.evil.example-".padEnd(64, "r") }),
      anAnswer("close", { reason: url.slice(0, 500), role: "r".repeat(64) }),
    ];
    for (const answer of answers) {
      const { subject, body } = formatAnswerText(noticeOf(answer));
      assert.match(subject, /^drift-guard: [\x20-\x7e]{1,86}$/);
      const text = body.replaceAll(/^npx .*$/gm, "");
      assert.doesNotMatch(text, /:\/\/|\bwww\./);
      assert.deepEqual(listBroken(chatRules, JSON.parse(formatAnswerChat(noticeOf(answer)))), []);
    }
  });
});
