import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import { allow, deny, policy, trust } from "./builders.ts";

describe("two sets of policies", () => {
  it("are equal when they differ in order, case, Sid, splitting, scalar and list alone", () => {
    const one = policy(allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::a/*", { Sid: "" }));
    const other = [
      policy(allow("S3:putobject", ["arn:aws:s3:::a/*"])),
      policy(allow(["s3:GETOBJECT"], "arn:aws:s3:::a/*", { Sid: "Read" })),
    ];
    assert.equal(comparePolicies(one, other).relation, "equal");
  });

  it("name the one action that a statement gained, on its own resource, with an example", () => {
    const wider = policy(allow(["ec2:Describe*", "ec2:RunInstances"], ["*"]));
    const { relation, excess, missing } = comparePolicies(wider, policy(allow("ec2:Describe*", "*")));
    assert.equal(relation, "wider");
    assert.deepEqual(missing, []);
    assert.deepEqual(
      excess.map(({ actions, resources }) => ({ actions, resources })),
      [{ actions: ["ec2:RunInstances"], resources: ["*"] }],
    );
    assert.equal(excess[0]?.example?.action.toLowerCase(), "ec2:runinstances");
    assert.deepEqual(excess[0]?.statements, [{ document: 0, statement: 0 }]);
  });

  it("tell excess and missing apart, and that a statement that moved to another document is neither", () => {
    const left = [policy(allow("a:B", "*"), allow("a:C", "*"))];
    const right = [policy(allow("a:C", "*")), policy(allow("a:D", "*"))];
    const { relation, excess, missing } = comparePolicies(left, right);
    assert.equal(relation, "different");
    assert.deepEqual(
      excess.flatMap(({ actions }) => actions),
      ["a:B"],
    );
    assert.deepEqual(
      missing.flatMap(({ actions }) => actions),
      ["a:D"],
    );
  });

  it("are undecided, with the path, when one cannot be read", () => {
    const { relation, undecided } = comparePolicies('{"Statement":[{}]}', policy(allow("a:B", "*")));
    assert.equal(relation, "undecided");
    assert.deepEqual(
      undecided.map(({ code, side, path }) => ({ code, side, path })),
      [{ code: "syntax", side: "candidate", path: "$.Statement[0].Effect" }],
    );
  });

  it("allow nothing when there are none", () => {
    assert.equal(comparePolicies([], policy()).relation, "equal");
    assert.equal(comparePolicies([], policy(allow("a:B", "*"))).relation, "narrower");
  });

  it("tell a Deny that came or went apart from what is allowed", () => {
    const plain = policy(allow("ec2:*", "*"));
    const guarded = policy(allow("ec2:*", "*"), deny("s3:Delete*", "*"));
    const removed = comparePolicies(plain, guarded);
    assert.equal(removed.relation, "equal");
    assert.deepEqual(
      removed.deniesRemoved.flatMap(({ actions }) => actions),
      ["s3:Delete*"],
    );
    assert.deepEqual(removed.deniesAdded, []);
    assert.deepEqual(
      comparePolicies(guarded, plain).deniesAdded.flatMap(({ actions }) => actions),
      ["s3:Delete*"],
    );
  });

  it("are narrower where a Deny takes away what was allowed", () => {
    const plain = policy(allow("ec2:*", "*"));
    const cut = policy(allow("ec2:*", "*"), deny("ec2:*", "*"));
    assert.equal(comparePolicies(cut, plain).relation, "narrower");
    assert.equal(comparePolicies(plain, cut).relation, "wider");
  });

  it("grow by every statement of an administrator", () => {
    const { relation, excess } = comparePolicies(policy(allow("*", "*")), policy(allow("ec2:*", "*")));
    assert.equal(relation, "wider");
    assert.deepEqual(
      excess.map(({ actions }) => actions),
      [["*"]],
    );
  });
});

describe("two trust policies", () => {
  const account = "123456789012";
  const options = { kind: "trust", account } as const;
  const batch = { Service: "batch.amazonaws.com" };

  it("are equal when one names an account by its id and the other by its root", () => {
    const id = trust({ AWS: account });
    assert.equal(
      comparePolicies(id, trust({ AWS: `arn:aws:iam::${account}:root` }), options).relation,
      "equal",
    );
  });

  it("name every foreign principal", () => {
    const opened = trust({ ...batch, AWS: ["111122223333", "arn:aws:iam::444455556666:role/x"] });
    const { relation, excess } = comparePolicies(opened, trust(batch), options);
    assert.equal(relation, "wider");
    assert.deepEqual(
      excess.flatMap(({ principals = [] }) => principals.map(({ id }) => id)),
      ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:role/x"],
    );
  });

  it("are narrower by hardening where one adds the own account as the source", () => {
    for (const condition of [
      { StringEquals: { "aws:SourceAccount": account } },
      { StringEqualsIfExists: { "aws:SourceAccount": account } },
      { ArnLike: { "aws:SourceArn": `arn:aws:batch:*:${account}:compute-environment/*` } },
      { ArnEquals: { "aws:SourceArn": `arn:*:batch:eu-west-1:${account}:*` } },
    ]) {
      const { relation, missing, hardening, excess } = comparePolicies(
        trust(batch, condition),
        trust(batch),
        options,
      );
      assert.equal(relation, "narrower");
      assert.deepEqual([missing, excess], [[], []]);
      assert.deepEqual(hardening[0]?.principals, [{ type: "Service", id: "batch.amazonaws.com" }]);
    }
  });

  it("are narrower by hardening where every service finds an ARN that it sends", () => {
    const both = { Service: ["batch.amazonaws.com", "ecs-tasks.amazonaws.com"] };
    const arns = [`arn:aws:batch:*:${account}:*`, `arn:aws:ecs:*:${account}:*`];
    const hardened = comparePolicies(
      trust(both, { ArnLike: { "aws:SourceArn": arns } }),
      trust(both),
      options,
    );
    assert.deepEqual([hardened.missing.length, hardened.hardening.length], [0, 1]);
  });

  it("are narrower by hardening for EC2 where the key may be absent, for EC2 does not send it", () => {
    const instances = { Service: "ec2.amazonaws.com" };
    const hardened = trust(instances, { StringEqualsIfExists: { "aws:SourceAccount": account } });
    const { missing, hardening } = comparePolicies(hardened, trust(instances), options);
    assert.deepEqual([missing.length, hardening.length], [0, 1]);
  });

  it("are narrower for good where two added conditions exclude each other", () => {
    const arn = (name: string) => `arn:aws:batch:*:${account}:job-queue/${name}`;
    const none = trust(batch, {
      ArnLike: { "aws:SourceArn": arn("a") },
      ArnEquals: { "aws:SourceArn": arn("b") },
    });
    const { missing, hardening } = comparePolicies(none, trust(batch), options);
    assert.deepEqual([missing.length, hardening.length], [1, 0]);
  });

  it("know the own organisation only where it is told", () => {
    const inside = trust(batch, { StringEquals: { "aws:SourceOrgID": "o-a1b2c3d4e5" } });
    const told = comparePolicies(inside, trust(batch), { ...options, organization: "o-a1b2c3d4e5" });
    assert.deepEqual([told.relation, told.hardening.length, told.missing.length], ["narrower", 1, 0]);
    const untold = comparePolicies(inside, trust(batch), options);
    assert.deepEqual([untold.relation, untold.hardening.length, untold.missing.length], ["narrower", 0, 1]);
  });

  it("tell hardening of one service apart from the loss of another", () => {
    const both = { Service: ["batch.amazonaws.com", "ecs-tasks.amazonaws.com"] };
    const hardened = trust(batch, { StringEquals: { "aws:SourceAccount": account } });
    const { relation, missing, hardening } = comparePolicies(hardened, trust(both), options);
    assert.equal(relation, "narrower");
    assert.deepEqual(
      missing.flatMap(({ principals = [] }) => principals.map(({ id }) => id)),
      ["ecs-tasks.amazonaws.com"],
    );
    assert.deepEqual(
      hardening.flatMap(({ principals = [] }) => principals.map(({ id }) => id)),
      ["batch.amazonaws.com"],
    );
  });

  it("are narrower for good where the service cannot meet what one adds", () => {
    const refused: readonly (readonly [object, object])[] = [
      [batch, { StringEquals: { "sts:ExternalId": "x" } }],
      [batch, { StringEquals: { "aws:SourceAccount": "999999999999" } }],
      [batch, { ArnLike: { "aws:SourceArn": `arn:aws:lambda:*:${account}:function:*` } }],
      [{ Service: "ec2.amazonaws.com" }, { StringEquals: { "aws:SourceAccount": account } }],
      [{ Service: "ec2.us-east-1.amazonaws.com" }, { StringEquals: { "aws:SourceAccount": account } }],
      // StringEquals takes a star for a star, which no ARN has.
      [batch, { StringEquals: { "aws:SourceArn": `arn:aws:batch:*:${account}:*` } }],
      [batch, { ArnLike: { "aws:SourceArn": `arn:aws-cn:batch:*:${account}:*` } }],
      [{ AWS: account }, { StringEquals: { "aws:SourceAccount": account } }],
    ];
    for (const [principal, condition] of refused) {
      const compared = comparePolicies(trust(principal, condition), trust(principal), options);
      assert.equal(compared.relation, "narrower");
      assert.equal(compared.missing.length, 1);
      assert.deepEqual(compared.hardening, []);
    }
  });

  it("are wider where one loses the source's account", () => {
    const hardened = trust(batch, { StringEquals: { "aws:SourceAccount": account } });
    const { relation, excess } = comparePolicies(trust(batch), hardened, options);
    assert.equal(relation, "wider");
    assert.deepEqual(excess[0]?.example?.context, {});
  });
});
