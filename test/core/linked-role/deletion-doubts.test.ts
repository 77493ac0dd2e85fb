import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findScanDoubts, findUseDoubts } from "@drift-guard/core/linked-role/deletion-doubts";
import { instantOf } from "@drift-guard/core/model/instant";
import { seen, unseen } from "@drift-guard/core/model/role";

const now = new Date("2026-11-27T12:00:00Z");
const hoursAgo = (hours: number) => ({ at: instantOf(new Date(now.getTime() - hours * 3_600_000)) });
const read = { region: "us-east-1", status: "read", environments: [], queues: [] } as const;
const unread = { region: "eu-south-1", status: "unread", why: "It answered UnrecognizedClient." } as const;

describe("findScanDoubts", () => {
  it("has no doubt if every region that the account has enabled was read (T15)", () => {
    assert.deepEqual(findScanDoubts({ scans: [read], notEnabled: ["me-south-1"], leftOut: [] }), []);
  });

  it("names regions that were left out, and those that could not be read (R25)", () => {
    const doubts = findScanDoubts({ scans: [read, unread], notEnabled: [], leftOut: ["eu-west-1"] });
    assert.match(
      doubts.join(" "),
      /1 region of the partition not scanned: eu-west-1\..*eu-south-1\. It answered/,
    );
    assert.doesNotMatch(doubts.join(" "), /enabled/);
  });

  it("says that an unread region may not be enabled if the regions could not be listed (T15)", () => {
    const doubts = findScanDoubts({ scans: [unread], notEnabled: [], leftOut: [], unlisted: "denied" });
    assert.match(doubts.join(" "), /Whether they are enabled is unknown, .* listed\. denied/);
    assert.deepEqual(findScanDoubts({ scans: [read], notEnabled: [], leftOut: [], unlisted: "denied" }), []);
  });
});

describe("findUseDoubts", () => {
  it("doubts a role that was used in the last 24 hours, by its own record or a service's (R26)", () => {
    const recent = { role: seen({ ...hoursAgo(3), region: "eu-west-1" }), services: seen([]) };
    assert.match(
      findUseDoubts(recent, now).join(" "),
      /last used at 2026-11-27T09:00:00.*in eu-west-1.*session/,
    );
    const byService = { role: seen(null), services: seen([{ service: "ec2", ...hoursAgo(23) }]) };
    assert.equal(findUseDoubts(byService, now).length, 1);
  });

  it("does not doubt an older use, or none", () => {
    assert.deepEqual(findUseDoubts({ role: seen(hoursAgo(25)), services: unseen("denied") }, now), []);
    assert.deepEqual(findUseDoubts({ role: seen(null), services: seen([]) }, now), []);
  });

  it("doubts a role whose last use is unknown", () => {
    assert.match(
      findUseDoubts({ role: unseen("denied"), services: seen([]) }, now).join(" "),
      /unknown: denied/,
    );
  });
});
