import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatDigest } from "@drift-guard/formats/digest";
import {
  aDrift,
  aFinding,
  aGrant,
  aKey,
  anActor,
  anAnnouncement,
  anAttempt,
  aTransition,
  noon,
} from "../builders.ts";

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
/** The transitions that stand at the end of a digest. */
const idsIn = (text: string) =>
  (text.split("the transitions in this message:\n")[1] ?? "").split(/\s+/).filter((id) => id !== "");

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
      /^drift-guard CRITICAL: mallory: 30 policies missing or too narrow at one \(not rolled back\)$/,
    );
    assert.match(
      digest?.text ?? "",
      /\nFindings: +15 CRITICAL, 15 LOW, on one in account 123456789012\nWhen: +2026-11-22T12:00:00Z\nWho: +arn:aws:iam::123456789012:user\/mallory from /,
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
    assert.match(over?.subject ?? "", /^drift-guard: mallory: 24 findings resolved at AWSBatchServiceRole$/);
    assert.match(
      over?.chat ?? "",
      /"title":"24 findings resolved at AWSBatchServiceRole, by mallory, at 2026/,
    );
    const [mixed] = formatDigest([...resolved, opened], "d");
    assert.match(
      mixed?.subject ?? "",
      /^drift-guard LOW: mallory: 1 policy missing or too narrow at AWSBatchServiceRole, and 1 more/,
    );
    assert.ok((mixed?.text ?? "").indexOf("- LOW: ") < (mixed?.text ?? "").indexOf("- Resolved"));
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
      new RegExp(`- New, rolled back \\(was LOW\\): Policy (?:.|\\n)*?${id}[ \\n]${undone.id}\n`),
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
    assert.match(digest?.text ?? "", /\nRefused: {3}4 calls on 2 roles by eve\n/);
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

  const trust = (role: string) =>
    anAnnouncement(
      aTransition({
        finding: aFinding({
          id: `trust-${role}`,
          role: aKey({ name: role }),
          severity: "CRITICAL",
          evidence: aDrift({
            part: "trust",
            side: "excess",
            grants: [
              aGrant({ actions: ["sts:AssumeRole"], principals: [{ type: "AWS", id: "999988887777" }] }),
            ],
          }),
        }),
      }),
    );
  const inline = (role: string, action: string, name = "tmp") =>
    anAnnouncement(
      aTransition({
        finding: aFinding({
          id: `inline-${role}-${name}`,
          role: aKey({ name: role }),
          evidence: aDrift({
            part: `inline:${name}`,
            side: "excess",
            grants: [aGrant({ actions: [action], resources: ["*"] })],
          }),
        }),
      }),
    );

  it("says in its subject who did what, and in its first line when", () => {
    const roles = Array.from({ length: 12 }, (_, index) => `team-${index}`);
    const [digest] = formatDigest(
      roles.flatMap((role) => [inline(role, "s3:*"), trust(role)]),
      "d",
    );
    assert.equal(
      digest?.subject,
      "drift-guard CRITICAL: mallory: 999988887777 can assume 12 roles, 12 wide policies (not rolled back)",
    );
    assert.match(
      digest?.text ?? "",
      /^CRITICAL: AWS account 999988887777 can assume 12 roles, 12 wide policies, by\n {4}mallory, at 2026-11-22T12:00:00Z\.\n/,
    );
    assert.equal((digest?.text ?? "").match(/user\/mallory/g)?.length, 2, "who did it, and whom not to ask");
  });

  it("names roles with the same findings in one list, whole, and their findings once", () => {
    const roles = ["b-10", "b-2", "b-1"];
    const same = roles.flatMap((role) => [inline(role, "s3:*"), trust(role)]);
    const [digest] = formatDigest([...same, trust("alone")], "d");
    assert.match(
      digest?.text ?? "",
      /\nOn each of 3 roles, b-1, b-2, b-10:\n {2}- CRITICAL: AWS account 999988887777 can assume it\n {2}- HIGH: Inline policy tmp gives it s3:\* on \*\n\nOn alone:\n {2}- CRITICAL: AWS/,
    );
  });

  it("has the widest of one severity first", () => {
    const [digest] = formatDigest(
      ["sqs:SendMessage", "s3:*", "*"].map((action, index) => inline("one", action, `p${index}`)),
      "d",
    );
    const positions = ["full administrator access", "s3:* on *", "sqs:SendMessage"].map((each) =>
      (digest?.text ?? "").indexOf(each),
    );
    assert.deepEqual(
      positions,
      positions.toSorted((a, b) => a - b),
    );
    assert.ok(!positions.includes(-1));
  });

  it("says once that the author of findings is new that were told before", () => {
    const told = inline("one", "s3:*");
    const attributed = { ...told, transition: { ...told.transition, kind: "attributed" as const } };
    const [digest] = formatDigest([attributed, inline("one", "s3:*", "other")], "d");
    assert.match(digest?.text ?? "", /One of them was told before: new is who\s+caused it\./);
    assert.doesNotMatch(digest?.text ?? "", /^ {2}- .*[Aa]uthor/m);
  });

  it("has one command that prints the fixes of all that is left to people", () => {
    const [digest] = formatDigest([trust("two"), trust("one")], "d");
    assert.match(digest?.text ?? "", /\n {2}npx drift-guard check two one --plan\n/);
    assert.match(digest?.text ?? "", /First undo them.*\n(?:.*\n)*.*Revoke sessions/);
    const approval = { kind: "approval", approvers: [], trusted: [] } as const;
    const [asked] = formatDigest(
      [trust("two"), trust("one")].map((each) => ({ ...each, standing: approval })),
      "d",
    );
    assert.match(asked?.text ?? "", /First have their rollbacks approved/);
    assert.doesNotMatch(asked?.text ?? "", /--plan/);
  });
});
