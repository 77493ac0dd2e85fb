import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createReport } from "@drift-guard/core/announcement/first-report";
import { defineConfig } from "@drift-guard/core/config/config";
import type { Finding } from "@drift-guard/core/model/finding";
import { type FirstReportNotice, formatFirstReport } from "@drift-guard/formats/first-report";
import { account, aFinding, aKey, aTransition, noon, secondsAfterNoon } from "../builders.ts";
import { chatRules } from "./validators/chat.ts";
import { listBroken } from "./validators/rules.ts";

const automatic = defineConfig({ roles: { AWSBatchServiceRole: { rollback: { excess: "automatic" } } } });

function format(
  findings: readonly Finding[],
  over: Partial<FirstReportNotice> = {},
  isComplete = true,
): ReturnType<typeof formatFirstReport> {
  const { report } = createReport({ account, at: noon, roles: 3, findings, unreadRegions: [], isComplete });
  const worst = findings
    .filter(({ id }) => report.worst.some(({ findingId }) => findingId === id))
    .map((finding) => aTransition({ finding }));
  return formatFirstReport({ report, worst, config: automatic, stage: "production", ...over });
}

const many = Array.from({ length: 200 }, (_, index) =>
  aFinding({
    id: String(index).padStart(32, "0"),
    role: aKey({ name: `https://evil.example/${index}-${"é".repeat(60)}` }),
    severity: index % 2 === 0 ? "LOW" : "CRITICAL",
  }),
);

describe("the first report", () => {
  it("counts open findings by severity, names the worst, and has one command", () => {
    const { subject, text, attributes } = format(many);
    assert.equal(
      subject,
      "drift-guard CRITICAL: First report on 3 roles: 200 open findings (100 CRITICAL, 100 LOW)",
    );
    assert.equal(text.match(/^ {2}- CRITICAL: /gm)?.length, 5);
    assert.deepEqual(
      text.split("\n").filter((line) => /^ {2}(?:npx|aws) /.test(line)),
      ["  npx drift-guard findings list --stage production"],
    );
    assert.deepEqual(attributes, {
      id: `first-report-${account}`,
      severity: "CRITICAL",
      kind: "report",
      account,
    });
  });

  it("keeps to the limits of SNS and of the chat, and makes no link of a name", () => {
    const { subject, text, chat } = format(many);
    assert.ok(subject.length < 100 && /^[\x20-\x7e]+$/.test(subject));
    assert.ok(Buffer.byteLength(JSON.stringify({ default: text, https: chat })) < 262_144);
    assert.doesNotMatch(text, /https:\/\//);
    assert.deepEqual(listBroken(chatRules, JSON.parse(chat)), []);
  });

  it("says when the guard begins to roll back, and how to have it begin earlier", () => {
    const until = secondsAfterNoon(86_400);
    assert.match(
      format([], { observing: { until } }).text,
      /only observes until 2026-11-23T12:00:00Z: it\s+writes/,
    );
    // No message said yet that the sweep has ended.
    assert.match(
      format([], { observing: {} }).text,
      /only observes until 2026-11-29T12:00:00Z: .*\n {2}npx drift-guard rollback enable/s,
    );
    assert.match(format([]).text, /Rollback is enabled for 1 role/);
    const off = defineConfig({ roles: { AWSBatchServiceRole: {} } });
    assert.match(format([], { config: off }).text, /Rollback is off for every role/);
  });

  it("reports that nothing is wrong, what is accepted, and what was not read", () => {
    const accepted = aFinding({ state: "suppressed" });
    const { subject, text } = format([accepted]);
    assert.equal(subject, "drift-guard INFORMATIONAL: First report on 3 roles: all as their references say");
    assert.match(text, /1 further finding is accepted\./);
    assert.match(format([], {}, false).text, /no sweep was complete in its first day/);
  });
});
