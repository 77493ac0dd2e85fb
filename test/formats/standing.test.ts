import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Standing } from "@drift-guard/core/rollback/standing";
import { formatAsff } from "@drift-guard/formats/asff";
import { formatChat } from "@drift-guard/formats/chat";
import { formatText } from "@drift-guard/formats/text";
import {
  account,
  aDrift,
  aFinding,
  aFix,
  aGrant,
  anAnnouncement,
  aTransition,
  secondsAfterNoon,
} from "../builders.ts";
import { everyStanding, isLink } from "./transitions.ts";

const place = { account, region: "us-east-1", partition: "aws" };
const until = secondsAfterNoon(3600);
const evidence = aDrift({
  part: "inline:rogue",
  side: "excess",
  grants: [aGrant({ actions: ["*"], resources: ["*"] })],
});
const finding = aFinding({ evidence, severity: "CRITICAL" });
const message = (standing: Standing, over: Partial<Transition> = {}, stage = "production") => {
  const announcement = anAnnouncement(aTransition({ finding, ...over }), { standing, stage });
  const { subject, body } = formatText(announcement);
  // As it was before lines were broken.
  const flat = body.replaceAll(/\n {4,}/g, " ");
  return { subject, body, flat, first: flat.split("\n").slice(0, 2).join(" "), announcement };
};

describe("a message about a finding", () => {
  it("says in subject and first line how bad it is, what it allows, for which role, and what the guard does", () => {
    const { subject, first } = message({ kind: "undoing", side: "excess" });
    assert.equal(
      subject,
      "drift-guard CRITICAL: AWSBatchServiceRole gained full administrator access (being undone now)",
    );
    assert.equal(
      first,
      "CRITICAL, New: Inline policy rogue gives AWSBatchServiceRole full administrator access. drift-guard removes it now.",
    );
  });

  const cases: readonly (readonly [Standing, RegExp, string | undefined])[] = [
    [
      { kind: "off", side: "excess" },
      /Rollback of excess permissions is off for AWSBatchServiceRole in the configuration: nothing changes until a person acts\./,
      "npx drift-guard check AWSBatchServiceRole",
    ],
    [
      { kind: "observed", because: "not-named" },
      /rolls nothing back here, since the configuration does not name AWSBatchServiceRole\. Nothing/,
      "npx drift-guard check AWSBatchServiceRole",
    ],
    [
      { kind: "service-linked" },
      /Only AWS can change the permissions of a service-linked role/,
      "npx drift-guard check AWSBatchServiceRole",
    ],
    [
      { kind: "by-hand", because: "role" },
      /creates, moves and deletes no roles/,
      "npx drift-guard check AWSBatchServiceRole",
    ],
    [
      { kind: "undoing", side: "missing" },
      /restores it now, unless the trust policy lets in somebody who must not get/,
      "npx drift-guard rollback status AWSBatchServiceRole --stage production",
    ],
    [
      { kind: "undone" },
      /drift-guard rolled it back\./,
      "npx drift-guard rollback status AWSBatchServiceRole --stage production",
    ],
    [
      { kind: "approval", approvers: ["arn:aws:iam::123456789012:role/security"], trusted: [] },
      /waits for a person's approval\.[\s\S]*approved with the command below, by arn:aws:iam::123456789012:role\/security\. [\s\S]*does not remind you/,
      "npx drift-guard rollback approve 5f1d0c6f7a0e4b52 --stage production",
    ],
    [
      { kind: "approval", approvers: [], trusted: ["arn:aws:iam::123456789012:role/pipeline"] },
      /trusts who made the change: arn:aws:iam::123456789012:role\/pipeline\.[\s\S]*by anyone who may call/,
      "npx drift-guard rollback approve 5f1d0c6f7a0e4b52 --stage production",
    ],
    [
      { kind: "approved", by: "ana" },
      /ana approved the rollback\.[\s\S]*carries it out, unless the role has changed since/,
      "npx drift-guard rollback status AWSBatchServiceRole --stage production",
    ],
    [
      { kind: "paused", scope: "account", by: "ana", until, reason: "Migration" },
      /Rollbacks in this account are paused until 2026-11-22T13:00:00Z, by ana: Migration/,
      "npx drift-guard rollback resume --stage production",
    ],
    [
      { kind: "observing", until },
      /is new here and only observes until 2026-11-22T13:00:00Z, or until you enable rollback\./,
      "npx drift-guard rollback enable --stage production",
    ],
    [
      { kind: "observing" },
      /only observes for 7 days\s+after its first complete sweep, or\s+until/,
      "npx drift-guard rollback enable --stage production",
    ],
    [
      { kind: "contested", until },
      /comes back after each rollback, .*: the next one begins at 2026-11-22T13:00:00Z at the earliest\./,
      "npx drift-guard rollback plan 5f1d0c6f7a0e4b52 --stage production",
    ],
    [
      { kind: "window", until },
      /waits for the next rollback window of the configuration, which opens at 2026-11-22T13:00:00Z\./,
      "npx drift-guard rollback plan 5f1d0c6f7a0e4b52 --stage production",
    ],
    [
      { kind: "simulated", side: "excess" },
      /is only simulated for AWSBatchServiceRole: drift-guard writes nothing\./,
      "npx drift-guard rollback plan 5f1d0c6f7a0e4b52 --stage production",
    ],
    [
      { kind: "refused", reason: "", retries: false },
      /Each sweep looks again, .*until then, a person must decide\./,
      "npx drift-guard rollback plan 5f1d0c6f7a0e4b52 --stage production",
    ],
    [
      { kind: "suppressed", owner: "ana", reason: "Pilot", until },
      /ana accepted exactly this until 2026-11-22T13:00:00Z: Pilot/,
      undefined,
    ],
    [{ kind: "resolved", because: "clean" }, /Nothing to do: it is over, and two reads/, undefined],
    [{ kind: "resolved", because: "deleted" }, /because the role was deleted/, undefined],
    [
      { kind: "resolved", because: "unwatched" },
      /because drift-guard does not watch the role any more/,
      undefined,
    ],
    [{ kind: "closed" }, /a person closed the finding/, undefined],
  ];
  for (const [standing, told, command] of cases) {
    it(`says what is true in this case, and first the command to run next: ${JSON.stringify(standing)}`, () => {
      const { body, flat, announcement } = message(standing);
      assert.match(flat, told);
      assert.doesNotMatch(flat, /[Ii]f the configuration|where the configuration/);
      const [next, ...further] = body.split("\n").filter((line) => /^ {2}(?:npx|aws) /.test(line));
      assert.equal(next, command === undefined ? undefined : `  ${command}`);
      for (const line of further) {
        assert.match(
          line,
          /^ {2}npx drift-guard (?:check \S+ --plan|findings suppress \S+ --stage production --reason|rollback (?:approve|reset) \S+ --stage production)$/,
        );
      }
      const chat = JSON.parse(formatChat(announcement));
      assert.equal(chat.metadata.additionalContext.standing, standing.kind);
      const asff = formatAsff(announcement, place);
      assert.equal(asff.ProductFields["drift-guard/Standing"], standing.kind);
      if (command !== undefined) assert.ok(asff.Remediation.Recommendation.Text.endsWith(command));
    });
  }

  it("has the command that accepts the drift, which does nothing as it is pasted: the reason is missing", () => {
    const suppress =
      /To accept it for 30 days if it was meant, with your reason after --reason: {3}npx drift-guard findings suppress/;
    const flat = (standing: Standing) => message(standing).body.replaceAll("\n", " ");
    assert.match(flat({ kind: "off", side: "excess" }), suppress);
    assert.match(flat({ kind: "contested", until }), suppress);
    assert.doesNotMatch(flat({ kind: "undoing", side: "excess" }), suppress);
  });

  it("has what is CRITICAL undone before anybody is asked, and never only its author", () => {
    const order = (standing: Standing, over: Partial<Transition> = {}) => {
      const { flat } = message(standing, over);
      return [flat.indexOf("First undo it"), flat.indexOf("do not ask"), flat.indexOf("Ask ")];
    };
    const [undo = -1, find = -1, ask = -1] = order({ kind: "off", side: "excess" });
    assert.ok(undo > 0 && find > undo && ask === -1);
    const high = aFinding({ evidence, severity: "HIGH" });
    const [, warned = -1, asked = -1] = order({ kind: "off", side: "excess" }, { finding: high });
    assert.ok(warned > 0 && asked === -1);
    const mild = aFinding({ evidence, severity: "MEDIUM" });
    assert.deepEqual(order({ kind: "off", side: "excess" }, { finding: mild }).slice(0, 2), [-1, -1]);
    const trusted = { kind: "approval", approvers: [], trusted: ["arn:aws:iam::1:role/pipeline"] } as const;
    assert.deepEqual(order(trusted).slice(0, 2), [-1, -1]);
  });

  it("says after an opened trust policy how its sessions end", () => {
    const trust = aFinding({
      severity: "CRITICAL",
      evidence: aDrift({
        part: "trust",
        side: "excess",
        grants: [aGrant({ actions: ["sts:AssumeRole"], principals: [{ type: "AWS", id: "999988887777" }] })],
      }),
    });
    assert.match(message({ kind: "off", side: "excess" }, { finding: trust }).flat, /tab "Revoke sessions"/);
  });

  it("calls a rollback that waits neither refused nor failed", () => {
    const headline = (standing: Standing) => message(standing, { kind: "refused" }).first.split(":")[0];
    assert.equal(headline({ kind: "approval", approvers: [], trusted: [] }), "CRITICAL, Approval needed");
    assert.equal(
      headline({ kind: "paused", scope: "role", by: "ana", until, reason: "" }),
      "CRITICAL, Rollback paused",
    );
    assert.equal(headline({ kind: "window", until }), "CRITICAL, Rollback waits");
    assert.equal(headline({ kind: "refused", reason: "", retries: true }), "CRITICAL, Rollback postponed");
    assert.equal(headline({ kind: "refused", reason: "", retries: false }), "CRITICAL, Rollback refused");
  });

  it("has the fix of one step as its command, and the command that prints the steps for more", () => {
    const steps = aFix();
    assert.ok(steps.kind === "steps");
    const command = (fix: typeof steps) =>
      message({ kind: "off", side: "missing" }, { finding: aFinding({ evidence: aDrift({ fix }) }) }).body;
    assert.match(command(steps), /\n {2}aws iam attach-role-policy --role-name/);
    const twice = command({ ...steps, steps: [...steps.steps, ...steps.steps] });
    assert.match(twice, /\n {2}npx drift-guard check AWSBatchServiceRole --plan\n/);
    assert.doesNotMatch(twice, /aws iam/);
  });

  it("calls a policy with an added Deny neither missing nor wrong: it may contain an incident", () => {
    const denies = [aGrant({ actions: ["ec2:*"] })];
    const stop = aFinding({ evidence: aDrift({ part: "inline:emergency-stop", grants: [], denies }) });
    const { subject, body } = message({ kind: "by-hand", because: "deny" }, { finding: stop });
    assert.match(subject, /\(a person decides\)$/);
    assert.match(body, /Part: +the inline policy emergency-stop, which denies permissions\n/);
    assert.match(body, /may contain an incident/);
    assert.doesNotMatch(body, /emergency-stop, missing/);
  });

  it("creates a role that does not exist by the command ensure", () => {
    const absent = aFinding({ evidence: aDrift({ part: "role", grants: [] }) });
    const { body } = message({ kind: "by-hand", because: "role" }, { finding: absent });
    assert.match(body, /\n {2}npx drift-guard ensure AWSBatchServiceRole\n/);
  });

  it("names no stage where the guard is not deployed", () => {
    const announcement = anAnnouncement(aTransition({ finding }), {
      standing: { kind: "undoing", side: "excess" },
    });
    assert.match(formatText(announcement).body, /\n {2}npx drift-guard check AWSBatchServiceRole\n/);
  });

  it("quotes the stage for a shell", () => {
    const { body } = message({ kind: "undone" }, {}, "a b;c");
    assert.match(body, /--stage 'a b;c'\n/);
  });

  it("has a subject with the whole verdict, however long the names are", () => {
    for (const [standing, verdict] of everyStanding()) {
      const part = `inline:${"p".repeat(128)}` as const;
      const long = aFinding({
        role: { account, name: "r".repeat(64) },
        evidence: aDrift({ part, side: "excess" }),
      });
      const { subject } = message(standing, { finding: long });
      assert.ok(subject.length <= 99, subject);
      assert.match(subject, /^drift-guard HIGH: r/);
      assert.equal(/ \([a-zA-Z0-9: ]+\)$/.test(subject), verdict, subject);
    }
  });

  it("makes no address of the web from outside a link, and keeps commands as they are pasted", () => {
    const url = "https://evil.example/a";
    const named = aFinding({
      role: { account, name: "www.evil.example" },
      evidence: aDrift({
        part: `inline:${url}`,
        side: "excess",
        detail: url,
        grants: [aGrant({ actions: [url] })],
      }),
    });
    for (const [standing] of everyStanding()) {
      const { subject, body } = message(standing, { finding: named, note: url });
      for (const text of [subject, ...body.split("\n").filter((line) => !isLink(line))])
        assert.doesNotMatch(text, /:\/\/|www\.evil/);
    }
  });
});
