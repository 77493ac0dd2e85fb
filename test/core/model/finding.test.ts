import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bodyOf, cleanSinceOf, Finding, FindingState } from "@drift-guard/core/model/finding";
import * as z from "zod";
import { aFinding, noon } from "../../builders.ts";

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

  it("counts clean reads until it is resolved", () => {
    assert.deepEqual(
      FindingState.options.map((state) => cleanSinceOf(aFinding({ ...ofOpen, state }))),
      [noon, noon, undefined],
    );
  });
});
