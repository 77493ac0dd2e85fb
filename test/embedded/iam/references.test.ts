import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { builtInReferences } from "@drift-guard/core/reference/built-in";
import type { Reference } from "@drift-guard/core/reference/reference";
import { createSimulatedAccount, type SimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { listAwsPolicies } from "@drift-guard/embedded/iam/managed-policies";
import { allow } from "../../builders.ts";
import { guardedAs } from "../../core/watched-roles.ts";

const root = { kind: "root" } as const;

function make(iam: SimulatedAccount, call: IamCall): void {
  const answer = iam.call(call, root);
  assert.equal(answer.status, "done", `${call.call}: ${answer.status === "refused" ? answer.message : ""}`);
}

/** Creates an account with one role as in its reference, by IAM's calls. */
function accountWith({
  role,
  serviceLinked,
  path,
  trust,
  attachments,
  profile,
}: Reference): SimulatedAccount {
  const iam = createSimulatedAccount({ awsPolicies: listAwsPolicies(builtInReferences()) });
  if (serviceLinked !== undefined) {
    make(iam, { call: "CreateServiceLinkedRole", awsServiceName: serviceLinked });
    return iam;
  }
  make(iam, { call: "CreateRole", roleName: role, path: path ?? "/", assumeRolePolicyDocument: trust });
  for (const { arn } of attachments) make(iam, { call: "AttachRolePolicy", roleName: role, policyArn: arn });
  if (profile !== undefined) {
    make(iam, { call: "CreateInstanceProfile", instanceProfileName: profile });
    make(iam, { call: "AddRoleToInstanceProfile", instanceProfileName: profile, roleName: role });
  }
  return iam;
}

async function evaluateRole(iam: SimulatedAccount, reference: Reference): Promise<readonly string[]> {
  const reading = await iam.reader(root).read(reference.role);
  return evaluate({ reference, guarded: guardedAs({}), reading }).map(
    (each) => `${each.part} ${each.kind === "drift" ? each.side : each.kind}`,
  );
}

describe("An account with", () => {
  for (const reference of builtInReferences()) {
    const { role: roleName, serviceLinked, attachments, profile } = reference;
    const policyArn = attachments[0]?.arn ?? "";
    const opened = JSON.parse(reference.trust);
    opened.Statement.push({ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" });
    const policyDocument = JSON.stringify(opened);
    const deviations: readonly (readonly [IamCall, string])[] = [
      [{ call: "DetachRolePolicy", roleName, policyArn }, `managed:${policyArn} missing`],
      [
        { call: "PutRolePolicy", roleName, policyName: "rogue", policyDocument: allow("iam:*") },
        "inline:rogue excess",
      ],
      [{ call: "UpdateAssumeRolePolicy", roleName, policyDocument }, "trust excess"],
      ...(profile === undefined
        ? []
        : [
            [
              { call: "RemoveRoleFromInstanceProfile", roleName, instanceProfileName: profile },
              "profile missing",
            ] as const,
          ]),
    ];

    it(`${roleName} as in its reference is clean`, async () => {
      assert.deepEqual(await evaluateRole(accountWith(reference), reference), []);
    });

    for (const [call, expected] of deviations) {
      if (serviceLinked === undefined) {
        it(`${roleName} reports ${call.call} as exactly one finding`, async () => {
          const iam = accountWith(reference);
          make(iam, call);
          assert.deepEqual(await evaluateRole(iam, reference), [expected]);
        });
      } else {
        it(`the service-linked ${roleName} refuses ${call.call}`, async () => {
          const iam = accountWith(reference);
          const answer = iam.call(call, root);
          assert.equal(answer.status === "refused" && answer.code, "UnmodifiableEntity");
          assert.deepEqual(await evaluateRole(iam, reference), []);
        });
      }
    }
  }
});
