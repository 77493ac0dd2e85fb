import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Grant } from "@drift-guard/policy/grant";
import { assertAgreement } from "./agreement.ts";
import { allow, deny, policy } from "./builders.ts";

const may = (...actions: string[]) => policy(allow(actions, "*"));
const free = policy(allow("s3:GetObject", "*"));
const on = (condition: object) => policy(allow("s3:GetObject", "*", { Condition: condition }));

/** A grant without its example and its statements. */
function bare({ example: _, statements: __, nearest: ___, ...grant }: Grant) {
  return grant;
}

describe("the grants of a difference", () => {
  describe("with many parts", () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `s3:A${index}`);

    it("are `partly` instead of listing more than 200 exceptions", () => {
      const [first, ...others] = comparePolicies(may("s3:*"), may(...many(201))).excess;
      assert.deepEqual([first?.actions, first?.exceptActions, first?.partly], [["s3:*"], undefined, true]);
      assert.deepEqual(others, []);
    });

    it("are `partly` instead of being split into more than 200 parts", () => {
      const held = policy(allow("s3:*", "*"), deny(many(201), "*"));
      const [first, ...others] = comparePolicies(may("s3:*"), held).excess;
      assert.deepEqual([first?.actions, first?.partly], [["s3:*"], true]);
      assert.deepEqual(others, []);
    });

    it("are exact with 200 exceptions, and where the other side covers nothing", () => {
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

  it("except the patterns that the other side covers", () => {
    const { excess } = comparePolicies(may("s3:*"), may("s3:Get*", "s3:PutObject"));
    assert.deepEqual(
      excess.map(({ actions, exceptActions }) => ({ actions, exceptActions })),
      [{ actions: ["s3:*"], exceptActions: ["s3:Get*", "s3:PutObject"] }],
    );
  });

  it("are the part that a Deny matches, not the whole Allow", () => {
    const { missing } = comparePolicies(policy(allow("*", "*"), deny(["iam:*", "sts:*"], "*")), may("*"));
    assert.deepEqual(
      missing.map(({ actions }) => actions),
      [["iam:*", "sts:*"]],
    );
  });

  it("are one for sixty actions on one resource", () => {
    const actions = Array.from({ length: 60 }, (_, index) => `ec2:Action${index}`);
    const { excess } = comparePolicies(may(...actions), may());
    assert.equal(excess.length, 1);
    assert.equal(excess[0]?.actions.length, 60);
  });

  it("have an example without the key that the other side requires", () => {
    const { excess } = comparePolicies(free, on({ StringEquals: { "aws:SourceAccount": "123456789012" } }));
    assert.deepEqual(excess[0]?.example?.context, {});
  });

  it("join statements that split one grant, and name each", () => {
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

  it("except an overlapping pattern as it is written", () => {
    const { excess, missing } = comparePolicies(may("s3:Get*"), may("s3:*Object"));
    assert.deepEqual(excess.map(bare), [
      { actions: ["s3:Get*"], exceptActions: ["s3:*Object"], resources: ["*"], conditions: [] },
    ]);
    assert.deepEqual(missing.map(bare), [
      { actions: ["s3:*Object"], exceptActions: ["s3:Get*"], resources: ["*"], conditions: [] },
    ]);
  });

  it("except the conditions under which the other side allows the same", () => {
    const own = { operator: "StringEquals", key: "aws:sourceaccount", values: ["123456789012"] };
    const { excess } = comparePolicies(free, on({ StringEquals: { "aws:SourceAccount": "123456789012" } }));
    assert.deepEqual(excess.map(bare), [
      { actions: ["s3:GetObject"], resources: ["*"], conditions: [], exceptConditions: [[own]] },
    ]);
  });

  it("do not except conditions that contradict their own", () => {
    const of = (account: string) => on({ StringEquals: { "aws:SourceAccount": account } });
    const { excess } = comparePolicies(of("111122223333"), of("444455556666"));
    assert.deepEqual(
      excess.map(({ conditions, exceptConditions, partly }) => [conditions.length, exceptConditions, partly]),
      [[1, undefined, undefined]],
    );
  });

  it("have the conditions of the Deny that causes the difference", () => {
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

  it("are `partly` where the other side covers a corner", () => {
    const corner = policy(allow("s3:Get*", "arn:aws:s3:::a/*"));
    const [first, ...others] = comparePolicies(may("s3:*"), corner).excess;
    assert.deepEqual([first?.actions, first?.resources, first?.partly], [["s3:*"], ["*"], true]);
    assert.deepEqual(others, []);
  });

  it("keep the spelling of resources, also of those that differ only by case", () => {
    const { excess } = comparePolicies(policy(allow("a:B", ["arn:aws:s3:::A", "arn:aws:s3:::a"])), []);
    assert.deepEqual(excess[0]?.resources, ["arn:aws:s3:::A", "arn:aws:s3:::a"]);
  });

  it("write patterns of the older version as the newer version does", () => {
    const older = policy(allow("a:B", `arn:aws:s3:::\${aws:username}`)).replace("2012-10-17", "2008-10-17");
    const { excess } = comparePolicies(older, []);
    assert.deepEqual(excess[0]?.resources, [`arn:aws:s3:::\${$}{aws:username}`]);
    assertAgreement(older, [], []);
    assertAgreement(policy(allow(`a:\${B}`, "*")), [], []);
  });

  it("are as few as possible where statements overlap", () => {
    const scattered = policy(
      allow(["a:B", "a:C"], "arn:aws:s3:::x"),
      allow("a:B", "arn:aws:s3:::y"),
      allow("a:C", "arn:aws:s3:::y"),
    );
    assert.deepEqual(comparePolicies(scattered, []).excess.map(bare), [
      { actions: ["a:B", "a:C"], resources: ["arn:aws:s3:::x", "arn:aws:s3:::y"], conditions: [] },
    ]);
  });

  it("are never incomplete without a reason when the budget runs out", () => {
    const buckets = Array.from({ length: 30 }, (_, index) => `arn:aws:s3:::b${index}`);
    const cut = policy({ Effect: "Allow", Action: "a:B", NotResource: buckets });
    for (let budget = 0; budget < 3000; budget += 7) {
      const { missing, undecided } = comparePolicies(cut, may("a:B"), { budget });
      if (undecided.length > 0) continue;
      const isAll = missing.some(({ partly }) => partly) || missing[0]?.resources?.length === 30;
      assert.ok(isAll, `with ${budget} steps: ${JSON.stringify(missing)}`);
    }
  });

  it("come with one reason for an ambiguous statement that matters in both directions", () => {
    const odd = { Condition: { StringMatches: { "x:k": "a" } } };
    const { undecided } = comparePolicies(policy(allow("a:B", "*", odd)), may("a:C"));
    assert.deepEqual(
      undecided.map(({ side, statements }) => [side, statements.length]),
      [["candidate", 1]],
    );
  });
});

describe("documents of which one is malformed", () => {
  const broken = '{"Statement":[{}]}';

  it("are compared without it, and are never equal, wider or narrower", () => {
    const { relation, excess, missing, undecided } = comparePolicies(
      [broken, may("iam:*")],
      [may("s3:Get*")],
    );
    assert.equal(relation, "undecided");
    assert.deepEqual(excess.map(bare), [{ actions: ["iam:*"], resources: ["*"], conditions: [] }]);
    assert.deepEqual(excess[0]?.statements, [{ document: 1, statement: 0 }]);
    // The malformed document may allow it.
    assert.deepEqual(missing, []);
    assert.deepEqual(
      undecided.map(({ code, side, path }) => [code, side, path]),
      [["syntax", "candidate", "$.Statement[0].Effect"]],
    );
  });

  it("have no differences that the malformed one may explain", () => {
    const { relation, excess, missing } = comparePolicies([may("iam:*")], [broken, may("s3:Get*")]);
    assert.deepEqual([relation, excess], ["undecided", []]);
    assert.deepEqual(
      missing.flatMap(({ actions }) => actions),
      ["s3:Get*"],
    );
  });

  it("are compared without statements of another kind", () => {
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
