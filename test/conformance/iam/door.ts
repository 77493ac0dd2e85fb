import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Role } from "@drift-guard/core/model/role";
import type { LinkedRoleKeeper, RoleReader, RoleWriter } from "@drift-guard/core/ports";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { allow, trustOf } from "../../builders.ts";

/** What an account answers to a call, whoever runs it. */
type DoorAnswer =
  | { readonly status: "done" }
  /** `code` is the API's error code, such as `NoSuchEntity`. */
  | { readonly status: "refused"; readonly code: string; readonly message: string };

/** An IAM account under test. It must hold AWS's own managed policies of the built-in references. */
export interface IamDoor {
  readonly account: string;
  call(call: IamCall): Promise<DoorAnswer>;
  readonly reader: RoleReader;
  readonly writer: RoleWriter;
  readonly keeper: LinkedRoleKeeper;
  /** Lets time go by, where the account has a clock of its own. */
  pass(seconds: number): void;
  close(): Promise<void>;
}

/** One rule that every IAM account keeps. */
export type IamRule = (door: IamDoor) => Promise<void>;

/** A name that no other test uses. */
export function fresh(name: string): string {
  return `${name}-${randomUUID().slice(0, 8)}`;
}

/** Makes a call that must succeed. */
export async function must(door: IamDoor, call: IamCall): Promise<void> {
  const answer = await door.call(call);
  assert.deepEqual(
    answer.status === "refused" ? `${answer.code}: ${answer.message}` : "done",
    "done",
    call.call,
  );
}

/** Makes a call that must be refused with a code; gives the message. */
export async function refused(door: IamDoor, call: IamCall, code: string): Promise<string> {
  const answer = await door.call(call);
  assert.equal(answer.status, "refused", `${call.call} was not refused`);
  assert.equal(answer.code, code, answer.message);
  return answer.message;
}

/** Makes a role that Batch trusts, under a name of its own. */
export async function makeRole(door: IamDoor, name = fresh("Role")): Promise<string> {
  await must(door, {
    call: "CreateRole",
    roleName: name,
    assumeRolePolicyDocument: trustOf("batch.amazonaws.com"),
  });
  return name;
}

/** Makes a customer-managed policy and gives its ARN. */
export async function makePolicy(door: IamDoor, action = "ec2:DescribeInstances"): Promise<string> {
  const policyName = fresh("Policy");
  await must(door, { call: "CreatePolicy", policyName, policyDocument: allow(action) });
  return `arn:aws:iam::${door.account}:policy/${policyName}`;
}

/** Reads a role that must be there. */
export async function readPresent(door: IamDoor, name: string): Promise<Role> {
  const reading = await door.reader.read(name);
  assert.equal(reading.status, "present", `${name} is not there`);
  return reading.role;
}

/** Holds that two documents are the same JSON. */
export function sameDocument(actual: string | undefined, expected: string): void {
  assert.deepEqual(JSON.parse(actual ?? "null"), JSON.parse(expected));
}
