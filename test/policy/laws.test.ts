import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import type { Grant } from "@drift-guard/policy/grant";
import fc from "fast-check";
import { readSide } from "./agreement.ts";
import { type DrawnSide, drawSide, drawSideChange, writeSide } from "./drawn-pairs.ts";
import { listMultivaluedKeys } from "./drawn-requests.ts";
import { rewriteEquivalently } from "./equivalent-policy.ts";
import {
  type DrawnStatement,
  drawFocus,
  drawPolicy,
  drawStatement,
  type PolicyKind,
  policyKinds,
} from "./grammar.ts";

const anyKind = fc.constantFrom<PolicyKind[]>(...Object.values(policyKinds)).chain(drawFocus);

/** A side and the same side changed. */
const pair = anyKind.chain((kind) =>
  fc
    .tuple(drawSide(kind), fc.array(drawSideChange(kind), { maxLength: 2 }))
    .map(
      ([side, changes]) => [side, changes.reduce((current, change) => change(current), side), kind] as const,
    ),
);

const compare = (one: DrawnSide, other: DrawnSide, kind: PolicyKind, budget?: number): Comparison =>
  comparePolicies(writeSide(one), writeSide(other), {
    ...(kind.partition && { partition: kind.partition }),
    ...(budget !== undefined && { budget }),
  });

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

/** A grant without its places and its example. */
function contentOf({ statements: _, nearest: __, example: ___, ...content }: Grant): Partial<Grant> {
  return content;
}

describe("comparing policies", () => {
  it("is reflexive: a policy equals itself reordered, split, merged, respelled and renamed", () => {
    fc.assert(
      fc.property(anyKind.chain(drawPolicy), fc.integer(), (policy, seed) => {
        const { relation, undecided } = comparePolicies(
          rewriteEquivalently(policy, seed),
          JSON.stringify(policy),
        );
        assert.ok(relation === "equal" || undecided.every(({ code }) => code === "unsupported"), relation);
      }),
      { numRuns: 500 },
    );
  });

  it("is antisymmetric: swapped sides give the opposite result", () => {
    fc.assert(
      fc.property(pair, ([one, other, kind]) => {
        const there = compare(one, other, kind);
        const back = compare(other, one, kind);
        assert.equal(back.relation, mirrored[there.relation]);
        assert.deepEqual(back.missing, there.excess);
        assert.deepEqual(back.excess, there.missing);
        assert.deepEqual(back.deniesAdded, there.deniesRemoved);
        assert.equal(back.undecided.length, there.undecided.length);
      }),
      { numRuns: 500 },
    );
  });

  it("is transitive: if A allows no more than B and B no more than C, A allows no more than C", () => {
    const three = anyKind.chain((kind) =>
      fc
        .tuple(drawSide(kind), drawSideChange(kind), drawSideChange(kind))
        .map(([first, second, third]) => [first, second(first), third(second(first)), kind] as const),
    );
    fc.assert(
      fc.property(three, ([one, two, three, kind]) => {
        // A key that only one side makes multivalued has a single value in the comparison of the other two.
        const multivalued = [one, two, three].map((side) =>
          [...listMultivaluedKeys(readSide(writeSide(side)))].sort(),
        );
        if (!multivalued.every((keys) => keys.join() === multivalued[0]?.join())) return;
        if (!allowsNoMore(compare(one, two, kind)) || !allowsNoMore(compare(two, three, kind))) return;
        assert.deepEqual(compare(one, three, kind).excess, []);
      }),
      { numRuns: 600 },
    );
  });

  it("is monotone: another Allow loses nothing, another Deny gains nothing", () => {
    const sideAndStatement = anyKind.chain((kind) =>
      fc.tuple(drawSide(kind), drawStatement(kind), fc.constant(kind)),
    );
    fc.assert(
      fc.property(sideAndStatement, ([side, statement, kind]) => {
        const add = (effect: DrawnStatement["Effect"]): DrawnSide => [
          ...side,
          { Version: "2012-10-17", Statement: [{ ...statement, Effect: effect }] },
        ];
        const more = compare(add("Allow"), side, kind);
        assert.deepEqual([more.missing, more.deniesAdded, more.deniesRemoved], [[], [], []]);
        const less = compare(add("Deny"), side, kind);
        assert.deepEqual([less.excess, less.deniesRemoved], [[], []]);
      }),
      { numRuns: 500 },
    );
  });

  it("treats several documents as the union of their statements", () => {
    fc.assert(
      fc.property(pair, fc.array(fc.nat(4), { maxLength: 2 }), ([one, other, kind], places) => {
        // All statements of a document have its version.
        const merge = (side: DrawnSide): DrawnSide => [
          { Version: "2012-10-17", Statement: side.flatMap(({ Statement }) => Statement) },
        ];
        const split = (side: DrawnSide): DrawnSide =>
          merge(side).flatMap((policy) => {
            const ends = [0, ...places.toSorted((a, b) => a - b), policy.Statement.length];
            return ends.slice(1).map((end, index) => ({
              ...policy,
              Statement: policy.Statement.slice(ends[index], Math.max(end, ends[index] ?? 0)),
            }));
          });
        const whole = compare(merge(one), merge(other), kind);
        const parts = compare(split(one), split(other), kind);
        assert.equal(parts.relation, whole.relation);
        for (const list of ["excess", "missing", "deniesAdded", "deniesRemoved"] as const)
          assert.deepEqual(parts[list].map(contentOf), whole[list].map(contentOf), list);
        assert.deepEqual(
          parts.undecided.map(({ code, message }) => [code, message]),
          whole.undecided.map(({ code, message }) => [code, message]),
        );
      }),
      { numRuns: 400 },
    );
  });

  it("is never equal because its budget ran out", () => {
    fc.assert(
      fc.property(pair, fc.nat(60), ([one, other, kind], budget) => {
        const whole = compare(one, other, kind);
        const hasty = compare(one, other, kind, budget);
        // A latent Allow without an example is a statement of impossible pairs for which the steps did not suffice. A
        // Deny does not count: the relation is about what is allowed.
        const isDecided =
          hasty.undecided.length === 0 &&
          hasty.latent.every(({ effect, example }) => effect === "Deny" || example !== undefined);
        if (isDecided) assert.equal(hasty.relation, whole.relation);
        else assert.notEqual(hasty.relation, "equal");
      }),
      { numRuns: 350 },
    );
  });
});
