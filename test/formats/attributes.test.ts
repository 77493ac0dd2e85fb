import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { formatAttributes } from "@drift-guard/formats/attributes";
import fc from "fast-check";
import * as z from "zod";
import { aFinding, aKey, anAnnouncement, aTransition } from "../builders.ts";
import { aHostileTransition, everyStanding, everyTransition } from "./transitions.ts";

/** The operators of filter policies that the documentation uses. */
const Matcher = z.union([
  z.string(),
  z.strictObject({ exists: z.boolean() }),
  z.strictObject({ "anything-but": z.string() }),
]);
const FilterPolicy = z.record(z.string(), z.array(Matcher));

/** Whether SNS delivers a message with these attributes, by the scope MessageAttributes. */
function accepts(
  policy: z.infer<typeof FilterPolicy>,
  attributes: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(policy).every(([name, matchers]) =>
    matchers.some((matcher) => {
      const value = attributes[name];
      if (typeof matcher === "string") return value === matcher;
      if ("exists" in matcher) return (value !== undefined) === matcher.exists;
      return value !== undefined && value !== matcher["anything-but"];
    }),
  );
}

function isAccepted(attributes: Readonly<Record<string, string>>): void {
  assert.ok(Object.keys(attributes).length <= 10);
  for (const [name, value] of Object.entries(attributes)) {
    assert.match(name, /^[a-z]{1,256}$/);
    assert.match(value, /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/);
  }
}

describe("the attributes of a message", () => {
  it("name the transition, severity, state, kind, role, part, account, evidence and standing", () => {
    assert.deepEqual(formatAttributes(anAnnouncement()), {
      id: "5f1d0c6f7a0e4b52#1",
      severity: "HIGH",
      state: "open",
      kind: "opened",
      role: "AWSBatchServiceRole",
      part: "managed:arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole",
      account: "123456789012",
      evidence: "missing",
      standing: "off",
    });
  });

  it("are at most ten, printable and never empty, for any text from outside", () => {
    for (const transition of everyTransition()) isAccepted(formatAttributes(anAnnouncement(transition)));
    for (const [standing] of everyStanding())
      isAccepted(formatAttributes(anAnnouncement(aTransition(), { standing })));
    fc.assert(
      fc.property(aHostileTransition, (transition) =>
        isAccepted(formatAttributes(anAnnouncement(transition))),
      ),
    );
  });

  it("are chosen by the filter policy of the documentation, which also lets messages without attributes through", () => {
    const page = readFileSync(new URL("../../docs/messages.md", import.meta.url), "utf8");
    const [, example = ""] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    const policy = FilterPolicy.parse(JSON.parse(example));
    assert.ok(Object.keys(policy).length <= 5);
    const known = Object.keys(formatAttributes(anAnnouncement()));
    assert.deepEqual(
      Object.keys(policy).filter((name) => !known.includes(name)),
      [],
    );
    const told = (over: Parameters<typeof aFinding>[0]) =>
      accepts(policy, formatAttributes(anAnnouncement(aTransition({ finding: aFinding(over) }))));
    assert.equal(told({ severity: "CRITICAL" }), true);
    assert.equal(told({ severity: "LOW" }), false);
    assert.equal(told({ severity: "CRITICAL", role: aKey({ name: "sandbox-batch-role" }) }), false);
    assert.equal(accepts(policy, {}), true, "alarms and answers");
  });

  it("are all described in the documentation", () => {
    const page = readFileSync(new URL("../../docs/messages.md", import.meta.url), "utf8");
    for (const name of Object.keys(formatAttributes(anAnnouncement())))
      assert.match(page, new RegExp(`^\\| \`${name}\` \\|`, "m"));
  });
});
