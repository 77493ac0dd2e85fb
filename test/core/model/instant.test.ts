import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Instant, instantOf, isBefore, millisecondsBetween } from "@drift-guard/core/model/instant";
import fc from "fast-check";

describe("an instant", () => {
  it("keeps a UTC time as it is written", () => {
    for (const text of ["2026-11-22T12:00:00Z", "2026-11-22T12:00:00.000Z", "2024-02-29T23:59:59.5Z"]) {
      assert.equal(Instant.parse(text), text);
    }
  });

  it("converts any other offset to UTC", () => {
    assert.equal(Instant.parse("2026-11-22T13:00:00+05:00"), "2026-11-22T08:00:00.000Z");
    assert.equal(Instant.parse("2026-11-22T23:30:00-01:00"), "2026-11-23T00:30:00.000Z");
  });

  it("refuses what is no time, and a time outside the years 0 to 9999", () => {
    for (const text of [
      "never",
      "",
      "Z",
      "2026-11-22",
      "2026-11-31T12:00:00Z",
      "2026-11-22T25:00:00Z",
      "2026-11-22T12:00:00",
      "0000-01-01T00:00:00+05:00",
      "9999-12-31T23:59:59-05:00",
      1_795_348_800,
      null,
    ]) {
      assert.equal(Instant.safeParse(text).success, false, String(text));
    }
  });

  it("is compared as a moment, not by its letters", () => {
    assert.equal(isBefore("2026-11-22T12:00:00.500Z", "2026-11-22T12:00:00Z"), false);
    assert.equal(isBefore("2026-11-22T12:00:00Z", "2026-11-22T12:00:00.500Z"), true);
    assert.equal(isBefore("2026-11-22T12:00:00Z", "2026-11-22T12:00:00.000Z"), false);
    assert.equal(millisecondsBetween("2026-11-22T12:00:00Z", "2026-11-22T12:00:01.250Z"), 1250);
    assert.equal(millisecondsBetween("2026-11-22T12:00:01Z", "2026-11-22T12:00:00Z"), -1000);
  });

  it("reads every date's own text back, and orders as the dates do", () => {
    const dates = fc.date({
      min: new Date(0),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, dates, (a, b) => {
        assert.equal(Instant.parse(instantOf(a)), a.toISOString());
        assert.equal(isBefore(instantOf(a), instantOf(b)), a.getTime() < b.getTime());
      }),
    );
  });
});
