import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Role } from "@drift-guard/core/model/role";
import type {
  LinkedRoleKeeper,
  ManagedPolicyReader,
  RoleBuilder,
  RoleReader,
  RoleWriter,
} from "@drift-guard/core/ports";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { allow, trustOf } from "../../builders.ts";

/** An account's answer to a call. */
type IamFixtureAnswer =
  | { readonly status: "done" }
  /** `code` is the API's error code, such as `NoSuchEntity`. */
  | { readonly status: "refused"; readonly code: string; readonly message: string };

/** An IAM account under test. It must contain the AWS-managed policies of the built-in references. */
export interface IamFixture {
  readonly account: string;
  call(call: IamCall): Promise<IamFixtureAnswer>;
  readonly reader: RoleReader;
  readonly policies: ManagedPolicyReader;
  readonly writer: RoleWriter;
  readonly builder: RoleBuilder;
  readonly keeper: LinkedRoleKeeper;
  /** Advances the account's virtual clock, if it has one. */
  pass(seconds: number): void;
  close(): Promise<void>;
}

/** A rule of IAM: rejects if the account breaks it. */
export type IamRule = (iam: IamFixture) => Promise<void>;

/** Returns a name that no other test uses. */
export function uniqueName(name: string): string {
  return `${name}-${randomUUID().slice(0, 8)}`;
}

/** Makes a call that must succeed. */
export async function expectDone(iam: IamFixture, call: IamCall): Promise<void> {
  const answer = await iam.call(call);
  assert.deepEqual(
    answer.status === "refused" ? `${answer.code}: ${answer.message}` : "done",
    "done",
    call.call,
  );
}

/** Makes a call that must be refused with a code. Returns the message. */
export async function expectRefused(iam: IamFixture, call: IamCall, code: string): Promise<string> {
  const answer = await iam.call(call);
  assert.equal(answer.status, "refused", `${call.call} was not refused`);
  assert.equal(answer.code, code, answer.message);
  return answer.message;
}

/** Creates a role that Batch may assume. Returns its name. */
export async function makeRole(iam: IamFixture, name = uniqueName("Role")): Promise<string> {
  await expectDone(iam, {
    call: "CreateRole",
    roleName: name,
    assumeRolePolicyDocument: trustOf("batch.amazonaws.com"),
  });
  return name;
}

/** Creates a customer-managed policy. Returns its ARN. */
export async function makePolicy(iam: IamFixture, action = "ec2:DescribeInstances"): Promise<string> {
  const policyName = uniqueName("Policy");
  await expectDone(iam, { call: "CreatePolicy", policyName, policyDocument: allow(action) });
  return `arn:aws:iam::${iam.account}:policy/${policyName}`;
}

/** Reads a role that must exist. */
export async function readPresent(iam: IamFixture, name: string): Promise<Role> {
  const reading = await iam.reader.read(name);
  assert.equal(reading.status, "present", `${name} is not there`);
  return reading.role;
}

/** Asserts that two documents are the same JSON. */
export function assertSameDocument(actual: string | undefined, expected: string): void {
  assert.deepEqual(JSON.parse(actual ?? "null"), JSON.parse(expected));
}
