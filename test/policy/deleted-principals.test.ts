import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import { account } from "../builders.ts";
import { allow, policy, trust } from "./builders.ts";

const deleted = "AROAEXAMPLEEXAMPLE1";
const arn = `arn:aws:iam::${account}:role/Batch`;
const refs = [{ document: 0, statement: 0 }];

describe("a deleted principal", () => {
  it("is listed as dangling, with its side and the statements that name it", () => {
    const { relation, excess, missing, dangling } = comparePolicies(
      trust({ AWS: deleted }),
      trust({ AWS: arn }),
    );
    assert.deepEqual(dangling, [{ side: "candidate", id: deleted, statements: refs }]);
    assert.equal(relation, "different");
    assert.deepEqual(
      [...excess, ...missing].map(({ principals }) => principals?.map(({ id }) => id)),
      [[deleted], [arn]],
    );
  });

  it("is excess, because a document alone does not prove that nobody has this id", () => {
    const { relation, excess, dangling } = comparePolicies(
      trust({ AWS: [arn, deleted] }),
      trust({ AWS: arn }),
    );
    assert.equal(relation, "wider");
    assert.deepEqual(
      excess.map(({ principals }) => principals?.map(({ id }) => id)),
      [[deleted]],
    );
    assert.deepEqual(
      dangling.map(({ id }) => id),
      [deleted],
    );
  });

  it("is listed for both sides, also if the sides are equal", () => {
    const both = [trust({ AWS: deleted }), trust({ AWS: [deleted, "AIDAEXAMPLEEXAMPLE2"] })] as const;
    const sides = (one: string, other: string) =>
      comparePolicies(one, other).dangling.map(({ side, id }) => `${side} ${id}`);
    assert.deepEqual(sides(both[0], both[0]), [`candidate ${deleted}`, `reference ${deleted}`]);
    assert.deepEqual(sides(...both), [
      `candidate ${deleted}`,
      "reference AIDAEXAMPLEEXAMPLE2",
      `reference ${deleted}`,
    ]);
  });

  it("is listed once for all statements that name it, also in NotPrincipal", () => {
    const refused = { Effect: "Deny", Action: "sts:TagSession", NotPrincipal: { AWS: deleted } };
    const opened = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: deleted }, Sid: "Old" };
    assert.deepEqual(comparePolicies(policy(opened, refused), []).dangling, [
      {
        side: "candidate",
        id: deleted,
        statements: [
          { document: 0, statement: 0, sid: "Old" },
          { document: 0, statement: 1 },
        ],
      },
    ]);
  });

  it("is not an ARN, account, service, access key or short text", () => {
    const others = [arn, account, "*", "AKIAIOSFODNN7EXAMPLE", "AROA1", "aroaexampleexample1"];
    assert.deepEqual(comparePolicies(trust({ AWS: others, Service: deleted }), []).dangling, []);
    assert.deepEqual(comparePolicies(policy(allow("s3:*", "*")), policy()).dangling, []);
  });
});
