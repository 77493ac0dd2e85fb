import { RoleUnreadableError, StepRefusedError } from "@drift-guard/core/errors";
import type { DeletionStatus, RegionUsage } from "@drift-guard/core/model/deletion";
import type { RoleReading } from "@drift-guard/core/model/role";
import type {
  LinkedRoleKeeper,
  ManagedPolicyReader,
  RoleBuilder,
  RoleReader,
  RoleWriter,
} from "@drift-guard/core/ports";
import { type Clock, createVirtualClock } from "../clock.ts";
import type { IamAnswer, IamCall, IamResult } from "./call.ts";
import { type ApiCaller, callerArn, describeUserIdentity, identityOf } from "./caller.ts";
import { type EventEnvelope, formatDenial, recordCall } from "./cloudtrail.ts";
import { createIdGenerator, type IdGenerator } from "./ids.ts";
import { callProfile, findProfile } from "./instance-profiles.ts";
import { createLinkedRoleKeeper } from "./linked-role-keeper.ts";
import { callLinkedRole, completeDeletions, readDeletion } from "./linked-roles.ts";
import { type AwsPolicy, callPolicy, publishAwsPolicy } from "./managed-policies.ts";
import { IamRefusedError } from "./refused-error.ts";
import { createRoleBuilder } from "./role-builder.ts";
import { callRole } from "./role-calls.ts";
import { viewManagedPolicy, viewRole, viewRolesBehind } from "./role-view.ts";
import { expectRole, type IamState } from "./state.ts";
import { toIamCall } from "./step-call.ts";

/** What a simulated account starts with. */
export interface AccountOptions {
  /** 12 digits. */
  readonly account?: string;
  readonly partition?: string;
  readonly clock?: Clock;
  readonly ids?: IdGenerator;
  /** The AWS-managed policies that exist. */
  readonly awsPolicies?: readonly AwsPolicy[];
}

/** An IAM action, without its prefix, that a caller can be denied. */
export type DeniablePermission =
  | IamCall["call"]
  | "GetRole"
  | "GetServiceLinkedRoleDeletionStatus"
  | "GenerateServiceLastAccessedDetails";

/** An IAM account in memory. It enforces IAM's own rules and emits an event for every writing call. */
export interface SimulatedAccount {
  readonly account: string;
  readonly partition: string;
  /** Carries out a call, or refuses it as IAM does. Both emit an event. */
  call(call: IamCall, by: ApiCaller): IamAnswer;
  /** Returns the status of a deletion of a service-linked role. Emits no event. Throws `IamRefusedError`. */
  deletionStatus(taskId: string): DeletionStatus;
  /** Creates a reader of roles that calls as `by`. */
  reader(by: ApiCaller): RoleReader;
  /** Creates a reader of managed policies. */
  policyReader(): ManagedPolicyReader;
  /** Creates a writer of roles that calls as `by`. */
  writer(by: ApiCaller): RoleWriter;
  /** Creates a builder of roles that calls as `by`. */
  builder(by: ApiCaller): RoleBuilder;
  /** Creates a keeper of service-linked roles that calls as `by`. */
  keeper(by: ApiCaller): LinkedRoleKeeper;
  /** Denies a caller the given actions, or all, in every session. Replaces what was denied before. */
  deny(by: ApiCaller, permissions?: readonly DeniablePermission[]): void;
  /** Publishes an AWS-managed policy, or its next version as the default. Emits no event, as in AWS. */
  publishAwsPolicy(policy: AwsPolicy): void;
  /**
   * Sets the resources that use a service-linked role. A deletion fails while there are any, and reports `reported`, which
   * may be all, some or none of them (R30).
   */
  setLinkedRoleUsage(
    roleName: string,
    usage: readonly RegionUsage[],
    reported?: readonly RegionUsage[],
  ): void;
  /** Records that a session of a role called a service, such as `ec2`, now and in a region. */
  recordServiceUse(roleName: string, service: string, region: string): void;
  /** Describes a caller as CloudTrail's `userIdentity`, for events of the account's other services. */
  describeCaller(by: ApiCaller): Readonly<Record<string, unknown>>;
  /** Calls `listener` with the event of every writing call, in order. Returns a function that stops it. */
  onEvent(listener: (envelope: EventEnvelope) => void): () => void;
}

/** Creates an account without roles. Its clock stands at 2026-01-01T00:00:00Z unless `options` has another. */
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
    const actions = denied.get(identityOf(state, by));
    return actions === "everything" || (actions?.has(permission) ?? false);
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
      const answered = answer(call, by);
      const envelope = recordCall(state, call, by, answered);
      for (const listener of [...listeners]) listener(envelope);
      return answered;
    },
    deletionStatus(taskId) {
      completeDeletions(state);
      return readDeletion(state, taskId);
    },
    reader: (by) => readAs(state, by, (caller) => isDenied(caller, "GetRole")),
    policyReader: () => ({ readPolicy: async (arn) => viewManagedPolicy(state, arn) }),
    writer: (by) => ({
      async apply(step, { rollbackId, step: index }) {
        const userAgent = `aws-sdk-js/3 drift-guard/${rollbackId}#${index}`;
        const answered = account.call(toIamCall(step), { ...by, userAgent });
        if (answered.status === "done") return { requestId: answered.requestId };
        throw new StepRefusedError(
          `IAM refused ${step.call} on the role ${step.role}: ${answered.message} (${answered.code})`,
          answered.code,
          { requestId: answered.requestId },
        );
      },
    }),
    builder: (by) =>
      createRoleBuilder(
        (call) => account.call(call, by),
        (name) => findProfile(state, name) !== undefined,
      ),
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
    describeCaller: (by) => describeUserIdentity(state, by),
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
    async *names() {
      completeDeletions(state);
      if (isDenied(by)) {
        throw new RoleUnreadableError(
          `The account's roles could not be listed: ${callerArn(state, by)} is not authorized to perform iam:ListRoles (AccessDenied). Allow that call to the caller.`,
        );
      }
      for (const { name } of [...state.roles]) yield name;
    },
    rolesBehind: async (subject) => viewRolesBehind(state, subject),
  };
}
