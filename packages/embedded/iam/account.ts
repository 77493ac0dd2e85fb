import { RoleUnreadableError, StepRefusedError } from "@drift-guard/core/errors";
import type { DeletionStatus, RegionUsage } from "@drift-guard/core/model/deletion";
import type { Step } from "@drift-guard/core/model/plan";
import type { RoleReading } from "@drift-guard/core/model/role";
import type { LinkedRoleKeeper, RoleReader, RoleWriter } from "@drift-guard/core/ports";
import { type Clock, createVirtualClock } from "../clock.ts";
import type { IamAnswer, IamCall, IamResult } from "./call.ts";
import { type ApiCaller, callerArn, identityOf, userIdentity } from "./caller.ts";
import { type EventEnvelope, formatDenial, recordCall } from "./cloudtrail.ts";
import { createIdGenerator, type IdGenerator } from "./ids.ts";
import { callProfile } from "./instance-profiles.ts";
import { createLinkedRoleKeeper } from "./linked-role-keeper.ts";
import { callLinkedRole, completeDeletions, readDeletion } from "./linked-roles.ts";
import { type AwsPolicy, callPolicy, publishAwsPolicy } from "./managed-policies.ts";
import { IamRefusedError } from "./refused-error.ts";
import { callRole } from "./role-calls.ts";
import { viewRole, viewRolesBehind } from "./role-view.ts";
import { expectRole, type IamState } from "./state.ts";

/** What an account begins with. */
export interface AccountOptions {
  /** 12 digits. */
  readonly account?: string;
  readonly partition?: string;
  readonly clock?: Clock;
  readonly ids?: IdGenerator;
  /** AWS's own managed policies. */
  readonly awsPolicies?: readonly AwsPolicy[];
}

/** What a caller can be denied: a writing call, or one that reads. */
export type DeniablePermission =
  | IamCall["call"]
  | "GetRole"
  | "GetServiceLinkedRoleDeletionStatus"
  | "GenerateServiceLastAccessedDetails";

/** An IAM account in memory, which keeps IAM's own rules and tells its changes. */
export interface SimulatedAccount {
  readonly account: string;
  readonly partition: string;
  /** Carries out a call or refuses it as IAM does; either way it is told as an event. */
  call(call: IamCall, by: ApiCaller): IamAnswer;
  /** How the removal of a service-linked role stands; `IamRefusedError` where there is no such task. Tells no event. */
  deletionStatus(taskId: string): DeletionStatus;
  /** Reads roles as a caller. */
  reader(by: ApiCaller): RoleReader;
  /** Writes roles as a caller. */
  writer(by: ApiCaller): RoleWriter;
  /** Keeps service-linked roles as a caller. */
  keeper(by: ApiCaller): LinkedRoleKeeper;
  /** Takes permissions from a caller, in every session: the calls that are named, or all of them. */
  deny(by: ApiCaller, permissions?: readonly DeniablePermission[]): void;
  /** AWS publishes a managed policy or its next version, which becomes the default; no event tells of it. */
  publishAwsPolicy(policy: AwsPolicy): void;
  /** Says what uses a service-linked role: its removal fails until nothing does, and tells what is `reported` (R30). */
  setLinkedRoleUsage(
    roleName: string,
    usage: readonly RegionUsage[],
    reported?: readonly RegionUsage[],
  ): void;
  /** A session of a role calls a service, such as `ec2`, and IAM keeps when and where. */
  recordServiceUse(roleName: string, service: string, region: string): void;
  /** A caller as CloudTrail's `userIdentity` tells it, for other services of the account. */
  describeCaller(by: ApiCaller): Readonly<Record<string, unknown>>;
  /** Hears every writing call, refused or not, in order; gives back what ends the hearing. */
  onEvent(listener: (envelope: EventEnvelope) => void): () => void;
}

/** Makes an account that holds no role yet. */
export function createSimulatedAccount(options: AccountOptions = {}): SimulatedAccount {
  const state: IamState = {
    account: options.account ?? "123456789012",
    partition: options.partition ?? "aws",
    clock: options.clock ?? createVirtualClock("2026-01-01T00:00:00Z"),
    ids: options.ids ?? createIdGenerator(),
    roles: [],
    policies: new Map(),
    profiles: [],
    deletions: new Map(),
    usage: new Map(),
    uses: new Map(),
    callers: new Map(),
  };
  for (const policy of options.awsPolicies ?? []) publishAwsPolicy(state, policy);
  const listeners = new Set<(envelope: EventEnvelope) => void>();
  const denied = new Map<string, Set<DeniablePermission> | "everything">();

  const isDenied = (by: ApiCaller, permission: DeniablePermission) => {
    const taken = denied.get(identityOf(state, by));
    return taken === "everything" || (taken?.has(permission) ?? false);
  };

  const answer = (call: IamCall, by: ApiCaller): IamAnswer => {
    const requestId = state.ids.uuid();
    try {
      if (isDenied(by, call.call)) throw new IamRefusedError("AccessDenied", formatDenial(state, call, by));
      return { status: "done", requestId, result: carryOut(state, call) };
    } catch (error) {
      if (!(error instanceof IamRefusedError)) throw error;
      return { status: "refused", requestId, code: error.code, message: error.message };
    }
  };

  const account: SimulatedAccount = {
    account: state.account,
    partition: state.partition,
    call(call, by) {
      completeDeletions(state);
      const given = answer(call, by);
      const envelope = recordCall(state, call, by, given);
      for (const listener of [...listeners]) listener(envelope);
      return given;
    },
    deletionStatus(taskId) {
      completeDeletions(state);
      return readDeletion(state, taskId);
    },
    reader: (by) => readAs(state, by, (caller) => isDenied(caller, "GetRole")),
    writer: (by) => ({
      async apply(step) {
        const given = account.call(callOf(step), by);
        if (given.status === "done") return { requestId: given.requestId };
        throw new StepRefusedError(
          `IAM refused ${step.call} on the role ${step.role}: ${given.message} (${given.code})`,
          given.code,
          { requestId: given.requestId },
        );
      },
    }),
    keeper: (by) =>
      createLinkedRoleKeeper(state, {
        call: (call) => account.call(call, by),
        denial: (permission) =>
          isDenied(by, permission)
            ? `${callerArn(state, by)} is not authorized to perform: iam:${permission}`
            : undefined,
      }),
    deny(by, permissions) {
      denied.set(identityOf(state, by), permissions ? new Set(permissions) : "everything");
    },
    publishAwsPolicy: (policy) => publishAwsPolicy(state, policy),
    setLinkedRoleUsage(roleName, usage, reported = usage) {
      state.usage.set(roleName.toLowerCase(), { usage, reported });
    },
    recordServiceUse(roleName, service, region) {
      const { id } = expectRole(state, roleName);
      const uses = state.uses.get(id) ?? new Map();
      state.uses.set(id, uses.set(service, { at: state.clock.now().toISOString(), region }));
    },
    describeCaller: (by) => userIdentity(state, by),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return account;
}

function carryOut(state: IamState, call: IamCall): IamResult {
  switch (call.call) {
    case "CreateServiceLinkedRole":
    case "DeleteServiceLinkedRole":
      return callLinkedRole(state, call);
    case "CreatePolicy":
    case "CreatePolicyVersion":
    case "SetDefaultPolicyVersion":
    case "DeletePolicyVersion":
    case "DeletePolicy":
      return callPolicy(state, call);
    case "CreateInstanceProfile":
    case "DeleteInstanceProfile":
    case "AddRoleToInstanceProfile":
    case "RemoveRoleFromInstanceProfile":
      return callProfile(state, call);
    default:
      return callRole(state, call);
  }
}

function readAs(state: IamState, by: ApiCaller, isDenied: (by: ApiCaller) => boolean): RoleReader {
  const read = (name: string): RoleReading => {
    completeDeletions(state);
    if (!isDenied(by)) return viewRole(state, name);
    throw new RoleUnreadableError(
      `The role ${name} could not be read: ${callerArn(state, by)} is not authorized to perform iam:GetRole on it (AccessDenied). Allow that call to the caller.`,
    );
  };
  return {
    read: async (name) => read(name),
    async *readMany(names) {
      for (const name of names) yield read(name);
    },
    rolesBehind: async (subject) => viewRolesBehind(state, subject),
  };
}

function callOf(step: Step): IamCall {
  const roleName = step.role;
  switch (step.call) {
    case "iam:AttachRolePolicy":
      return { call: "AttachRolePolicy", roleName, policyArn: step.policyArn };
    case "iam:DetachRolePolicy":
      return { call: "DetachRolePolicy", roleName, policyArn: step.policyArn };
    case "iam:PutRolePolicy":
      return { call: "PutRolePolicy", roleName, policyName: step.policyName, policyDocument: step.document };
    case "iam:DeleteRolePolicy":
      return { call: "DeleteRolePolicy", roleName, policyName: step.policyName };
    case "iam:UpdateAssumeRolePolicy":
      return { call: "UpdateAssumeRolePolicy", roleName, policyDocument: step.document };
  }
}
