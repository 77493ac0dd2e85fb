import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import { allow, deny, policy, trust } from "./builders.ts";

describe("two sets of policies", () => {
  it("are equal if they differ only in order, case, Sid, splitting, scalar and list", () => {
    const one = policy(allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::a/*", { Sid: "" }));
    const other = [
      policy(allow("S3:putobject", ["arn:aws:s3:::a/*"])),
      policy(allow(["s3:GETOBJECT"], "arn:aws:s3:::a/*", { Sid: "Read" })),
    ];
    assert.equal(comparePolicies(one, other).relation, "equal");
  });

  it("differ by the one action that a statement gained, with its resource and an example", () => {
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

  it("have excess and missing grants, and none for a statement that moved to another document", () => {
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

  it("are undecided if one is malformed, with the path", () => {
    const { relation, undecided } = comparePolicies('{"Statement":[{}]}', policy(allow("a:B", "*")));
    assert.equal(relation, "undecided");
    assert.deepEqual(
      undecided.map(({ code, side, path }) => ({ code, side, path })),
      [{ code: "syntax", side: "candidate", path: "$.Statement[0].Effect" }],
    );
  });

  it("allow nothing if they are empty", () => {
    assert.equal(comparePolicies([], policy()).relation, "equal");
    assert.equal(comparePolicies([], policy(allow("a:B", "*"))).relation, "narrower");
  });

  it("have denied grants of a Deny that was added or removed, and none allowed", () => {
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

  it("are narrower if a Deny matches what was allowed", () => {
    const plain = policy(allow("ec2:*", "*"));
    const cut = policy(allow("ec2:*", "*"), deny("ec2:*", "*"));
    assert.equal(comparePolicies(cut, plain).relation, "narrower");
    assert.equal(comparePolicies(plain, cut).relation, "wider");
  });

  it("are wider by one grant if one side is an administrator", () => {
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

  it("are equal if one names an account by its id and the other by its root", () => {
    const id = trust({ AWS: account });
    assert.equal(
      comparePolicies(id, trust({ AWS: `arn:aws:iam::${account}:root` }), options).relation,
      "equal",
    );
  });

  it("differ by every principal of another account", () => {
    const opened = trust({ ...batch, AWS: ["111122223333", "arn:aws:iam::444455556666:role/x"] });
    const { relation, excess } = comparePolicies(opened, trust(batch), options);
    assert.equal(relation, "wider");
    assert.deepEqual(
      excess.flatMap(({ principals = [] }) => principals.map(({ id }) => id)),
      ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:role/x"],
    );
  });

  it("are narrower by hardening if one requires the own account as the source", () => {
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

  it("are narrower by hardening if every service can send one of the required ARNs", () => {
    const both = { Service: ["batch.amazonaws.com", "ecs-tasks.amazonaws.com"] };
    const arns = [`arn:aws:batch:*:${account}:*`, `arn:aws:ecs:*:${account}:*`];
    const hardened = comparePolicies(
      trust(both, { ArnLike: { "aws:SourceArn": arns } }),
      trust(both),
      options,
    );
    assert.deepEqual([hardened.missing.length, hardened.hardening.length], [0, 1]);
  });

  it("are narrower by hardening for EC2 with IfExists, because EC2 does not send the key", () => {
    const instances = { Service: "ec2.amazonaws.com" };
    const hardened = trust(instances, { StringEqualsIfExists: { "aws:SourceAccount": account } });
    const { missing, hardening } = comparePolicies(hardened, trust(instances), options);
    assert.deepEqual([missing.length, hardening.length], [0, 1]);
  });

  it("are narrower without hardening if two added conditions exclude each other", () => {
    const arn = (name: string) => `arn:aws:batch:*:${account}:job-queue/${name}`;
    const none = trust(batch, {
      ArnLike: { "aws:SourceArn": arn("a") },
      ArnEquals: { "aws:SourceArn": arn("b") },
    });
    const { missing, hardening } = comparePolicies(none, trust(batch), options);
    assert.deepEqual([missing.length, hardening.length], [1, 0]);
  });

  it("are hardened by an organisation only if the options name it", () => {
    const inside = trust(batch, { StringEquals: { "aws:SourceOrgID": "o-a1b2c3d4e5" } });
    const named = comparePolicies(inside, trust(batch), { ...options, organization: "o-a1b2c3d4e5" });
    assert.deepEqual([named.relation, named.hardening.length, named.missing.length], ["narrower", 1, 0]);
    const unnamed = comparePolicies(inside, trust(batch), options);
    assert.deepEqual(
      [unnamed.relation, unnamed.hardening.length, unnamed.missing.length, unnamed.possibleHardening.length],
      ["narrower", 0, 0, 1],
    );
  });

  it("separate hardening of one service from the loss of another", () => {
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

  it("are narrower without hardening if the service cannot meet the added condition", () => {
    const refused: readonly (readonly [object, object])[] = [
      [batch, { StringEquals: { "sts:ExternalId": "x" } }],
      [batch, { StringEquals: { "aws:SourceAccount": "999999999999" } }],
      [batch, { ArnLike: { "aws:SourceArn": `arn:aws:lambda:*:${account}:function:*` } }],
      [{ Service: "ec2.amazonaws.com" }, { StringEquals: { "aws:SourceAccount": account } }],
      [{ Service: "ec2.us-east-1.amazonaws.com" }, { StringEquals: { "aws:SourceAccount": account } }],
      // StringEquals reads the star as a character, which no ARN has.
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

  it("are wider if one loses the condition on the source's account", () => {
    const hardened = trust(batch, { StringEquals: { "aws:SourceAccount": account } });
    const { relation, excess } = comparePolicies(trust(batch), hardened, options);
    assert.equal(relation, "wider");
    assert.deepEqual(excess[0]?.example?.context, {});
  });
});
