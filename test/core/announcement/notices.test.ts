import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  chooseTelling,
  finishTelling,
  groupNotices,
  identifyNotice,
  joinByFinding,
  planNotices,
  releaseTelling,
  takeHeld,
} from "@drift-guard/core/announcement/notices";
import { emptyNoticeState, type NoticeState } from "@drift-guard/core/model/notice-state";
import { Severity } from "@drift-guard/core/model/severity";
import { type Transition, TransitionKind } from "@drift-guard/core/model/transition";
import fc from "fast-check";
import { aFinding, aKey, aTransition, noon, secondsAfterNoon } from "../../builders.ts";

const holdSeconds = 50;
const information = "never";

function transitionOf(
  id: string,
  role: string,
  severity: Severity = "HIGH",
  kind: TransitionKind = "opened",
): Transition {
  return aTransition({ kind, finding: aFinding({ id, role: aKey({ name: role }), severity }) });
}

const plan = (state: NoticeState, transitions: readonly Transition[], seconds = 0) =>
  planNotices(state, transitions, secondsAfterNoon(seconds), { holdSeconds, information });

const ids = (transitions: readonly Transition[]) => transitions.map(({ finding }) => finding.id);

describe("information", () => {
  const news = (id: string, kind: TransitionKind = "opened") =>
    transitionOf(id, "one", "INFORMATIONAL", kind);
  const weekly = (state: NoticeState, transitions: readonly Transition[], seconds = 0) =>
    planNotices(state, transitions, secondsAfterNoon(seconds), { holdSeconds, information: "weekly" });
  const week = 7 * 86_400;

  it("is not told by default, apart from what a person or rollback did about it", () => {
    const { silent, atOnce } = plan(emptyNoticeState(), [
      news("a"),
      news("b", "resolved"),
      news("c", "approved"),
    ]);
    assert.deepEqual([ids(silent), ids(atOnce)], [["a", "b"], ["c"]]);
  });

  it("has one message a week, which waits a little for more of it", () => {
    const first = weekly(emptyNoticeState(), [news("a")]);
    assert.deepEqual([ids(first.held), first.request], [["a"], true]);
    const second = weekly(first.state, [news("b")], holdSeconds - 1);
    assert.deepEqual(ids(second.held), ["b"]);
    const taken = takeHeld(second.state, secondsAfterNoon(holdSeconds));
    assert.deepEqual(
      taken?.telling.transitions.map(({ findingId }) => findingId),
      ["a", "b"],
    );
    assert.ok(taken);
    const told = finishTelling(taken, taken.telling.id);
    const third = weekly(told, [news("c"), transitionOf("d", "one")], holdSeconds + 70);
    assert.deepEqual([ids(third.later), ids(third.held), ids(third.atOnce)], [["c"], [], ["d"]]);
    const next = weekly(third.state, [news("c")], week);
    assert.deepEqual([ids(next.later), ids(next.held)], [[], ["c"]]);
  });

  it("is in a message of its own", () => {
    const transitions = [news("a"), transitionOf("b", "one"), news("c"), transitionOf("d", "two")];
    assert.deepEqual(groupNotices(transitions).map(ids), [["b"], ["d"], ["a", "c"]]);
  });
});

describe("what people are told at once", () => {
  it("is the first transition of a quiet minute", () => {
    const { atOnce, held, state } = plan(emptyNoticeState(), [transitionOf("a", "one")]);
    assert.deepEqual(ids(atOnce), ["a"]);
    assert.deepEqual(held, []);
    assert.equal(state.due, undefined);
  });

  it("is three CRITICAL ones of a minute and one other, and the rest waits", () => {
    const critical = ["a", "b", "c", "d"].map((id) => transitionOf(id, "one", "CRITICAL"));
    const others = ["e", "f"].map((id) => transitionOf(id, "two"));
    const { atOnce, held, state } = plan(emptyNoticeState(), [...others, ...critical]);
    assert.deepEqual(ids(atOnce).sort(), ["a", "b", "c", "e"].sort());
    assert.deepEqual(ids(held).sort(), ["d", "f"]);
    assert.equal(state.due, secondsAfterNoon(holdSeconds));
  });

  it("waits for no time and no joint message that somebody moved into the future", () => {
    const later = "9999-12-31T00:00:00Z";
    const [a, b] = [transitionOf("a", "one"), transitionOf("b", "one")];
    const first = plan(emptyNoticeState(), [a, b]);
    assert.equal(first.state.held.length, 1);
    const forged: NoticeState = {
      ...first.state,
      due: later,
      telling: { id: "x", began: later, transitions: [] },
    };
    const { state, request } = plan(forged, [transitionOf("c", "one")], 10);
    assert.deepEqual([state.due, request], [secondsAfterNoon(10), true]);
    const { telling: _, ...rest } = forged;
    assert.equal(takeHeld(rest, secondsAfterNoon(60))?.telling.transitions.length, 1);
    assert.equal(takeHeld(forged, secondsAfterNoon(60))?.telling.id, "x");
  });

  it("is again something in the next minute, if nothing waits", () => {
    const first = plan(emptyNoticeState(), [transitionOf("a", "one")]);
    const { atOnce } = plan(first.state, [transitionOf("b", "one")], 61);
    assert.deepEqual(ids(atOnce), ["b"]);
  });

  it("is no other news of a role while something waits, so that messages keep their order", () => {
    const first = plan(emptyNoticeState(), [transitionOf("a", "one"), transitionOf("b", "one")]);
    const { atOnce, held } = plan(first.state, [transitionOf("c", "two")], 61);
    assert.deepEqual(atOnce, []);
    assert.deepEqual(ids(held), ["c"]);
  });

  it("is what was told at once before and was cut off, so that it joins no message with another id", () => {
    const cutOff = transitionOf("a", "one");
    const first = plan(emptyNoticeState(), [cutOff]);
    const { state } = plan(first.state, [transitionOf("b", "one")], 10);
    const { atOnce, held } = plan(state, [cutOff, transitionOf("c", "one")], 20);
    assert.deepEqual([ids(atOnce), ids(held)], [["a"], ["c"]]);
  });

  it("is remembered for the last 200 transitions", () => {
    let state = emptyNoticeState();
    for (let minute = 0; minute < 201; minute += 1) {
      state = plan(state, [transitionOf(`f${minute}`, "one")], minute * 61).state;
    }
    assert.equal(state.alone?.length, 200);
    assert.equal(state.alone?.at(-1), "f200#1");
  });

  it("is three CRITICAL ones of any sixty seconds, also where a minute ends between them", () => {
    const critical = (id: string) => ["1", "2", "3"].map((n) => transitionOf(id + n, "one", "CRITICAL"));
    const quiet = plan(emptyNoticeState(), [transitionOf("a", "two")]);
    const before = plan(quiet.state, critical("b"), 59);
    assert.deepEqual(ids(before.atOnce), ["b1", "b2", "b3"]);
    const after = plan(before.state, critical("c"), 61);
    assert.deepEqual(ids(after.atOnce), []);
    const later = plan(before.state, critical("e"), 119);
    assert.deepEqual(ids(later.atOnce), ["e1", "e2", "e3"]);
  });

  it("is no other news in the minute after a joint message", () => {
    const { state } = plan(
      emptyNoticeState(),
      ["a", "b"].map((id) => transitionOf(id, "one")),
    );
    const taken = takeHeld(state, secondsAfterNoon(70));
    assert.ok(taken);
    const told = finishTelling(taken, taken.telling.id);
    assert.deepEqual(ids(plan(told, [transitionOf("c", "two")], 129).atOnce), []);
    assert.deepEqual(ids(plan(told, [transitionOf("c", "two")], 130).atOnce), ["c"]);
  });

  it("is one copy of a transition that came twice", () => {
    const twice = [transitionOf("a", "one", "CRITICAL"), transitionOf("a", "one", "CRITICAL")];
    const { atOnce, held } = plan(emptyNoticeState(), twice);
    assert.deepEqual([ids(atOnce), ids(held)], [["a"], []]);
  });

  it("is never that less of a drift is left", () => {
    const { silent, atOnce, held } = plan(emptyNoticeState(), [
      transitionOf("a", "one", "CRITICAL", "improved"),
    ]);
    assert.deepEqual([ids(silent), ids(atOnce), ids(held)], [["a"], [], []]);
  });
});

describe("the joint message", () => {
  it("takes what waits when it is due, and not before", () => {
    const { state } = plan(
      emptyNoticeState(),
      ["a", "b", "c"].map((id) => transitionOf(id, "one")),
    );
    assert.equal(takeHeld(state, secondsAfterNoon(holdSeconds - 1)), undefined);
    const taken = takeHeld(state, secondsAfterNoon(holdSeconds));
    assert.deepEqual(
      taken?.telling.transitions.map(({ findingId }) => findingId),
      ["b", "c"],
    );
    assert.deepEqual(taken?.held, []);
    assert.equal(taken?.due, undefined);
  });

  it("that was cut off is taken again, with the same id, before anything else", () => {
    const { state } = plan(
      emptyNoticeState(),
      ["a", "b"].map((id) => transitionOf(id, "one")),
    );
    const taken = takeHeld(state, secondsAfterNoon(holdSeconds));
    assert.ok(taken);
    const more = plan(taken, [transitionOf("c", "two"), transitionOf("d", "two")], 55).state;
    const again = takeHeld(more, secondsAfterNoon(300));
    assert.deepEqual(again?.telling, { ...taken.telling, began: secondsAfterNoon(300) });
    assert.equal(takeHeld(more, secondsAfterNoon(holdSeconds + 60)), undefined);
    const after = finishTelling(more, taken.telling.id);
    assert.equal(after.telling, undefined);
    assert.equal(takeHeld(after, secondsAfterNoon(300))?.telling.transitions.length, 2);
    assert.equal(finishTelling(after, "another"), after);
  });

  it("keeps the transitions that were chosen for it", () => {
    const { state } = plan(
      emptyNoticeState(),
      ["a", "b", "c"].map((id) => transitionOf(id, "one")),
    );
    const taken = takeHeld(state, secondsAfterNoon(holdSeconds));
    assert.ok(taken);
    const { id, transitions } = taken.telling;
    assert.equal(chooseTelling(taken, "another", []), taken);
    const chosen = chooseTelling(taken, id, transitions.slice(1));
    assert.deepEqual(chosen.telling, { ...taken.telling, transitions: transitions.slice(1), chosen: true });
    assert.equal(chooseTelling(chosen, id, []), chosen);
    assert.deepEqual(takeHeld(chosen, secondsAfterNoon(300))?.telling.transitions, transitions.slice(1));
  });

  it("that failed is taken again at once", () => {
    const { state } = plan(
      emptyNoticeState(),
      ["a", "b"].map((id) => transitionOf(id, "one")),
    );
    const taken = takeHeld(state, secondsAfterNoon(holdSeconds));
    assert.ok(taken);
    assert.equal(takeHeld(taken, secondsAfterNoon(holdSeconds)), undefined);
    assert.equal(releaseTelling(taken, "another"), taken);
    const again = takeHeld(releaseTelling(taken, taken.telling.id), secondsAfterNoon(holdSeconds));
    assert.deepEqual(again?.telling, taken.telling);
  });

  it("has an id that follows from the transitions of its messages", () => {
    const [one, two] = [transitionOf("a", "one"), transitionOf("b", "one")];
    const role = identifyNotice([one, two]);
    assert.equal(identifyNotice([one, two]), role);
    assert.notEqual(identifyNotice([two]), role);
    assert.equal(identifyNotice([one]), "a#1");
  });

  it("is one for each role, and one for the account from 21 transitions on", () => {
    const of = (count: number) =>
      Array.from({ length: count }, (_, index) => transitionOf(`${index}`, `role-${index % 3}`));
    assert.deepEqual(
      groupNotices(of(20)).map(({ length }) => length),
      [7, 7, 6],
    );
    assert.deepEqual(
      groupNotices(of(21)).map(({ length }) => length),
      [21],
    );
    assert.deepEqual(groupNotices([]), []);
  });

  it("tells of each finding once, by its newest transition", () => {
    const opened = transitionOf("a", "one");
    const { finding } = opened;
    const undone = aTransition({ kind: "rolled-back", finding: { ...finding, seq: 2 } });
    const other = transitionOf("b", "one");
    assert.deepEqual(joinByFinding([undone, other, opened]), [
      { transition: undone, before: [opened] },
      { transition: other, before: [] },
    ]);
  });
});

it("gives each transition one place, tells at most four at once in any minute, and lets none wait more than a minute", () => {
  const step = fc.record({
    seconds: fc.integer({ min: 0, max: 90 }),
    transitions: fc.array(
      fc.record({
        id: fc.integer({ min: 0, max: 40 }),
        role: fc.integer({ min: 0, max: 4 }),
        severity: fc.constantFrom(...Severity.options),
        kind: fc.constantFrom(...TransitionKind.options),
      }),
      { maxLength: 12 },
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let state = emptyNoticeState();
      let seconds = 0;
      const since = new Map<string, number>();
      const told = new Map<string, number>();
      for (const each of steps) {
        seconds += each.seconds;
        const seen = new Map(
          each.transitions.map(({ id, role, severity, kind }) => [
            `${role}-${id}`,
            transitionOf(`${role}-${id}`, `role-${role}`, severity, kind),
          ]),
        );
        const transitions = [...seen.values()];
        const decided = plan(state, transitions, seconds);
        const places = [decided.atOnce, decided.held, decided.silent, decided.left].flatMap(ids);
        assert.deepEqual(places.sort(), ids(transitions).sort());
        // One that was told at once before is told again, since the message may have been cut off.
        for (const id of ids(decided.atOnce)) told.set(id, told.get(id) ?? seconds);
        assert.ok([...told.values()].filter((at) => seconds - at < 60).length <= 4);
        state = decided.state;
        for (const { findingId } of state.held) since.set(findingId, since.get(findingId) ?? seconds);
        if (state.due !== undefined) {
          const dueSeconds = (Date.parse(state.due) - Date.parse(noon)) / 1000;
          for (const { findingId } of state.held) assert.ok(dueSeconds - (since.get(findingId) ?? 0) <= 60);
        } else assert.deepEqual(state.held, []);
        const taken = takeHeld(state, secondsAfterNoon(seconds));
        if (taken) {
          for (const { findingId } of taken.telling.transitions) since.delete(findingId);
          state = finishTelling(taken, taken.telling.id);
        }
      }
    }),
  );
});
