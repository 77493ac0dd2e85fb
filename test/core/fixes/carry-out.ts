import type { RoleUse } from "@drift-guard/core/batch/role-use";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { allowNeeds } from "@drift-guard/core/evaluate/needs";
import { evaluateUses, joinAssessments } from "@drift-guard/core/evaluate/uses";
import type { FixQuestion } from "@drift-guard/core/fixes/fixes";
import type { FixStep } from "@drift-guard/core/model/fix";
import type { RoleReading } from "@drift-guard/core/model/role";
import { builtInReferences, localiseReference } from "@drift-guard/core/reference/built-in";
import type { Reference } from "@drift-guard/core/reference/reference";
import { createVirtualClock, type VirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount, type SimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { listAwsPolicies } from "@drift-guard/embedded/iam/managed-policies";
import { toIamCall } from "@drift-guard/embedded/iam/step-call";
import { account, noon } from "../../builders.ts";
import { guardedAs } from "../watched-roles.ts";

/** An account with one role that matches its reference, to drift and to fix. */
export interface FixWorld {
  readonly iam: SimulatedAccount;
  readonly clock: VirtualClock;
  /** Makes a call. Throws if IAM refuses it. */
  call(call: IamCall): void;
  /** Carries out the steps of a fix, as a person with the AWS CLI does. Throws if IAM refuses one. */
  carryOut(steps: readonly FixStep[]): void;
  /** Reads the role, and returns it with its assessments. */
  read(): Promise<FixQuestion>;
}

/**
 * Creates an account whose role matches a reference, with the uses that AWS Batch makes of it. `first` are calls before the
 * role is created.
 */
export async function aFixWorld(
  reference: Reference,
  uses: readonly RoleUse[] = [],
  partition = "aws",
  first: readonly IamCall[] = [],
): Promise<FixWorld> {
  const clock = createVirtualClock(noon);
  const iam = createSimulatedAccount({
    account,
    partition,
    clock,
    awsPolicies: listAwsPolicies(builtInReferences().map((one) => localiseReference(one, partition))),
  });
  const roleName = reference.role;
  const call = (one: IamCall) => {
    const answer = iam.call(one, { kind: "root" });
    if (answer.status === "refused") throw new Error(`${one.call}: ${answer.code}: ${answer.message}`);
  };
  const watched = { name: roleName, reference, guarded: guardedAs({}) };
  const assess = (reading: RoleReading) => {
    const role = reading.status === "present" ? reading.role : undefined;
    const expected = allowNeeds(reference, uses, new Map(), role);
    return joinAssessments([
      ...evaluate({ ...watched, reference: expected, reading }),
      ...evaluateUses({ reading, uses, facts: new Map() }),
    ]);
  };
  const world: FixWorld = {
    iam,
    clock,
    call,
    carryOut(steps) {
      for (const step of steps) for (const one of callsOf(step)) call(one);
    },
    async read() {
      const reading = await iam.reader({ kind: "root" }).read(roleName);
      return { watched, uses, partition, assess, reading, assessments: assess(reading) };
    },
  };
  for (const one of first) call(one);
  const { path = "/", serviceLinked, trust, attachments, profile } = localiseReference(reference, partition);
  if (serviceLinked !== undefined) call({ call: "CreateServiceLinkedRole", awsServiceName: serviceLinked });
  else {
    call({ call: "CreateRole", roleName, path, assumeRolePolicyDocument: trust });
    for (const { arn } of attachments) call({ call: "AttachRolePolicy", roleName, policyArn: arn });
    if (profile !== undefined) addToProfile(roleName).forEach(call);
  }
  return world;

  function callsOf(step: FixStep): readonly IamCall[] {
    const on = { roleName: step.role };
    switch (step.call) {
      case "iam:CreateRole":
        return [
          {
            ...on,
            call: "CreateRole",
            path: step.path,
            assumeRolePolicyDocument: step.document,
            ...(step.boundary !== undefined && { permissionsBoundary: step.boundary }),
            ...(step.description !== undefined && { description: step.description }),
            ...(step.maxSession !== undefined && { maxSessionDuration: step.maxSession }),
            ...(step.tags && { tags: Object.entries(step.tags).map(([key, value]) => ({ key, value })) }),
          },
        ];
      case "iam:CreateServiceLinkedRole":
        return [{ call: "CreateServiceLinkedRole", awsServiceName: step.service }];
      case "iam:AddRoleToInstanceProfile":
        return addToProfile(step.profile);
      default:
        return [toIamCall(step)];
    }
  }

  function addToProfile(instanceProfileName: string): readonly IamCall[] {
    const created = iam.call({ call: "CreateInstanceProfile", instanceProfileName }, { kind: "root" });
    const exists = created.status === "done" || created.code === "EntityAlreadyExists";
    return exists ? [{ call: "AddRoleToInstanceProfile", instanceProfileName, roleName }] : [];
  }
}
