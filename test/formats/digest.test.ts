import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatDigest } from "@drift-guard/formats/digest";
import { aFinding, aKey, anActor, anAnnouncement, anAttempt, aTransition, noon } from "../builders.ts";

const many = (count: number, role: (index: number) => string, length = 1) =>
  Array.from({ length: count }, (_, index) =>
    anAnnouncement(
      aTransition({
        finding: aFinding({
          id: `f${index}`.padEnd(32 * length, "x"),
          role: aKey({ name: role(index) }),
          severity: index % 2 === 0 ? "LOW" : "CRITICAL",
        }),
      }),
    ),
  );
const idsIn = (text: string) => [...text.matchAll(/transition (\S+)/g)].map(([, id]) => id);

describe("a digest", () => {
  it("has a line for each transition, the worst first, with a command that lists the findings of the role", () => {
    const [digest, ...others] = formatDigest(
      many(30, () => "one"),
      "d",
    );
    assert.deepEqual(others, []);
    assert.equal(idsIn(digest?.text ?? "").length, 30);
    assert.match(
      digest?.subject ?? "",
      /^drift-guard CRITICAL: 30 findings at one: 15 CRITICAL, 15 LOW \(observed only\)$/,
    );
    assert.match(
      digest?.text ?? "",
      /\nWhat: +policy allows too little \(30\)\nRoles: +one\nWho: +arn:aws:iam::123456789012:user\/mallory \(30\)\nThe guard: observed only \(30\)\n/,
    );
    assert.match(digest?.text ?? "", /\n {2}npx drift-guard findings list --role one/);
    assert.ok((digest?.text ?? "").indexOf("- CRITICAL") < (digest?.text ?? "").indexOf("- LOW"));
    assert.deepEqual(digest?.attributes, {
      id: "d",
      severity: "CRITICAL",
      kind: "digest",
      account: "123456789012",
      role: "one",
    });
  });

  it("says what is over as such, after what is not, so that a resolved CRITICAL finding wakes nobody", () => {
    const resolved = Array.from({ length: 24 }, (_, index) => {
      const finding = aFinding({ id: `r${index}`, severity: "CRITICAL", state: "resolved" });
      return anAnnouncement(aTransition({ kind: "resolved", finding }));
    });
    const opened = anAnnouncement(aTransition({ finding: aFinding({ severity: "LOW" }) }));
    const [over] = formatDigest(resolved, "d");
    assert.match(over?.subject ?? "", /^drift-guard: 24 findings at AWSBatchServiceRole: 24 resolved$/);
    assert.match(over?.chat ?? "", /"title":"24 findings at AWSBatchServiceRole: 24 resolved"/);
    const [mixed] = formatDigest([...resolved, opened], "d");
    assert.match(
      mixed?.subject ?? "",
      /^drift-guard LOW: 25 findings at AWSBatchServiceRole: 1 LOW, 24 resolved/,
    );
    assert.ok((mixed?.text ?? "").indexOf("- LOW, New") < (mixed?.text ?? "").indexOf("- Resolved"));
    assert.equal(mixed?.attributes.severity, "CRITICAL");
  });

  it("has every transition of a finding in one entry, and in the form for programs", () => {
    const [opened, ...others] = many(6, () => "one");
    assert.ok(opened);
    const { finding } = opened.transition;
    const undone = aTransition({ kind: "rolled-back", finding: { ...finding, seq: 2 } });
    const news = { ...opened, transition: undone, before: [opened.transition] };
    const [digest] = formatDigest([news, ...others], "d");
    const { id } = opened.transition;
    assert.match(
      digest?.text ?? "",
      new RegExp(
        `- New, rolled back \\(was LOW\\): Policy (?:.|\\n)*?\n    transition ${id}\n    transition ${undone.id}\n`,
      ),
    );
    const { transitions } = JSON.parse(digest?.json ?? "");
    assert.deepEqual([...transitions].sort(), idsIn(digest?.text ?? "").sort());
    assert.equal(transitions.length, 7);
  });

  it("adds up what was refused to one caller on several roles", () => {
    const refused = (id: string, role: string, arn: string, calls: number) =>
      anAnnouncement(
        aTransition({
          finding: aFinding({
            id,
            role: aKey({ name: role }),
            evidence: anAttempt({
              actor: anActor({ arn }),
              callers: [{ caller: arn, calls, firstAt: noon, lastAt: noon }],
            }),
          }),
        }),
      );
    const [digest] = formatDigest(
      [refused("a", "one", "eve", 3), refused("b", "two", "eve", 1), refused("c", "two", "ana", 1)],
      "d",
    );
    assert.match(digest?.text ?? "", /\nRefused: {3}4 calls on 2 roles by eve\n\n/);
  });

  it("tells a few findings of one role whole", () => {
    const [digest] = formatDigest(
      many(3, () => "one"),
      "d",
    );
    assert.equal((digest?.text ?? "").match(/^Severity: /gm)?.length, 3);
  });

  it("of more than a message holds is several, each with its number, and nothing is left out", () => {
    const announcements = many(3_000, (index) => `role-${index}`);
    const digests = formatDigest(announcements, "d");
    assert.ok(digests.length > 1);
    assert.equal(new Set(digests.flatMap(({ text }) => idsIn(text))).size, 3_000);
    for (const { text, subject, chat, json } of digests) {
      assert.match(subject, /message \d+ of \d+/);
      const forms = { default: text, https: chat, lambda: json, firehose: json };
      assert.ok(Buffer.byteLength(JSON.stringify(forms)) < 262_144);
    }
  });

  it("has the same transitions in each message when it is sent again, whatever the guard does by then", () => {
    const announcements = many(1_000, (index) => `role-${index}`);
    const later = announcements.map(({ transition }, index) => ({
      transition,
      standing:
        index % 2 === 0
          ? ({ kind: "undoing", side: "excess" } as const)
          : ({ kind: "off", side: "excess" } as const),
    }));
    const told = (digests: ReturnType<typeof formatDigest>) => digests.map(({ text }) => idsIn(text));
    assert.ok(told(formatDigest(announcements, "d")).length > 1);
    assert.deepEqual(told(formatDigest(later, "d")), told(formatDigest(announcements, "d")));
  });
});
