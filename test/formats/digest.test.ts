import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatDigest } from "@drift-guard/formats/digest";
import { aFinding, aKey, anAnnouncement, aTransition } from "../builders.ts";

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
      /^drift-guard CRITICAL: 30 changes of findings at one: 15 CRITICAL, 15 LOW$/,
    );
    assert.match(digest?.text ?? "", /\n {2}npx drift-guard findings list --role one/);
    assert.ok((digest?.text ?? "").indexOf("- CRITICAL") < (digest?.text ?? "").indexOf("- LOW"));
    assert.deepEqual(digest?.attributes, {
      severity: "CRITICAL",
      kind: "digest",
      account: "123456789012",
      role: "one",
    });
  });

  it("tells a few transitions of one role whole", () => {
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
    for (const { text, subject, chat } of digests) {
      assert.match(subject, /message \d+ of \d+/);
      assert.ok(Buffer.byteLength(JSON.stringify({ default: text, https: chat })) < 262_144);
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
