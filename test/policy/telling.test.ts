import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Grant } from "@drift-guard/policy/grant";
import { assertAgreement } from "./agreement.ts";
import { allow, deny, policy } from "./builders.ts";

const may = (...actions: string[]) => policy(allow(actions, "*"));
const free = policy(allow("s3:GetObject", "*"));
const on = (condition: object) => policy(allow("s3:GetObject", "*", { Condition: condition }));

/** A grant without what shows it and where it comes from. */
function bare({ example: _, statements: __, nearest: ___, ...grant }: Grant) {
  return grant;
}

describe("what is told of a difference", () => {
  describe("of more than 200 parts", () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `s3:A${index}`);

    it("is told in part where they were to be carved out", () => {
      const [told, ...others] = comparePolicies(may("s3:*"), may(...many(201))).excess;
      assert.deepEqual([told?.actions, told?.exceptActions, told?.partly], [["s3:*"], undefined, true]);
      assert.deepEqual(others, []);
    });

    it("is told in part where it was to be cut down to them", () => {
      const held = policy(allow("s3:*", "*"), deny(many(201), "*"));
      const [told, ...others] = comparePolicies(may("s3:*"), held).excess;
      assert.deepEqual([told?.actions, told?.partly], [["s3:*"], true]);
      assert.deepEqual(others, []);
    });

    it("is told whole where it is whole: of 200 parts, and where nothing of it is given", () => {
      const { excess } = comparePolicies(may("s3:*", "iam:*"), may(...many(200)));
      assert.deepEqual(
        excess.map((grant) => [grant.actions, grant.exceptActions?.length, grant.partly]),
        [
          [["iam:*"], undefined, undefined],
          [["s3:*"], 200, undefined],
        ],
      );
      const apart = comparePolicies(may("iam:*"), may(...many(300))).excess;
      assert.deepEqual(
        apart.map(({ partly }) => partly),
        [undefined],
      );
    });
  });

  it("is carved to what exactly is left", () => {
    const { excess } = comparePolicies(may("s3:*"), may("s3:Get*", "s3:PutObject"));
    assert.deepEqual(
      excess.map(({ actions, exceptActions }) => ({ actions, exceptActions })),
      [{ actions: ["s3:*"], exceptActions: ["s3:Get*", "s3:PutObject"] }],
    );
  });

  it("is the part that a Deny took, not the whole that it was taken from", () => {
    const { missing } = comparePolicies(policy(allow("*", "*"), deny(["iam:*", "sts:*"], "*")), may("*"));
    assert.deepEqual(
      missing.map(({ actions }) => actions),
      [["iam:*", "sts:*"]],
    );
  });

  it("is one grant for sixty actions on one resource", () => {
    const actions = Array.from({ length: 60 }, (_, index) => `ec2:Action${index}`);
    const { excess } = comparePolicies(may(...actions), may());
    assert.equal(excess.length, 1);
    assert.equal(excess[0]?.actions.length, 60);
  });

  it("names the key without which the example is let through", () => {
    const { excess } = comparePolicies(free, on({ StringEquals: { "aws:SourceAccount": "123456789012" } }));
    assert.deepEqual(excess[0]?.example?.context, {});
  });

  it("takes statements that split one grant together, and names each", () => {
    const { excess } = comparePolicies(policy(allow("a:B", "*"), allow("a:C", "*")), policy());
    assert.deepEqual(
      excess.map(({ actions, statements }) => [actions, statements.map(({ statement }) => statement)]),
      [
        [
          ["a:B", "a:C"],
          [0, 1],
        ],
      ],
    );
  });

  it("leaves out what lies across its edge as it is written", () => {
    const { excess, missing } = comparePolicies(may("s3:Get*"), may("s3:*Object"));
    assert.deepEqual(excess.map(bare), [
      { actions: ["s3:Get*"], exceptActions: ["s3:*Object"], resources: ["*"], conditions: [] },
    ]);
    assert.deepEqual(missing.map(bare), [
      { actions: ["s3:*Object"], exceptActions: ["s3:Get*"], resources: ["*"], conditions: [] },
    ]);
  });

  it("leaves out the conditions under which the other side gives it too", () => {
    const own = { operator: "StringEquals", key: "aws:sourceaccount", values: ["123456789012"] };
    const { excess } = comparePolicies(free, on({ StringEquals: { "aws:SourceAccount": "123456789012" } }));
    assert.deepEqual(excess.map(bare), [
      { actions: ["s3:GetObject"], resources: ["*"], conditions: [], exceptConditions: [[own]] },
    ]);
  });

  it("leaves out no conditions that its own exclude", () => {
    const of = (account: string) => on({ StringEquals: { "aws:SourceAccount": account } });
    const { excess } = comparePolicies(of("111122223333"), of("444455556666"));
    assert.deepEqual(
      excess.map(({ conditions, exceptConditions, partly }) => [conditions.length, exceptConditions, partly]),
      [[1, undefined, undefined]],
    );
  });

  it("is left only under the conditions of the Deny that took it", () => {
    const plain = { Condition: { Bool: { "aws:SecureTransport": "false" } } };
    const { missing } = comparePolicies(policy(allow("s3:*", "*"), deny("s3:*", "*", plain)), may("s3:*"));
    assert.deepEqual(missing.map(bare), [
      {
        actions: ["s3:*"],
        resources: ["*"],
        conditions: [{ operator: "Bool", key: "aws:securetransport", values: ["false"] }],
      },
    ]);
  });

  it("is told in part where the other side gives a corner of it", () => {
    const corner = policy(allow("s3:Get*", "arn:aws:s3:::a/*"));
    const [told, ...others] = comparePolicies(may("s3:*"), corner).excess;
    assert.deepEqual([told?.actions, told?.resources, told?.partly], [["s3:*"], ["*"], true]);
    assert.deepEqual(others, []);
  });

  it("spells resources as they are written, also those that differ by case alone", () => {
    const { excess } = comparePolicies(policy(allow("a:B", ["arn:aws:s3:::A", "arn:aws:s3:::a"])), []);
    assert.deepEqual(excess[0]?.resources, ["arn:aws:s3:::A", "arn:aws:s3:::a"]);
  });

  it("spells what the older version has as the newer one would", () => {
    const older = policy(allow("a:B", `arn:aws:s3:::\${aws:username}`)).replace("2012-10-17", "2008-10-17");
    const { excess } = comparePolicies(older, []);
    assert.deepEqual(excess[0]?.resources, [`arn:aws:s3:::\${$}{aws:username}`]);
    assertAgreement(older, [], []);
    assertAgreement(policy(allow(`a:\${B}`, "*")), [], []);
  });

  it("joins what different statements give to as few grants as say it", () => {
    const scattered = policy(
      allow(["a:B", "a:C"], "arn:aws:s3:::x"),
      allow("a:B", "arn:aws:s3:::y"),
      allow("a:C", "arn:aws:s3:::y"),
    );
    assert.deepEqual(comparePolicies(scattered, []).excess.map(bare), [
      { actions: ["a:B", "a:C"], resources: ["arn:aws:s3:::x", "arn:aws:s3:::y"], conditions: [] },
    ]);
  });

  it("never loses a part for want of steps without saying so", () => {
    const buckets = Array.from({ length: 30 }, (_, index) => `arn:aws:s3:::b${index}`);
    const cut = policy({ Effect: "Allow", Action: "a:B", NotResource: buckets });
    for (let budget = 0; budget < 3000; budget += 7) {
      const { missing, undecided } = comparePolicies(cut, may("a:B"), { budget });
      if (undecided.length > 0) continue;
      const isAll = missing.some(({ partly }) => partly) || missing[0]?.resources?.length === 30;
      assert.ok(isAll, `with ${budget} steps: ${JSON.stringify(missing)}`);
    }
  });

  it("is told once for all statements that share an unclear one, and once for both directions", () => {
    const odd = { Condition: { StringMatches: { "x:k": "a" } } };
    const { undecided } = comparePolicies(policy(allow("a:B", "*", odd)), may("a:C"));
    assert.deepEqual(
      undecided.map(({ side, statements }) => [side, statements.length]),
      [["candidate", 1]],
    );
  });
});

describe("documents of which one cannot be read", () => {
  const broken = '{"Statement":[{}]}';

  it("are told of as far as the others go, and never called equal, wider or narrower", () => {
    const { relation, excess, missing, undecided } = comparePolicies(
      [broken, may("iam:*")],
      [may("s3:Get*")],
    );
    assert.equal(relation, "undecided");
    assert.deepEqual(excess.map(bare), [{ actions: ["iam:*"], resources: ["*"], conditions: [] }]);
    assert.deepEqual(excess[0]?.statements, [{ document: 1, statement: 0 }]);
    // What the broken one gives is not known: perhaps just that.
    assert.deepEqual(missing, []);
    assert.deepEqual(
      undecided.map(({ code, side, path }) => [code, side, path]),
      [["syntax", "candidate", "$.Statement[0].Effect"]],
    );
  });

  it("are not told of where the broken one may give it", () => {
    const { relation, excess, missing } = comparePolicies([may("iam:*")], [broken, may("s3:Get*")]);
    assert.deepEqual([relation, excess], ["undecided", []]);
    assert.deepEqual(
      missing.flatMap(({ actions }) => actions),
      ["s3:Get*"],
    );
  });

  it("may hold statements of another kind beside those that are read", () => {
    const mixed = policy(allow("iam:*", "*"), {
      Effect: "Allow",
      Action: "a:B",
      Principal: "*",
      Resource: "*",
    });
    const { relation, excess, undecided } = comparePolicies(mixed, [], { kind: "identity" });
    assert.equal(relation, "undecided");
    assert.deepEqual(
      excess.flatMap(({ actions }) => actions),
      ["iam:*"],
    );
    assert.deepEqual(
      undecided.map(({ path }) => path),
      ["$.Statement[1]"],
    );
  });
});
