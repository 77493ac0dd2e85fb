import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bodyOf,
  cleanSinceOf,
  Finding,
  type FindingBody,
  FindingState,
  type OpenFinding,
} from "@drift-guard/core/model/finding";
import type { Transition } from "@drift-guard/core/model/transition";
import * as z from "zod";
import { aFinding, aTransition, noon } from "../../builders.ts";

const ofOpen = { cleanSince: noon, refusal: "A Deny was put on the role.", retry: true } as const;

describe("a finding", () => {
  it("has the fields of its state alone, whatever a stored item says", () => {
    const stored = (state: FindingState) => ({ ...z.encode(Finding, aFinding()), ...ofOpen, state });
    assert.deepEqual(Finding.parse(stored("open")), aFinding(ofOpen));
    assert.deepEqual(
      Finding.parse(stored("suppressed")),
      aFinding({ state: "suppressed", cleanSince: noon }),
    );
    assert.deepEqual(Finding.parse(stored("resolved")), aFinding({ state: "resolved" }));
  });

  it("gives its body without the fields of its state", () => {
    const { state: _, ...body } = aFinding();
    for (const state of FindingState.options) assert.deepEqual(bodyOf(aFinding({ ...ofOpen, state })), body);
  });

  it("cannot take the fields of another state along", () => {
    const open: OpenFinding = { ...bodyOf(aFinding()), ...ofOpen, state: "open" };
    // @ts-expect-error A resolved finding has no refusal.
    const resolved: Finding = { ...open, state: "resolved" };
    // @ts-expect-error A suppressed finding has no refusal.
    const suppressed: Finding = { ...open, state: "suppressed" };
    // @ts-expect-error The body of a finding has no refusal.
    const body: FindingBody = open;
    // @ts-expect-error Neither has the finding of a transition.
    const transition: Transition = { ...aTransition(), finding: { ...open, state: "resolved" } };
    for (const finding of [
      resolved,
      suppressed,
      { ...body, state: "resolved" as const },
      transition.finding,
    ]) {
      assert.ok(!("refusal" in z.encode(Finding, finding)));
    }
  });

  it("counts clean reads until it is resolved", () => {
    assert.deepEqual(
      FindingState.options.map((state) => cleanSinceOf(aFinding({ ...ofOpen, state }))),
      [noon, noon, undefined],
    );
  });
});
