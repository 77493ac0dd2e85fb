import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Evidence } from "@drift-guard/core/model/evidence";
import { digestEvidence, digestOf, identifyFinding } from "@drift-guard/core/model/identity";
import { emptyLedger } from "@drift-guard/core/model/ledger";
import { reconcile } from "@drift-guard/core/reconcile/reconcile";
import fc from "fast-check";

const managed = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole";
const actor = { type: "IAMUser", arn: "arn:aws:iam::123456789012:user/mallory", account: "123456789012" };
const grant = {
  actions: ["ec2:DescribeInstances"],
  resources: ["*"],
  conditions: [{ operator: "StringEquals", key: "aws:RequestedRegion", values: ["eu-west-1"] }],
  statements: [{ document: 0, statement: 0, sid: "Read" }],
};
const drift = { kind: "drift", grants: [], denies: [] };
const call = {
  part: "role",
  call: "iam:PutRolePolicy",
  actor,
  at: "2026-11-22T12:00:00Z",
  changeId: "6c1eed73-00ee-4810-8009-c9ce5990c100",
  earlier: [],
};

// Evidence as stored JSON, from which the expected identities were computed.
const pinned = [
  {
    account: "123456789012",
    role: "AWSBatchServiceRole",
    evidence: { ...drift, part: "role", side: "missing", detail: "The role is gone." },
  },
  {
    account: "123456789012",
    role: "AWSBatchServiceRole",
    evidence: {
      ...drift,
      part: "trust",
      side: "excess",
      grants: [{ ...grant, principals: [{ type: "AWS", id: "999999999999" }] }],
    },
  },
  {
    account: "123456789012",
    role: "awsbatchSERVICErole",
    evidence: { ...drift, part: `managed:${managed}`, side: "missing", grants: [grant] },
  },
  {
    account: "210987654321",
    role: "ecsInstanceRole",
    evidence: { ...drift, part: "inline:emergency: stop", side: "missing", denies: [grant] },
  },
  {
    account: "210987654321",
    role: "ecsInstanceRole",
    evidence: { ...drift, part: "boundary", side: "altered", detail: "Another boundary." },
  },
  {
    account: "123456789012",
    role: "ecsTaskExecutionRole",
    evidence: { ...drift, part: "permissions", side: "missing", grants: [grant], cure: "{}" },
  },
  {
    account: "123456789012",
    role: "ecsTaskExecutionRole",
    evidence: { ...drift, part: "inline:extra", side: "excess", grants: [grant], denies: [grant] },
  },
  {
    account: "123456789012",
    role: "AWSServiceRoleForBatch",
    evidence: {
      kind: "note",
      part: "tag:team:cost",
      topic: "linked-role-edited",
      details: ["its tag is now x."],
      grants: [],
      at: "2026-11-22T12:00:00Z",
    },
  },
  {
    account: "123456789012",
    role: "AWSServiceRoleForBatch",
    evidence: {
      kind: "note",
      part: "description",
      topic: "linked-role-edited",
      details: ["it has none."],
      grants: [],
    },
  },
  {
    account: "123456789012",
    role: "ecsInstanceRole",
    evidence: {
      kind: "note",
      part: "profile",
      topic: "profile-empty",
      details: ["It is empty."],
      grants: [],
    },
  },
  {
    account: "123456789012",
    role: "ecsInstanceRole",
    evidence: { kind: "undecided", part: "session", reasons: ["b", "a"] },
  },
  {
    account: "123456789012",
    role: "AWSBatchServiceRole",
    evidence: {
      kind: "vendor-change",
      part: `managed:${managed}`,
      version: "v13",
      since: "v12",
      added: [grant],
      removed: [],
    },
  },
  {
    account: "123456789012",
    role: "AWSBatchServiceRole",
    evidence: { kind: "attempt", ...call, code: "AccessDenied" },
  },
  { account: "123456789012", role: "AWSBatchServiceRole", evidence: { kind: "impersonation", ...call } },
];
const expected: readonly (readonly [id: string, digest: string])[] = [
  ["4bcbf0c588b73695514d483af5f5ff5a", "b97dc6f554c2ecbf2b2214654982081824d1bb89bb76fd7923533ba580ef6adc"],
  ["0645cd29417acf204db641895f262b30", "5b973d0c77c6be2c4380903bc5bec8c055c31ef2c33cdd6d52cc37900f8735d7"],
  ["8f9b2026ef27080e92d4a90cac4b20cf", "b962aba75bfd6fa7f3fcec81e1861127c97100ab6f4f21f6df9bbd33fe136b5b"],
  ["a62f061d71aed9c82793ef81356f98a4", "aa2e4ad6c131622997e65cb639abac4a93455f3e17514a0da88dee44207052ca"],
  ["ca576091a6972d346981269a6f950277", "7bdca849840a920d46b63a8c877a03bae29133d67566d6ced05a50b109644f67"],
  ["a558c628eae296f41e0013d7f466b614", "6970fcd646d4136d5413f7ca500a05131bea07ec005c58896cd4346b434246dd"],
  ["a74cbfbc3969bd390c8940156d94b2f0", "bfb6b91027653191ceb085523de600707e529825d20ea56beca1f72631280813"],
  ["d36fc56204c8ae8a0a7e95e77fc9c09e", "6a77e255f0668c67960006480cec95efbdbe54dc6988b206c26a547b2c78c928"],
  ["616b6bc17ce705e0f401b8e2e2ebd4ee", "1e0bd6938d33967de009dff6b346a4af44e1dc7af79249b25c7c75321216b317"],
  ["af90c674ce0cc2767b19489433dea124", "0c332b9327ea6aa4c5e5b480474ddb5ce56ed99daa95240a5cab9c600cf6ed12"],
  ["94ce87eb63d5de9b022127d433fce976", "a65f4174da89a431bd03178264ee244f8ab752376f23075118204171cfce2e0d"],
  ["177654575b88e0282aa151bed8375b46", "5522353dc1d96e3b95156cf1bd363f9cd9639d263c58a446fc26b9a8da69622d"],
  ["8da078f65da09f4928fa5c0a3f82fe91", "22106683f384cae8a77beb3d2291b937f0a48b816bf91bd89328222d33b24711"],
  ["f8dac3ca590856ef58d96c65f6fd0b82", "6d44b55975d511c58b6409c320f68e607908e63af7bed93eff54ac76c6344ec0"],
];

describe("identities in stores and messages", () => {
  for (const [index, { account, role: name, evidence: stored }] of pinned.entries()) {
    const evidence = Evidence.parse(stored);
    const topic = evidence.kind === "note" ? ` ${evidence.topic}` : "";
    it(`do not change for ${evidence.kind}${topic} at ${stored.part} of ${name}`, () => {
      const [id, digest] = expected[index] ?? [];
      assert.equal(identifyFinding({ account, name }, evidence), id);
      assert.equal(digestEvidence(evidence), digest);
    });
  }

  it("do not change for transitions", () => {
    const { transitions } = reconcile({
      ledger: emptyLedger({ account: "210987654321", name: "ecsInstanceRole" }),
      evidence: pinned
        .filter(({ role }) => role === "ecsInstanceRole")
        .map(({ evidence }) => Evidence.parse(evidence)),
      exceptions: [],
      cause: { kind: "sweep" },
      now: "2026-11-22T12:00:00.000Z",
      settleSeconds: 60,
    });
    assert.deepEqual(
      transitions.map(({ id }) => id),
      [
        "a62f061d71aed9c82793ef81356f98a4#1",
        "ca576091a6972d346981269a6f950277#1",
        "3a6c12b05f7cd2df184bd285f061d072#1",
        "59294e1be6ab5a1362c5875c8289fbc4#1",
      ],
    );
  });
});

describe("the digest of a value", () => {
  it("stays what it was when it was stored", () => {
    const value = {
      b: [1, { z: null, a: 'é"\u2028' }],
      "10": true,
      "9": undefined,
      "2": 0.5,
      a: {},
      "01": [undefined],
    };
    assert.equal(digestOf(value), "18f4cd8472e7af51726691b704a4e7ae5631f3f01f9df40a608b03c395468548");
  });

  it("does not depend on the order of keys, and depends on everything else", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (value, key) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        assert.equal(digestOf({ inner: [turned] }), digestOf({ inner: [value] }));
        assert.notEqual(digestOf({ ...value, [`${key}x`]: [value] }), digestOf(value));
      }),
      { numRuns: 200 },
    );
  });
});
