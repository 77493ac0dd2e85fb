import assert from "node:assert/strict";
import { StepRefusedError } from "@drift-guard/core/errors";
import type { Step } from "@drift-guard/core/model/plan";
import type { Role, RoleReading } from "@drift-guard/core/model/role";
import type { RoleReader, StepReceipt, StepTrace } from "@drift-guard/core/ports";
import type { VirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount, type SimulatedAccount } from "@drift-guard/embedded/iam/account";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import type { EventEnvelope } from "@drift-guard/embedded/iam/cloudtrail";
import type { IdGenerator } from "@drift-guard/embedded/iam/ids";
import { toIamCall } from "@drift-guard/embedded/iam/step-call";
import { account as accountId } from "../../../builders.ts";
import { guard } from "./actors.ts";
import type { Choice } from "./choice.ts";
import { admissions } from "./strangers.ts";
import {
  documents,
  floorName,
  floorText,
  jobsPolicy,
  jobsText,
  neighbourName,
  roleName,
  settings,
  sharedDocuments,
  sharedPolicies,
  trusts,
} from "./worker.ts";

/** The role after a call of IAM. */
interface RoleState {
  readonly at: number;
  readonly reading: RoleReading;
  readonly byGuard: boolean;
  /** CloudTrail's id of the call. */
  readonly changeId: string;
  readonly call: string;
}

/** A time in which a stranger could assume the role. */
interface Exposure {
  readonly roleId: string;
  /** Number of the state that began it. */
  readonly state: number;
  to?: number;
  /** Whether rollback read the role meanwhile, or got the message about the call that began it. */
  isKnown: boolean;
  /** The longest session, in seconds, that rollback can know to be possible meanwhile. */
  sessionSeconds: number;
}

/** Codes with which IAM refuses a call. */
export const refusalCodes = [
  "AccessDenied",
  "LimitExceeded",
  "ConcurrentModification",
  "EntityTemporarilyUnmodifiable",
  "DeleteConflict",
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/** An account that remembers each state of the role. */
export interface RecordedAccount {
  readonly iam: SimulatedAccount;
  /** Reads the role as it is. */
  readonly observer: RoleReader;
  readonly states: readonly RoleState[];
  readonly exposures: readonly Exposure[];
  /** Makes a call of the guard. Throws `StepRefusedError` where IAM refuses it, as it must with `refusal`. */
  callAsGuard(step: Step, trace: StepTrace, refusal?: RefusalCode): Promise<StepReceipt>;
  /** Notes that rollback read the role in the state with a number. */
  noteRead(number: number): void;
  /** Notes that rollback got the message about a change. */
  noteMessage(changeId: string): void;
  /** Waits until the states after all calls are known. */
  flush(): Promise<void>;
}

/** Creates an account with the role as its reference says. `onEvent` gets CloudTrail's events. */
export async function createRecordedAccount(
  {
    clock,
    ids,
    choice,
  }: { readonly clock: VirtualClock; readonly ids: IdGenerator; readonly choice: Choice },
  onEvent: (envelope: EventEnvelope) => void,
): Promise<RecordedAccount> {
  const iam = createSimulatedAccount({
    account: accountId,
    clock,
    ids,
    awsPolicies: [{ arn: jobsPolicy, version: "v1", text: jobsText }],
  });
  prepare(iam, choice);
  const observer = iam.reader({ kind: "root" });
  const writer = iam.writer(guard);
  const states: RoleState[] = [];
  const exposures: Exposure[] = [];
  const pending: Promise<void>[] = [];
  let isGuardCalling = false;
  let refused: { readonly step: Step; readonly code: RefusalCode } | undefined;

  const note = async (changeId: string, call: string, byGuard: boolean) => {
    const at = clock.now().getTime();
    const reading = await observer.read(roleName);
    states.push({ at, reading, byGuard, changeId, call });
    const current = exposures.at(-1);
    const open = current?.to === undefined ? current : undefined;
    const role = reading.status === "present" ? reading.role : undefined;
    const isExposed = role !== undefined && admissions(role).includes(true);
    if (open && (!isExposed || role.id !== open.roleId)) open.to = at;
    if (isExposed && open?.roleId !== role.id)
      exposures.push({ roleId: role.id, state: states.length - 1, isKnown: false, sessionSeconds: 0 });
  };
  iam.onEvent((envelope) => {
    const { detail } = envelope;
    onEvent(refused ? withCode(envelope, refused) : envelope);
    pending.push(note(detail.eventID, detail.eventName, isGuardCalling));
  });
  /** The exposures during which the role was in one of these states. */
  const exposedIn = (from: number, to: number) =>
    exposures.filter(({ state, to: end }) => {
      const last =
        end === undefined ? states.length : states.findIndex(({ at }, n) => n > state && at >= end);
      return state <= to && from < last;
    });
  const flush = async () => {
    for (let next = pending.shift(); next; next = pending.shift()) await next;
  };
  await note("", "", false);
  return {
    iam,
    observer,
    states,
    exposures,
    async callAsGuard(step, trace, code) {
      isGuardCalling = true;
      if (code !== undefined) {
        refused = { step, code };
        iam.deny(guard, [toIamCall(step).call]);
      }
      try {
        return await writer.apply(step, trace);
      } catch (error) {
        if (code === undefined || !(error instanceof StepRefusedError)) throw error;
        const requestId = error.requestId === undefined ? {} : { requestId: error.requestId };
        throw new StepRefusedError(`IAM refused ${step.call}: ${code}`, code, requestId);
      } finally {
        isGuardCalling = false;
        refused = undefined;
        iam.deny(guard, []);
        await flush();
      }
    },
    noteRead(number) {
      for (const exposure of exposedIn(number, number)) {
        exposure.isKnown = true;
        exposure.sessionSeconds = Math.max(exposure.sessionSeconds, sessionSecondsOf(states[number]));
      }
    },
    noteMessage(changeId) {
      const number = states.findIndex((state) => state.changeId === changeId);
      const state = states[number];
      if (state === undefined) return;
      for (const exposure of exposures) if (exposure.state === number) exposure.isKnown = true;
      if (state.call !== "UpdateRole") return;
      const next = states.findIndex(({ call }, index) => index > number && call === "UpdateRole");
      for (const exposure of exposedIn(number, next === -1 ? states.length : next - 1)) {
        exposure.sessionSeconds = Math.max(exposure.sessionSeconds, sessionSecondsOf(state));
      }
    },
    flush,
  };
}

/** The longest that a session of a role may last, in seconds. */
export function sessionLimitOf({ maxSession }: Role): number {
  return maxSession.observed ? maxSession.value : 43_200;
}

function sessionSecondsOf(state: RoleState | undefined): number {
  return state?.reading.status === "present" ? sessionLimitOf(state.reading.role) : 0;
}

/** Returns the record of a refusal with another code. All but AccessDenied show the parameters of the call. */
function withCode(
  envelope: EventEnvelope,
  { step, code }: { readonly step: Step; readonly code: RefusalCode },
): EventEnvelope {
  if (code === "AccessDenied") return envelope;
  const { call: _, ...requestParameters } = toIamCall(step);
  const detail = { ...envelope.detail, errorCode: `${code}Exception`, requestParameters };
  return { ...envelope, detail };
}

function prepare(iam: SimulatedAccount, { reference }: Choice): void {
  const { description, maxSession, tags } = settings;
  const isShared = reference === "shared";
  const calls: readonly IamCall[] = [
    { call: "CreatePolicy", policyName: "rogue", policyDocument: sharedDocuments.everything },
    { call: "CreatePolicy", policyName: "mixed", policyDocument: documents["all but writing"] },
    {
      call: "CreatePolicy",
      policyName: "bound",
      policyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "ssm:*", Resource: "*" }],
      }),
    },
    {
      call: "CreateRole",
      roleName,
      assumeRolePolicyDocument: trusts.clean,
      ...(isShared && {
        description,
        maxSessionDuration: maxSession,
        tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
      }),
    },
    { call: "CreateRole", roleName: neighbourName, assumeRolePolicyDocument: trusts.clean },
    { call: "AttachRolePolicy", roleName, policyArn: jobsPolicy },
    { call: "PutRolePolicy", roleName, policyName: floorName, policyDocument: floorText },
  ];
  const shared: readonly IamCall[] = [
    { call: "CreatePolicy", policyName: "data", policyDocument: sharedDocuments.data },
    { call: "CreatePolicy", policyName: "edge", policyDocument: sharedDocuments.edge },
    { call: "AttachRolePolicy", roleName, policyArn: sharedPolicies.data },
    { call: "AttachRolePolicy", roleName: neighbourName, policyArn: sharedPolicies.data },
    { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: sharedPolicies.edge },
  ];
  for (const call of [...calls, ...(isShared ? shared : [])]) {
    assert.equal(iam.call(call, { kind: "root" }).status, "done", call.call);
  }
}
