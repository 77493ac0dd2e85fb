import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ConfigInput, defineConfig } from "@drift-guard/core/config/config";
import { findReference } from "@drift-guard/core/reference/built-in";
import { defineReference } from "@drift-guard/core/reference/reference";
import { generateRollbackPolicies } from "@drift-guard/infra/stack/rollback-permissions";
import { type Decision, decide } from "@drift-guard/policy/decide";
import type { PolicyDocument } from "@drift-guard/policy/document";
import { parsePolicy } from "@drift-guard/policy/parse";
import fc from "fast-check";

const account = "123456789012";
const functionArn = `arn:aws:lambda:us-east-1:${account}:function:drift-guard-production-rollback`;
const attachedByReference = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
const administrator = "arn:aws:iam::aws:policy/AdministratorAccess";

type Roles = NonNullable<ConfigInput["roles"]>;
type Rollback = NonNullable<Roles[string]["rollback"]>;

const generate = (roles: Roles, references: ConfigInput["references"] = []) =>
  generateRollbackPolicies({
    config: defineConfig({ roles, references }),
    account,
    partition: "aws",
    functionArn,
    ownPrefix: "drift-guard-production-",
  });

const roleArn = (name: string, path = "/") => `arn:aws:iam::${account}:role${path}${name}`;

/** A call of the function's code, unless the context says otherwise. */
interface Call {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string>>;
}

function decideCall(policies: ReturnType<typeof generate>, { action, resource, context }: Call): Decision {
  const known = parsed.get(policies);
  const documents = known ?? policies.map((policy) => parsePolicy(JSON.stringify(policy)));
  parsed.set(policies, documents);
  return decide(
    {
      action: `iam:${action}`,
      resource,
      context: { "lambda:sourcefunctionarn": functionArn, ...context },
    },
    documents,
  );
}

const parsed = new WeakMap<ReturnType<typeof generate>, readonly PolicyDocument[]>();

const roleCalls = [
  "AttachRolePolicy",
  "DeleteRolePermissionsBoundary",
  "DeleteRolePolicy",
  "DetachRolePolicy",
  "PutRolePermissionsBoundary",
  "PutRolePolicy",
  "TagRole",
  "UntagRole",
  "UpdateAssumeRolePolicy",
  "UpdateRole",
];

/** The calls on ecsTaskExecutionRole that its role allows: attaching the reference's policy, detaching another one. */
function writesFor(
  rollback: Rollback,
  more: Roles[string] = {},
  references: ConfigInput["references"] = [],
): readonly string[] {
  const policies = generate({ ecsTaskExecutionRole: { ...more, paths: ["/"], rollback } }, references);
  const resource = roleArn("ecsTaskExecutionRole");
  return roleCalls.filter((action) => {
    const policy = action === "AttachRolePolicy" ? attachedByReference : administrator;
    const context = action.includes("RolePolicy") ? { "iam:policyarn": policy } : {};
    return decideCall(policies, { action, resource, context }) === "allowed";
  });
}

describe("the permissions of rollback", () => {
  it("hold the calls that the modes can plan, and no others", () => {
    const removing = ["DeleteRolePolicy", "DetachRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy"];
    const restoring = ["AttachRolePolicy", "DeleteRolePermissionsBoundary", "UpdateAssumeRolePolicy"];
    for (const mode of ["approve", "automatic"] as const) {
      assert.deepEqual(writesFor({ excess: mode }), removing);
      assert.deepEqual(writesFor({ missing: mode }), restoring);
      assert.deepEqual(
        writesFor({ excess: mode, missing: mode }),
        [...new Set([...removing, ...restoring])].sort(),
      );
      assert.deepEqual(writesFor({ altered: mode }), ["DeleteRolePermissionsBoundary"]);
    }
  });

  it("hold setting a description, a maximum session duration or tags where the reference has them", () => {
    const own = (over: object) => ({ ...findReference("ecsTaskExecutionRole"), ...over });
    const writes = (over: object, more: Roles[string] = {}) =>
      writesFor({ altered: "automatic" }, more, [defineReference(own(over))]).filter((call) =>
        /tagrole|updaterole/i.test(call),
      );
    assert.deepEqual(writes({}), []);
    assert.deepEqual(writes({ description: "" }), ["UpdateRole"]);
    assert.deepEqual(writes({ maxSession: 3_600 }), ["UpdateRole"]);
    assert.deepEqual(writes({ tags: { team: "x" } }), ["TagRole"]);
    const closed = { strictness: { tags: "closed" } } as const;
    assert.deepEqual(writes({ tags: { team: "x" } }, closed), ["TagRole", "UntagRole"]);
    assert.deepEqual(writes({ tags: {} }, closed), ["UntagRole"]);
  });

  it("hold no write where a side is only simulated", () => {
    assert.deepEqual(writesFor({ excess: "simulate", missing: "simulate", altered: "simulate" }), []);
  });

  it("hold writing and removing an inline policy where sessions are revoked before restoring", () => {
    const writes = writesFor({ missing: "approve", sessions: "revoke" });
    assert.deepEqual(
      writes.filter((call) => /^(?:Put|Delete)RolePolicy$/.test(call)),
      ["DeleteRolePolicy", "PutRolePolicy"],
    );
  });

  it("hold no change of a trust policy that is not compared", () => {
    const writes = writesFor({ excess: "automatic", missing: "automatic" }, { strictness: { trust: "off" } });
    assert.ok(!writes.includes("UpdateAssumeRolePolicy"));
    const floor = writesFor({ excess: "automatic" }, { strictness: { trust: "floor" } });
    assert.ok(!floor.includes("UpdateAssumeRolePolicy"));
  });

  it("allow attaching the reference's policies only, and detaching only others", () => {
    const policies = generate({
      ecsTaskExecutionRole: { rollback: { excess: "automatic", missing: "automatic" } },
    });
    const on = (action: string, policy: string) =>
      decideCall(policies, {
        action,
        resource: roleArn("ecsTaskExecutionRole"),
        context: { "iam:policyarn": policy },
      });
    assert.equal(on("AttachRolePolicy", attachedByReference), "allowed");
    assert.equal(on("AttachRolePolicy", administrator), "implicitDeny");
    assert.equal(on("DetachRolePolicy", administrator), "allowed");
    assert.equal(on("DetachRolePolicy", attachedByReference), "implicitDeny");
  });

  it("allow setting the boundary that the reference requires, and no other", () => {
    const boundary = `arn:aws:iam::${account}:policy/limit`;
    const reference = {
      role: "OwnRole",
      source: { title: "Ours", date: "2026-11-01" },
      trust: {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
        ],
      },
      attachments: [],
      boundary: { arn: boundary },
    };
    const policies = generate({ OwnRole: { rollback: { altered: "automatic" } } }, [reference]);
    const put = (policy: string) =>
      decideCall(policies, {
        action: "PutRolePermissionsBoundary",
        resource: roleArn("OwnRole"),
        context: { "iam:permissionsboundary": policy },
      });
    // AWS's examples compare this key as a string.
    const operators = policies
      .flatMap(({ Statement }) => Statement)
      .flatMap(({ Condition = {} }) => Object.entries(Condition))
      .flatMap(([operator, keys]) => ("iam:PermissionsBoundary" in keys ? [operator] : []));
    assert.deepEqual(operators, ["StringEquals"]);
    assert.equal(put(boundary), "allowed");
    assert.equal(put(administrator), "implicitDeny");
    const remove = { action: "DeleteRolePermissionsBoundary", resource: roleArn("OwnRole") };
    assert.equal(decideCall(policies, remove), "implicitDeny");
  });

  it("allow versions of the reference's own policies where the owner says that they may change for others too", () => {
    const shared = `arn:aws:iam::${account}:policy/shared`;
    const reference = {
      role: "OwnRole",
      source: { title: "Ours", date: "2026-11-01" },
      trust: { Version: "2012-10-17", Statement: [] },
      attachments: [
        {
          arn: shared,
          version: "v1",
          document: { Version: "2012-10-17", Statement: [] },
          source: { title: "Ours", date: "2026-11-01" },
        },
      ],
      boundary: "any" as const,
    };
    const set = (sharedPolicies: boolean, resource: string) =>
      decideCall(generate({ OwnRole: { rollback: { excess: "approve", sharedPolicies } } }, [reference]), {
        action: "SetDefaultPolicyVersion",
        resource,
      });
    assert.equal(set(true, shared), "allowed");
    assert.equal(set(true, `arn:aws:iam::${account}:policy/other`), "implicitDeny");
    assert.equal(set(false, shared), "implicitDeny");
  });

  it("allow every read of a customer-managed policy, also where it is not written or only simulated", () => {
    const resource = `arn:aws:iam::${account}:policy/shared`;
    for (const excess of ["simulate", "approve"] as const) {
      const policies = generate({ ecsTaskExecutionRole: { rollback: { excess } } });
      for (const action of ["GetPolicy", "GetPolicyVersion", "ListEntitiesForPolicy", "ListPolicyVersions"])
        assert.equal(decideCall(policies, { action, resource }), "allowed", action);
    }
  });

  it("are of no use outside the function, except for what they deny", () => {
    const policies = generate({ ecsTaskExecutionRole: { rollback: { excess: "automatic" } } });
    const context = { "lambda:sourcefunctionarn": `${functionArn}-other` };
    for (const action of ["GetRole", "PutRolePolicy", "UpdateAssumeRolePolicy"]) {
      const call = { action, resource: roleArn("ecsTaskExecutionRole") };
      assert.equal(decideCall(policies, call), "allowed", action);
      assert.equal(decideCall(policies, { ...call, context }), "implicitDeny", action);
    }
  });

  it("deny writing service-linked roles and the guard's own roles and policies, and deny no read of them", () => {
    const policies = generate({ ecsTaskExecutionRole: { rollback: { excess: "automatic" } } });
    const resources = [
      roleArn("AWSServiceRoleForBatch", "/aws-service-role/batch.amazonaws.com/"),
      roleArn("drift-guard-production-detect"),
      `arn:aws:iam::${account}:policy/drift-guard-production-operator`,
    ];
    for (const resource of resources) {
      for (const action of ["PutRolePolicy", "DeleteRole", "CreatePolicyVersion"])
        assert.equal(decideCall(policies, { action, resource }), "explicitDeny", resource);
      assert.notEqual(decideCall(policies, { action: "GetRole", resource }), "explicitDeny", resource);
    }
  });

  it("allow reading a role at any path, and no others but those whose names end like its own", () => {
    const policies = generate({ ecsTaskExecutionRole: { rollback: { excess: "simulate" } } });
    const read = (resource: string) => decideCall(policies, { action: "GetRole", resource });
    for (const path of ["/", "/service-role/", "/a/b/"])
      assert.equal(read(roleArn("ecsTaskExecutionRole", path)), "allowed");
    assert.equal(read(roleArn("my-ecsTaskExecutionRole")), "allowed");
    assert.equal(read(roleArn("ecsTaskExecutionRole2")), "implicitDeny");
  });

  it("are refused for a role whose name begins as those of the guard's own roles", () => {
    assert.throws(
      () =>
        generate({
          "drift-guard-production-job": {
            reference: "ecsTaskExecutionRole",
            rollback: { excess: "approve" },
          },
        }),
      { name: "ConfigError", message: /drift-guard-production-job begins with drift-guard-production-/ },
    );
  });
});

describe("the permissions of rollback for any role that a configuration can name", () => {
  const character = fc.constantFrom(..."aZ09_+=,.@-");
  const name = fc.array(character, { minLength: 1, maxLength: 64 }).map((characters) => characters.join(""));
  const path = fc
    .array(fc.stringMatching(/^[a-z0-9!#%&'()+,.:;<=>@^_`{|}~[\]\\"-]{1,12}$/), { maxLength: 2 })
    .map((parts) => `/${parts.map((part) => `${part}/`).join("")}`);
  const partition = fc.constantFrom("aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso");

  const rollback = { excess: "automatic", missing: "automatic", altered: "automatic" } as const;
  const plannable = writesFor(rollback);

  it("reach this role at its paths, and no other role, path, account, partition or caller", () => {
    fc.assert(
      fc.property(name, path, partition, fc.constantFrom(...roleCalls), (role, at, home, action) => {
        fc.pre(
          !at.startsWith("/aws-service-role/") && !role.toLowerCase().startsWith("drift-guard-production-"),
        );
        const source = functionArn.replace("arn:aws:", `arn:${home}:`);
        const policies = generateRollbackPolicies({
          config: defineConfig({
            roles: { [role]: { reference: "ecsTaskExecutionRole", paths: [at], rollback } },
          }),
          account,
          partition: home,
          functionArn: source,
          ownPrefix: "drift-guard-production-",
        });
        const expected = attachedByReference.replace("arn:aws:", `arn:${home}:`);
        const policy = action === "DetachRolePolicy" ? `arn:${home}:iam::aws:policy/Other` : expected;
        const policyKey = /^(?:At|De)tachRolePolicy$/.test(action) && { "iam:policyarn": policy };
        const own = `arn:${home}:iam::${account}:role${at}${role}`;
        const decideOn = (resource: string, caller = source) =>
          decideCall(policies, {
            action,
            resource,
            context: { "lambda:sourcefunctionarn": caller, ...policyKey },
          });
        assert.equal(decideOn(own), plannable.includes(action) ? "allowed" : "implicitDeny");
        for (const other of [
          `${own}x`,
          `arn:${home}:iam::${account}:role${at}x${role}`,
          `arn:${home}:iam::${account}:role${at}x/${role}`,
          own.replace(account, "999988887777"),
          own.replace(`arn:${home}:`, "arn:aws-iso-b:"),
        ])
          assert.equal(decideOn(other), "implicitDeny", other);
        assert.equal(decideOn(own, source.replace("-rollback", "-detect")), "implicitDeny");
        assert.equal(decideOn(own, source.replace(account, "999988887777")), "implicitDeny");
      }),
      { numRuns: 200 },
    );
  });

  it("are refused for a boundary that stands for several policies", () => {
    for (const arn of [
      `arn:aws:iam::${account}:policy/*`,
      "*",
      `arn:aws:iam::${account}:policy/\${aws:username}`,
    ])
      assert.throws(
        () => defineReference({ ...findReference("ecsTaskExecutionRole"), boundary: { arn } }),
        /must be a policy's ARN/,
      );
  });
});

describe("the size of rollback's permissions", () => {
  const guard = (count: number): Roles =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `batch-execution-${String(index).padStart(24, "0")}`,
        {
          reference: "ecsTaskExecutionRole",
          paths: ["/"],
          rollback: { excess: "approve", missing: "automatic", altered: "approve" },
        } satisfies Roles[string],
      ]),
    );
  const lengths = (policies: ReturnType<typeof generate>) =>
    policies.map((policy) => JSON.stringify(policy).replaceAll(/\s/g, "").length);

  it("fits IAM's default quotas for 200 roles with names of 40 characters", (test) => {
    const roles = guard(200);
    assert.ok(Object.keys(roles).every((name) => name.length === 40));
    const policies = generate(roles);
    const sizes = lengths(policies);
    const sum = sizes.reduce((one, other) => one + other, 0);
    test.diagnostic(`${policies.length} policies with ${sum} characters`);
    assert.ok(policies.length <= 10);
    assert.ok(Math.max(...sizes) <= 6144);
    for (const name of Object.keys(roles)) {
      const call = { action: "PutRolePolicy", resource: roleArn(name) };
      assert.equal(decideCall(policies, call), "allowed", name);
    }
  });

  it("is refused with the count where IAM attaches no more policies", () => {
    assert.throws(() => generate(guard(300)), {
      name: "ConfigError",
      message:
        /^The permissions to roll back 300 roles need 1\d managed policies of 6144 characters, and IAM attaches 10 to a role by default\./,
    });
  });

  it("leaves out no permission and adds none, however roles and modes are mixed", () => {
    const mode = fc.constantFrom("off", "simulate", "approve", "automatic");
    const choice = fc.record({
      excess: mode,
      missing: mode,
      altered: mode,
      sessions: fc.constantFrom("approve", "wait", "revoke"),
    });
    const role = fc.record({
      reference: fc.constantFrom("ecsTaskExecutionRole", "AWSBatchServiceRole"),
      paths: fc.uniqueArray(fc.constantFrom("/", "/service-role/", "/team/batch/"), { minLength: 1 }),
      rollback: choice,
    });
    const names = Array.from({ length: 60 }, (_, index) => `role-${index}-${"x".repeat(index % 30)}`);
    const roles = fc.array(fc.tuple(fc.constantFrom(...names), role), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(roles, fc.nat(), fc.constantFrom(...roleCalls), (drawn, pick, action) => {
        const config: Roles = Object.fromEntries(drawn);
        const [name = "", alone] = Object.entries(config)[pick % Object.keys(config).length] ?? [];
        assert.ok(alone);
        const all = generate(config);
        assert.ok(Math.max(...lengths(all)) <= 6144);
        for (const path of ["/", "/service-role/", "/other/"]) {
          for (const policy of [attachedByReference, administrator]) {
            const context = { "iam:policyarn": policy };
            const call = { action, resource: roleArn(name, path), context };
            assert.equal(decideCall(all, call), decideCall(generate({ [name]: alone }), call));
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
