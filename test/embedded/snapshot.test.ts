import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readSnapshot, readSnapshots } from "@drift-guard/embedded/snapshot";
import { parsePolicy } from "@drift-guard/policy/parse";
import { account, allow, batchServicePolicy, trustOf } from "../builders.ts";

const trust = trustOf("batch.amazonaws.com");
const boundary = `arn:aws:iam::${account}:policy/Boundary`;

describe("A snapshot of an account", () => {
  it("contains the parts of a role that the file has, and the others as unobserved", async () => {
    const { reader } = readSnapshot(snapshotOf([aDetail()]), "account.json");
    const reading = await reader.read("awsbatchservicerole");
    assert.ok(reading.status === "present");
    const { description, maxSession, ...role } = reading.role;
    assert.deepEqual(role, {
      account,
      partition: "aws",
      name: "AWSBatchServiceRole",
      id: "AROA2BATCHSERVICEROLE",
      path: "/service-role/",
      arn: `arn:aws:iam::${account}:role/service-role/AWSBatchServiceRole`,
      trust,
      attached: [
        { arn: batchServicePolicy, version: { observed: true, value: { id: "v13", text: allow("ec2:*") } } },
      ],
      inline: [{ name: "extra", text: allow("s3:*") }],
      boundary: {
        observed: true,
        value: { arn: boundary, version: { observed: true, value: { id: "v1", text: allow("*") } } },
      },
      tags: { observed: true, value: { team: "batch" } },
      profiles: { observed: true, value: ["workers"] },
    });
    for (const part of [description, maxSession]) assert.equal(part.observed, false);
  });

  it("accepts documents as objects, as JSON text and percent-encoded", async () => {
    for (const written of [JSON.parse(trust), trust, encodeURIComponent(trust)]) {
      const { reader } = readSnapshot(
        snapshotOf([{ ...aDetail(), AssumeRolePolicyDocument: written }]),
        "account.json",
      );
      const reading = await reader.read("AWSBatchServiceRole");
      assert.equal(reading.status === "present" && reading.role.trust, trust);
    }
  });

  it("says why a document that is not in the file is unobserved", async () => {
    const { reader } = readSnapshot(JSON.stringify({ RoleDetailList: [aDetail()] }), "account.json");
    const reading = await reader.read("AWSBatchServiceRole");
    assert.ok(reading.status === "present");
    const version = reading.role.attached[0]?.version;
    assert.ok(version && !version.observed);
    assert.match(version.why, /service-role\/AWSBatchServiceRole/);
  });

  it("reads a missing boundary as none, and missing lists as unobserved", async () => {
    const { RoleName, RoleId, Arn, Path, AssumeRolePolicyDocument } = aDetail();
    const bare = { RoleName, RoleId, Arn, Path, AssumeRolePolicyDocument };
    const { reader } = readSnapshot(snapshotOf([bare]), "account.json");
    const reading = await reader.read(RoleName);
    assert.ok(reading.status === "present");
    const { attached, inline, tags, profiles } = reading.role;
    assert.deepEqual(reading.role.boundary, { observed: true, value: null });
    assert.deepEqual([attached, inline, tags.observed, profiles.observed], [[], [], false, false]);
  });

  it("reports a role that is not in the file as absent", async () => {
    const { reader } = readSnapshot(snapshotOf([aDetail()]), "account.json");
    assert.deepEqual(await reader.read("Nobody"), { status: "absent", account, name: "Nobody" });
  });

  it("contains the roles of each account apart (T18)", async () => {
    const foreign = { ...aDetail(), Arn: `arn:aws:iam::210987654321:role/AWSBatchServiceRole`, Path: "/" };
    const text = snapshotOf([aDetail(), foreign]);
    const snapshots = readSnapshots(text, "account.json");
    assert.deepEqual(
      snapshots.map((snapshot) => [snapshot.account, snapshot.roles]),
      [
        [account, ["AWSBatchServiceRole"]],
        ["210987654321", ["AWSBatchServiceRole"]],
      ],
    );
    for (const { account: own, reader } of snapshots) {
      const reading = await reader.read("AWSBatchServiceRole");
      assert.equal(reading.status === "present" && reading.role.account, own);
    }
    assert.throws(() => readSnapshot(text, "account.json"), {
      name: "MessageUnreadableError",
      message: /account\.json contains roles of the accounts 123456789012 and 210987654321\./,
    });
  });

  it("contains a role once that occurs twice with the same content, in any order (T18)", async () => {
    const second = { PolicyName: "second", PolicyDocument: JSON.parse(allow("sns:*")) };
    const [inline] = aDetail().RolePolicyList;
    const copies = [
      { ...aDetail(), RolePolicyList: [inline, second] },
      { ...aDetail(), RolePolicyList: [second, inline] },
    ];
    const snapshot = readSnapshot(snapshotOf(copies), "account.json");
    assert.deepEqual(snapshot.roles, ["AWSBatchServiceRole"]);
    assert.equal((await snapshot.reader.read("AWSBatchServiceRole")).status, "present");
  });

  for (const [what, over] of [
    ["another inline policy", { RolePolicyList: [] }],
    ["another trust", { AssumeRolePolicyDocument: JSON.parse(trustOf("ec2.amazonaws.com")) }],
    ["another id", { RoleId: "AROA2CREATEDAGAIN0000" }],
    ["a name in another case", { RoleName: "awsbatchservicerole", Tags: [] }],
  ] as const) {
    it(`cannot tell the state of a role that occurs twice with ${what} (T18)`, async () => {
      const { reader } = readSnapshot(snapshotOf([aDetail(), { ...aDetail(), ...over }]), "account.json");
      await assert.rejects(reader.read("AWSBatchServiceRole"), {
        name: "RoleUnreadableError",
        message: /contains the role AWSBatchServiceRole 2 times with different content/,
      });
    });
  }

  it("does not know a policy that occurs twice with different documents", () => {
    const details = JSON.parse(snapshotOf([aDetail()]));
    const [policy] = details.Policies;
    const [version] = policy.PolicyVersionList;
    const changed = { ...policy, PolicyVersionList: [{ ...version, Document: JSON.parse(allow("sns:*")) }] };
    for (const [Policies, observed] of [
      [[policy, policy], true],
      [[policy, changed], false],
      [[changed, policy, policy], false],
    ] as const) {
      const snapshot = readSnapshot(JSON.stringify({ ...details, Policies }), "account.json");
      assert.equal(snapshot.policy(policy.Arn).version.observed, observed);
    }
  });

  it("is read from pages, one after the other or in a list", async () => {
    const { Policies } = JSON.parse(snapshotOf([]));
    const pages = [
      { RoleDetailList: [aDetail()], Policies: [], IsTruncated: true, Marker: "m" },
      { RoleDetailList: [{ ...aDetail(), RoleName: "Second }{" }], Policies: null, IsTruncated: true },
      { RoleDetailList: null, Policies, IsTruncated: false },
    ].map((page) => JSON.stringify(page));
    for (const text of [pages.join(""), `\uFEFF${pages.join("\r\n")}\n`, `[${pages.join()}]`]) {
      const snapshot = readSnapshot(text, "account.json");
      assert.deepEqual(snapshot.roles, ["AWSBatchServiceRole", "Second }{"]);
      assert.equal(snapshot.policy(batchServicePolicy).version.observed, true);
      assert.equal((await snapshot.reader.read("Nobody")).status, "absent");
    }
    await assert.rejects(readSnapshot(pages.slice(0, 2).join(""), "account.json").reader.read("Nobody"), {
      name: "RoleUnreadableError",
    });
  });

  it("names the place in the file where it stops being JSON, also after whole values", () => {
    for (const [text, place] of [
      ["{}\n{}\n{", "line 3, column 2"],
      ["{}{}{", "line 1, column 6"],
      ["{}\n  {\n x}", "line 3, column 2"],
      ["roles: {a}\nmore: {b}", "line 1, column 1"],
      ["{x} and {y}", "line 1, column 2"],
    ] as const) {
      assert.throws(
        () => readSnapshot(text, "account.json"),
        ({ message }: Error) =>
          message.startsWith(`account.json is not JSON (${place}). Expected the output`),
        text,
      );
    }
  });

  it("is cut if the list of one of its accounts is", async () => {
    const foreign = { ...aDetail(), Arn: "arn:aws:iam::210987654321:role/R" };
    const pages = [
      { RoleDetailList: [aDetail()], IsTruncated: true },
      { RoleDetailList: [foreign], IsTruncated: false },
    ];
    for (const { reader } of readSnapshots(JSON.stringify(pages), "account.json")) {
      await assert.rejects(reader.read("Nobody"), { name: "RoleUnreadableError" });
    }
  });

  // An export for each account of an organisation, one after the other or with jq -s, on different days
  // (https://github.com/salesforce/cloudsplaining/issues/96, https://github.com/netmeld/netmeld/issues/159).
  it("knows a policy as each account's own list has it, in pages too (T18)", () => {
    const own = JSON.parse(snapshotOf([aDetail()]));
    const [policy] = own.Policies;
    const [version] = policy.PolicyVersionList;
    const later = { ...policy, PolicyVersionList: [{ ...version, Document: JSON.parse(allow("sns:*")) }] };
    const foreign = { ...aDetail(), Arn: "arn:aws:iam::210987654321:role/AWSBatchServiceRole" };
    const pages = [
      { RoleDetailList: [foreign], Policies: [], IsTruncated: true, Marker: "m" },
      { RoleDetailList: [], Policies: [later], IsTruncated: false },
    ];
    for (const files of [
      [own, ...pages],
      [...pages, own],
      [own, { RoleDetailList: [foreign], Policies: [later] }],
    ]) {
      for (const text of [JSON.stringify(files), files.map((file) => JSON.stringify(file)).join("\n")]) {
        for (const { account: id, policy: read } of readSnapshots(text, "organisation.json")) {
          const { version: seenVersion } = read(policy.Arn);
          const isLater = seenVersion.observed && seenVersion.value.text.includes("sns:*");
          assert.deepEqual([seenVersion.observed, isLater], [true, id === "210987654321"]);
        }
      }
    }
    // One list of both: which document is whose is unknown.
    const merged = { RoleDetailList: [aDetail(), foreign], Policies: [policy, later] };
    for (const { policy: read } of readSnapshots(JSON.stringify(merged), "merged.json")) {
      assert.equal(read(policy.Arn).version.observed, false);
    }
  });

  // `jq -s add` keeps the last page's lists, and the token of the page before
  // (https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html: Marker is present when
  // IsTruncated is true).
  it("is cut if its pages were merged so that the last replaced the others (T18)", async () => {
    const first = { RoleDetailList: [aDetail()], Policies: [], IsTruncated: true, Marker: "m" };
    const last = { RoleDetailList: [{ ...aDetail(), RoleName: "Last" }], Policies: [], IsTruncated: false };
    const { reader } = readSnapshot(JSON.stringify({ ...first, ...last }), "account.json");
    await assert.rejects(reader.read("AWSBatchServiceRole"), { name: "RoleUnreadableError" });
    const whole = readSnapshot(JSON.stringify({ ...last, Marker: "" }), "account.json");
    assert.equal((await whole.reader.read("AWSBatchServiceRole")).status, "absent");
  });

  // Exports of two days, joined into one list with jq -s '{RoleDetailList: map(.RoleDetailList) | add}'.
  it("cannot tell the state of a role that was created again between two exports (T18)", async () => {
    const again = { ...aDetail(), RoleId: "AROACREATEDAGAIN" };
    for (const text of [snapshotOf([aDetail(), again]), snapshotOf([aDetail()]) + snapshotOf([again])]) {
      await assert.rejects(readSnapshot(text, "account.json").reader.read("AWSBatchServiceRole"), {
        message: /2 times with different content/,
      });
    }
  });

  it("reads null as absent", async () => {
    const detail = {
      ...aDetail(),
      RolePolicyList: null,
      AttachedManagedPolicies: null,
      InstanceProfileList: null,
      PermissionsBoundary: null,
      Tags: null,
    };
    const text = JSON.stringify({
      RoleDetailList: [detail],
      Policies: null,
      IsTruncated: null,
      NextToken: null,
    });
    const reading = await readSnapshot(text, "account.json").reader.read("AWSBatchServiceRole");
    assert.ok(reading.status === "present");
    const { attached, inline, tags, profiles, boundary: bound } = reading.role;
    assert.deepEqual([attached, inline, tags.observed, profiles.observed], [[], [], false, false]);
    assert.deepEqual(bound, { observed: true, value: null });
  });

  it("does not report a role as absent if the list was cut", async () => {
    for (const cut of [{ IsTruncated: true }, { NextToken: "abc" }]) {
      const { reader } = readSnapshot(
        JSON.stringify({ RoleDetailList: [aDetail()], ...cut }),
        "account.json",
      );
      assert.equal((await reader.read("AWSBatchServiceRole")).status, "present");
      await assert.rejects(reader.read("Nobody"), {
        name: "RoleUnreadableError",
        message: /account\.json.*Nobody/,
      });
    }
  });

  it("finds the roles of a policy, a boundary and an instance profile", async () => {
    const { reader } = readSnapshot(snapshotOf([aDetail()]), "account.json");
    const behind = { policy: batchServicePolicy, boundary };
    for (const arn of Object.values(behind)) {
      assert.deepEqual(await reader.rolesBehind({ kind: "policy", arn }), ["AWSBatchServiceRole"]);
    }
    assert.deepEqual(await reader.rolesBehind({ kind: "profile", name: "workers" }), ["AWSBatchServiceRole"]);
    assert.deepEqual(await reader.rolesBehind({ kind: "profile", name: "others" }), []);
  });

  it("names the file and the invalid place in it", () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ["", /account\.json is empty/],
      ["{", /account\.json is not JSON \(line 1, column 2\)\. Expected the output of: aws iam get-/],
      ["[]", /account\.json is not the output of: aws iam get-account-authorization-details/],
      ['{"UserDetailList": []}', /RoleDetailList/],
      [snapshotOf([{ ...aDetail(), RoleId: 7 }]), /RoleDetailList\[0\]\.RoleId/],
      [snapshotOf([aDetail(), { ...aDetail(), Arn: "role/x" }]), /RoleDetailList\[1\]\.Arn/],
      [
        snapshotOf([{ ...aDetail(), AssumeRolePolicyDocument: 7 }]),
        /RoleDetailList\[0\]\.AssumeRolePolicyDocument/,
      ],
      [snapshotOf([]), /contains no role/],
    ];
    for (const [text, message] of cases) {
      assert.throws(() => readSnapshot(text, "account.json"), { name: "MessageUnreadableError", message });
    }
  });

  it("reads recorded accounts with every document", async () => {
    for (const { name, text } of await recordedAccounts()) {
      for (const snapshot of readSnapshots(text, name)) {
        assert.ok(snapshot.roles.length > 0);
        for await (const reading of snapshot.reader.readMany(snapshot.roles)) {
          assert.ok(reading.status === "present");
          const { trust: document, inline, attached } = reading.role;
          parsePolicy(document);
          for (const policy of inline) parsePolicy(policy.text);
          for (const { version } of attached) if (version.observed) parsePolicy(version.value.text);
        }
      }
    }
  });
});

/** Returns the recorded snapshots beside the checkout, or an empty list if there are none. */
async function recordedAccounts(): Promise<readonly { readonly name: string; readonly text: string }[]> {
  const folder = join(import.meta.dirname, "../../../shared/data/authz-details");
  const files = await readdir(folder).catch(() => []);
  return Promise.all(
    files
      .filter((name) => name.endsWith(".json"))
      .map(async (name) => ({ name, text: await readFile(join(folder, name), "utf8") })),
  );
}

function snapshotOf(roles: readonly unknown[]): string {
  return JSON.stringify({
    UserDetailList: [],
    RoleDetailList: roles,
    Policies: [
      {
        Arn: batchServicePolicy,
        DefaultVersionId: "v13",
        PolicyVersionList: [
          { VersionId: "v13", IsDefaultVersion: true, Document: JSON.parse(allow("ec2:*")) },
          { VersionId: "v12", IsDefaultVersion: false, Document: JSON.parse(allow("ec2:Run*")) },
        ],
      },
      {
        Arn: boundary,
        DefaultVersionId: "v1",
        PolicyVersionList: [{ VersionId: "v1", Document: allow("*") }],
      },
    ],
  });
}

function aDetail() {
  return {
    Path: "/service-role/",
    RoleName: "AWSBatchServiceRole",
    RoleId: "AROA2BATCHSERVICEROLE",
    Arn: `arn:aws:iam::${account}:role/service-role/AWSBatchServiceRole`,
    CreateDate: "2026-01-01T00:00:00+00:00",
    AssumeRolePolicyDocument: trust,
    InstanceProfileList: [{ InstanceProfileName: "workers" }],
    RolePolicyList: [{ PolicyName: "extra", PolicyDocument: allow("s3:*") }],
    AttachedManagedPolicies: [{ PolicyName: "AWSBatchServiceRole", PolicyArn: batchServicePolicy }],
    PermissionsBoundary: { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: boundary },
    Tags: [{ Key: "team", Value: "batch" }],
  };
}
