import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Attempts } from "@drift-guard/core/model/control";
import type { Instant } from "@drift-guard/core/model/instant";
import {
  addStarts,
  describeContest,
  findNextStart,
  isContested,
  listStarts,
  listUndoingStarts,
  markFailures,
  removeStarts,
} from "@drift-guard/core/rollback/attempts";
import { anActor, noon, secondsAfterNoon } from "../../builders.ts";

const minutes = (count: number) => secondsAfterNoon(60 * count);

function after(starts: readonly Instant[], resetAt?: Instant) {
  const resets = resetAt === undefined ? [] : [{ findingId: "f", by: "arn", at: resetAt }];
  return { attempts: [{ findingId: "f", starts }], resets };
}

/** Starts rollbacks as early as they may start. Returns the pauses between them, in minutes. */
function pausesOf(count: number): readonly number[] {
  let starts: readonly Instant[] = [];
  let now: Instant = noon;
  const pauses: number[] = [];
  for (let round = 0; round < count; round += 1) {
    const next = findNextStart(after(starts), "f", now) ?? now;
    pauses.push((Date.parse(next) - Date.parse(now)) / 60_000);
    now = next;
    starts = [...starts, now];
  }
  return pauses;
}

describe("the attempts on a finding", () => {
  it("start at once three times a week, and then after pauses that double from 5 minutes to 6 hours", () => {
    assert.deepEqual(pausesOf(12), [0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 360, 360]);
  });

  it("count for a week", () => {
    const starts = [noon, minutes(1), minutes(2)];
    assert.equal(isContested(after(starts), "f", minutes(3)), true);
    assert.equal(isContested(after(starts), "f", minutes(7 * 24 * 60 + 1.5)), false);
    assert.equal(listStarts(after(starts), "f", minutes(7 * 24 * 60 + 1.5)).length, 1);
  });

  it("count anew after a person reset them", () => {
    const starts = [noon, minutes(1), minutes(2)];
    assert.equal(findNextStart(after(starts, minutes(3)), "f", minutes(4)), undefined);
    assert.deepEqual(listStarts(after([...starts, minutes(5)], minutes(3)), "f", minutes(6)), [minutes(5)]);
  });

  it("that failed delay the next one, and are no contest", () => {
    const starts = [noon, minutes(1), minutes(2)];
    const attempts = starts.reduce<readonly Attempts[]>(
      (counted, at) => markFailures(addStarts(counted, ["f"], at), ["f"], at),
      [],
    );
    const control = { attempts, resets: [] };
    assert.equal(findNextStart(control, "f", minutes(3)), minutes(7));
    assert.equal(isContested(control, "f", minutes(3)), false);
    assert.deepEqual(listUndoingStarts(control, "f", minutes(3)), []);
  });

  it("of one finding do not delay another", () => {
    assert.equal(findNextStart(after([noon, noon, noon]), "other", noon), undefined);
  });

  it("are counted per finding, and no more once a rollback that made no call is withdrawn", () => {
    const counted = addStarts([{ findingId: "f", starts: [noon] }], ["f", "g"], minutes(1));
    assert.deepEqual(counted, [
      { findingId: "f", starts: [noon, minutes(1)] },
      { findingId: "g", starts: [minutes(1)] },
    ] satisfies Attempts[]);
    assert.deepEqual(removeStarts(counted, ["f", "g"], minutes(1)), [{ findingId: "f", starts: [noon] }]);
  });
});

describe("the message about a contested drift", () => {
  const starts = [noon, minutes(10), minutes(20)];
  const cause = { findingId: "f", digest: "", changeId: "c", call: "iam:DetachRolePolicy", at: noon };

  it("names the other actor, its tool and its period", () => {
    const text = describeContest(starts, { ...cause, actor: anActor({ userAgent: "Terraform/1.9" }) });
    assert.match(
      text,
      /rolled it back 3 times within 20 minutes, since it came back about every 10 minutes\./,
    );
    assert.match(
      text,
      /The last time, .*user\/mallory set it \(iam:DetachRolePolicy, with Terraform\/1\.9\)/,
    );
  });

  it("names another deployment of drift-guard as such", () => {
    const actor = anActor({ userAgent: "aws-sdk-js/3 drift-guard/1.0 rollback/x" });
    assert.match(describeContest(starts, { ...cause, actor }), /another deployment of drift-guard set it/);
  });

  it("says that nobody knows who sets it", () => {
    assert.match(describeContest([noon], undefined), /Who set it is not known\./);
  });
});
