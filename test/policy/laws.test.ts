import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import fc from "fast-check";
import { disguise } from "./disguise.ts";
import {
  type DrawnPolicy,
  type DrawnStatement,
  drawMutation,
  drawPolicy,
  drawStatement,
  type Kind,
} from "./grammar.ts";

const kinds: readonly Kind[] = [
  { trust: false, variables: false },
  { trust: true, variables: false },
  { trust: false, variables: true },
];

const anyKind = fc.constantFrom(...kinds);
const write = (policy: DrawnPolicy): string => JSON.stringify(policy);

/** A policy and a change of it. */
const pair = anyKind.chain((kind) =>
  fc
    .tuple(drawPolicy(kind), fc.array(drawMutation(kind), { maxLength: 2 }))
    .map(
      ([policy, changes]) => [policy, changes.reduce((current, change) => change(current), policy)] as const,
    ),
);

const mirrored = {
  equal: "equal",
  wider: "narrower",
  narrower: "wider",
  different: "different",
  undecided: "undecided",
};

function allowsNoMore({ excess, undecided }: Comparison): boolean {
  return excess.length === 0 && undecided.length === 0;
}

describe("comparing policies", () => {
  it("finds a policy equal to itself, however it is ordered, split, merged, spelled and named", () => {
    fc.assert(
      fc.property(anyKind.chain(drawPolicy), fc.integer(), (policy, seed) => {
        const { relation, undecided } = comparePolicies(disguise(policy, seed), write(policy));
        assert.ok(relation === "equal" || undecided.every(({ code }) => code === "unsupported"), relation);
      }),
      { numRuns: 500 },
    );
  });

  it("says the opposite when the sides are swapped", () => {
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const there = comparePolicies(write(one), write(other));
        const back = comparePolicies(write(other), write(one));
        assert.equal(back.relation, mirrored[there.relation]);
        assert.deepEqual(back.missing, there.excess);
        assert.deepEqual(back.excess, there.missing);
        assert.deepEqual(back.deniesAdded, there.deniesRemoved);
        assert.equal(back.undecided.length, there.undecided.length);
      }),
      { numRuns: 500 },
    );
  });

  it("is transitive: what allows no more than a second allows no more than whatever that is within", () => {
    const three = anyKind.chain((kind) =>
      fc
        .tuple(drawPolicy(kind), drawMutation(kind), drawMutation(kind))
        .map(([first, second, third]) => [first, second(first), third(second(first))] as const),
    );
    fc.assert(
      fc.property(three, ([one, two, three]) => {
        const first = comparePolicies(write(one), write(two));
        const second = comparePolicies(write(two), write(three));
        if (!allowsNoMore(first) || !allowsNoMore(second)) return;
        assert.deepEqual(comparePolicies(write(one), write(three)).excess, []);
      }),
      { numRuns: 500 },
    );
  });

  it("never loses by an Allow more, and never gains by a Deny more", () => {
    const grown = anyKind.chain((kind) => fc.tuple(drawPolicy(kind), drawStatement(kind)));
    fc.assert(
      fc.property(grown, ([policy, statement]) => {
        const add = (effect: DrawnStatement["Effect"]) =>
          write({ ...policy, Statement: [...policy.Statement, { ...statement, Effect: effect }] });
        const more = comparePolicies(add("Allow"), write(policy));
        assert.deepEqual([more.missing, more.deniesAdded, more.deniesRemoved], [[], [], []]);
        const less = comparePolicies(add("Deny"), write(policy));
        assert.deepEqual([less.excess, less.deniesRemoved], [[], []]);
      }),
      { numRuns: 500 },
    );
  });

  it("takes several documents for the union of their statements", () => {
    fc.assert(
      fc.property(pair, fc.nat(4), ([one, other], at) => {
        const parts = [one.Statement.slice(0, at), one.Statement.slice(at)].map((Statement) => ({
          ...one,
          Statement,
        }));
        const whole = comparePolicies(write(one), write(other));
        const split = comparePolicies(parts.map(write), write(other));
        assert.equal(split.relation, whole.relation);
        assert.deepEqual(
          split.excess.map(({ actions, conditions }) => ({ actions, conditions })),
          whole.excess.map(({ actions, conditions }) => ({ actions, conditions })),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("takes no more steps than it is given, and is never equal for want of them", () => {
    fc.assert(
      fc.property(pair, fc.nat(60), ([one, other], budget) => {
        const whole = comparePolicies(write(one), write(other));
        const hasty = comparePolicies(write(one), write(other), { budget });
        if (hasty.undecided.length === 0) assert.equal(hasty.relation, whole.relation);
        else assert.notEqual(hasty.relation, "equal");
      }),
      { numRuns: 300 },
    );
  });
});
