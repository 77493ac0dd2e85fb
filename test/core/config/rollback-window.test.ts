import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findNextOpening, isInWindows, RollbackWindow } from "@drift-guard/core/config/rollback-window";

type Days = RollbackWindow["days"];

function aWindow(
  from: string,
  to: string,
  timezone = "UTC",
  days: Days = ["mon", "tue", "wed", "thu", "fri"],
) {
  return [RollbackWindow.parse({ days, from, to, timezone })];
}

const everyDay: Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

describe("a window of rollbacks", () => {
  it("holds from its first minute until its last, on its days", () => {
    const office = aWindow("09:00", "17:00");
    // 2026-11-27 is a Friday.
    for (const [at, inside] of [
      ["2026-11-27T08:59:59Z", false],
      ["2026-11-27T09:00:00Z", true],
      ["2026-11-27T16:59:59Z", true],
      ["2026-11-27T17:00:00Z", false],
      ["2026-11-28T12:00:00Z", false],
    ] as const) {
      assert.equal(isInWindows(office, at), inside, at);
    }
  });

  it("is always open where there is none", () => {
    assert.equal(isInWindows([], "2026-11-28T03:00:00Z"), true);
    assert.equal(findNextOpening([], "2026-11-28T03:00:00Z"), "2026-11-28T03:00:00Z");
  });

  it("belongs to the day on which it starts if it ends on the next", () => {
    const night = aWindow("22:00", "06:00", "UTC", ["fri"]);
    assert.equal(isInWindows(night, "2026-11-27T23:00:00Z"), true);
    assert.equal(isInWindows(night, "2026-11-28T05:59:00Z"), true);
    assert.equal(isInWindows(night, "2026-11-28T06:00:00Z"), false);
    assert.equal(isInWindows(night, "2026-11-27T05:00:00Z"), false);
  });

  it("follows the clock of its time zone in summer and in winter", () => {
    const office = aWindow("09:00", "17:00", "Europe/Berlin");
    assert.equal(isInWindows(office, "2026-07-01T07:00:00Z"), true);
    assert.equal(isInWindows(office, "2026-07-01T15:00:00Z"), false);
    assert.equal(isInWindows(office, "2026-12-01T07:00:00Z"), false);
    assert.equal(isInWindows(office, "2026-12-01T15:00:00Z"), true);
  });

  it("opens next on the next of its days", () => {
    const office = aWindow("09:00", "17:00", "Europe/Berlin");
    assert.equal(findNextOpening(office, "2026-11-27T16:30:00Z"), "2026-11-30T08:00:00.000Z");
    assert.equal(findNextOpening(office, "2026-11-27T10:00:00Z"), "2026-11-27T10:00:00Z");
    const weekly = aWindow("00:00", "00:00", "UTC", ["thu"]);
    assert.equal(findNextOpening(weekly, "2026-11-27T00:00:00Z"), "2026-12-03T00:00:00.000Z");
  });

  // In Berlin, the clock goes from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
  it("opens after the hour that the clock skips, and twice in the hour that it repeats", () => {
    const early = aWindow("02:30", "05:00", "Europe/Berlin", everyDay);
    assert.equal(findNextOpening(early, "2026-03-29T00:00:00Z"), "2026-03-29T01:00:00.000Z");
    const skipped = aWindow("02:00", "03:00", "Europe/Berlin", everyDay);
    assert.equal(findNextOpening(skipped, "2026-03-29T00:00:00Z"), "2026-03-30T00:00:00.000Z");
    const repeated = aWindow("02:15", "02:45", "Europe/Berlin", everyDay);
    assert.equal(findNextOpening(repeated, "2026-10-25T00:00:00Z"), "2026-10-25T00:15:00.000Z");
    assert.equal(isInWindows(repeated, "2026-10-25T01:15:00Z"), true);
    assert.equal(findNextOpening(repeated, "2026-10-25T00:45:00Z"), "2026-10-25T01:15:00.000Z");
  });
});
