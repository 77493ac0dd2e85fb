import assert from "node:assert/strict";
import type { DefinitionUse, EnvironmentUse } from "@drift-guard/core/batch/role-use";
import { defineConfig } from "@drift-guard/core/config/config";
import type { Actor } from "@drift-guard/core/model/actor";
import type { Change } from "@drift-guard/core/model/change";
import { type Control, emptyControl } from "@drift-guard/core/model/control";
import type {
  Attempt,
  Drift,
  Evidence,
  Impersonation,
  Undecided,
  VendorChange,
} from "@drift-guard/core/model/evidence";
import type { Finding, FindingBody, FindingState, OpenFinding } from "@drift-guard/core/model/finding";
import type { Fix } from "@drift-guard/core/model/fix";
import type { Grant } from "@drift-guard/core/model/grant";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { emptyLedger, type Ledger } from "@drift-guard/core/model/ledger";
import { managedPart, type Part, type PartText, partOf } from "@drift-guard/core/model/part";
import type { Plan } from "@drift-guard/core/model/plan";
import { type AttachedPolicy, type Role, type RoleKey, seen } from "@drift-guard/core/model/role";
import type { Rollback, StepRecord } from "@drift-guard/core/model/rollback";
import type { Transition } from "@drift-guard/core/model/transition";
import type { UnreadableItem } from "@drift-guard/core/ports";
import { findStanding } from "@drift-guard/core/rollback/standing";
import type { Announcement } from "@drift-guard/formats/announcement";

/** Values of `T` to override. A part may be given as its text. */
type AtPart<T, Key extends keyof T | "part" = "part"> = Partial<Omit<T, Key>> & {
  readonly [K in Key]?: Part | PartText;
};

function asPart(part: Part | PartText): Part {
  return typeof part === "string" ? partOf(part) : part;
}

/** The account id in tests. */
export const account = "123456789012";
/** The instant at which tests start. */
export const noon: Instant = "2026-11-22T12:00:00.000Z";
/** Returns the instant `seconds` after noon. */
export function secondsAfterNoon(seconds: number): Instant {
  return instantOf(new Date(Date.parse(noon) + seconds * 1000));
}

/** Returns the trust policy of a role that one service may assume. */
export function trustOf(service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
}

/** Returns a permissions policy with one Allow statement. */
export function allow(action: string | readonly string[], resource = "*"): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: action, Resource: resource }],
  });
}

/** ARN of the managed policy that AWSBatchServiceRole must have. */
export const batchServicePolicy = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole";

/** Builds a role's key: AWSBatchServiceRole in the tests' account. */
export function aKey(over: Partial<RoleKey> = {}): RoleKey {
  return { account, name: "AWSBatchServiceRole", ...over };
}

/** Builds an attached managed policy that allows one describe action. */
function anAttachment(over: Partial<AttachedPolicy> = {}): AttachedPolicy {
  return {
    arn: batchServicePolicy,
    version: seen({ id: "v12", text: allow("ec2:DescribeInstances") }),
    ...over,
  };
}

/** Builds AWSBatchServiceRole as an account has it, with every part observed. */
export function aRole(over: Partial<Role> = {}): Role {
  const name = over.name ?? "AWSBatchServiceRole";
  const path = over.path ?? "/service-role/";
  return {
    account,
    partition: "aws",
    name,
    id: "AROA2BATCHSERVICEROLE",
    path,
    arn: `arn:aws:iam::${over.account ?? account}:role${path}${name}`,
    trust: trustOf("batch.amazonaws.com"),
    attached: [anAttachment()],
    inline: [],
    boundary: seen(null),
    tags: seen({}),
    description: seen("Allows Batch to call AWS services"),
    maxSession: seen(3600),
    profiles: seen([]),
    ...over,
  };
}

/** Builds a person with an IAM user. */
export function anActor(over: Partial<Actor> = {}): Actor {
  return {
    type: "IAMUser",
    arn: `arn:aws:iam::${account}:user/mallory`,
    account,
    sourceIp: "203.0.113.7",
    userAgent: "aws-cli/2.17.32",
    ...over,
  };
}

/** Builds the change of a DetachRolePolicy that succeeded. */
export function aChange({ writes, ...over }: AtPart<Change, "writes"> = {}): Change {
  return {
    id: "6c1eed73-00ee-4810-8009-c9ce5990c100",
    at: "2026-11-22T12:00:00Z",
    account,
    region: "us-east-1",
    call: "iam:DetachRolePolicy",
    actor: anActor(),
    outcome: { status: "succeeded" },
    subjects: [{ kind: "role", name: "AWSBatchServiceRole" }],
    ...(writes !== undefined && { writes: asPart(writes) }),
    ...over,
  };
}

/** Builds a grant of one action on all resources. */
export function aGrant(over: Partial<Grant> = {}): Grant {
  return {
    actions: ["ec2:DescribeInstances"],
    resources: ["*"],
    conditions: [],
    statements: [{ document: 0, statement: 0 }],
    ...over,
  };
}

/** Builds the drift of a detached managed policy. */
export function aDrift({ part = managedPart(batchServicePolicy), ...over }: AtPart<Drift> = {}): Drift {
  return {
    kind: "drift",
    part: asPart(part),
    side: "missing",
    grants: [aGrant()],
    denies: [],
    ...over,
  };
}

/** Builds the fix of a detached managed policy. */
export function aFix(over: Partial<Extract<Fix, { kind: "steps" }>> = {}): Fix {
  const part = managedPart(batchServicePolicy);
  const step = { role: "AWSBatchServiceRole", part, call: "iam:AttachRolePolicy" } as const;
  return { kind: "steps", steps: [{ ...step, policyArn: batchServicePolicy }], ...over };
}

/** Builds the evidence of a part that could not be compared. */
export function anUndecided({ part = "trust", ...over }: AtPart<Undecided> = {}): Undecided {
  return {
    kind: "undecided",
    part: asPart(part),
    reasons: ["Statement[0].Condition.Foo: no such operator"],
    ...over,
  };
}

/** Builds the evidence of AWS's newer version of the attached policy. */
export function aVendorChange({
  part = managedPart(batchServicePolicy),
  ...over
}: AtPart<VendorChange> = {}): VendorChange {
  return {
    kind: "vendor-change",
    part: asPart(part),
    version: "v13",
    added: [aGrant({ actions: ["autoscaling:DescribeScalingActivities"] })],
    removed: [],
    ...over,
  };
}

/** Builds the evidence of a call that IAM refused. */
export function anAttempt(over: Partial<Attempt> = {}): Attempt {
  return {
    kind: "attempt",
    part: partOf("role"),
    call: "iam:DeleteRole",
    actor: anActor(),
    at: "2026-11-22T12:00:00Z",
    code: "AccessDenied",
    message:
      "User: mallory is not authorized to perform: iam:DeleteRole on resource: role AWSBatchServiceRole",
    changeId: "6c1eed73-00ee-4810-8009-c9ce5990c100",
    earlier: [],
    ...over,
  };
}

/** Builds the evidence of a call by the guard's own role that no rollback made. */
export function anImpersonation(over: Partial<Impersonation> = {}): Impersonation {
  return {
    kind: "impersonation",
    part: partOf("role"),
    call: "iam:PutRolePolicy",
    actor: anActor({
      type: "AssumedRole",
      arn: `arn:aws:sts::${account}:assumed-role/Rollbacker/stolen`,
      issuer: `arn:aws:iam::${account}:role/Rollbacker`,
      session: "stolen",
    }),
    at: "2026-11-22T12:00:00Z",
    changeId: "6c1eed73-00ee-4810-8009-c9ce5990c100",
    earlier: [],
    ...over,
  };
}

/** Builds one evidence of every kind. */
export function everyEvidence(): readonly Evidence[] {
  return [aDrift(), anUndecided(), aVendorChange(), anAttempt(), anImpersonation()];
}

/** Builds an open finding of a detached policy. */
export function aFinding({
  state = "open",
  cleanSince,
  refusal,
  retry,
  simulation,
  ...over
}: Partial<Omit<OpenFinding, "state">> & { readonly state?: FindingState } = {}): Finding {
  const body: FindingBody = {
    id: "5f1d0c6f7a0e4b52",
    role: aKey(),
    evidence: aDrift(),
    severity: "HIGH",
    seq: 1,
    openedAt: noon,
    updatedAt: noon,
    ...over,
  };
  const since = cleanSince === undefined ? {} : { cleanSince };
  switch (state) {
    case "open":
      return {
        ...body,
        state,
        ...since,
        ...(refusal !== undefined && { refusal }),
        ...(retry !== undefined && { retry }),
        ...(simulation !== undefined && { simulation }),
      };
    case "suppressed":
      return { ...body, state, ...since };
    case "resolved":
      return { ...body, state };
  }
}

/** Builds a transition of a finding, with the finding's sequence number and time. */
export function aTransition(over: Partial<Transition> = {}): Transition {
  const finding = over.finding ?? aFinding();
  return {
    schema: 1,
    id: `${finding.id}#${finding.seq}`,
    kind: "opened",
    at: finding.updatedAt,
    cause: {
      kind: "change",
      changeId: "6c1eed73-00ee-4810-8009-c9ce5990c100",
      call: "iam:DetachRolePolicy",
      at: "2026-11-22T12:00:00Z",
    },
    actor: anActor(),
    finding,
    ...over,
  };
}

// Rollback is off for the role.
const observing = defineConfig({ roles: { AWSBatchServiceRole: {} } });

/** Builds the announcement of a transition, from a guard that rolls nothing back. */
export function anAnnouncement(
  transition: Transition = aTransition(),
  over: Partial<Omit<Announcement, "transition">> = {},
): Announcement {
  const control = emptyControl(transition.finding.role);
  return {
    transition,
    standing: findStanding(transition, { config: observing, control, now: noon }),
    ...over,
  };
}

/** Builds a plan that attaches the policy again. */
export function aPlan(over: Partial<Plan> = {}): Plan {
  return {
    role: "AWSBatchServiceRole",
    roleId: "AROA2BATCHSERVICEROLE",
    expects: "0000000000000000000000000000000000000000000000000000000000000000",
    findings: [aFinding().id],
    steps: [
      {
        role: "AWSBatchServiceRole",
        part: managedPart(batchServicePolicy),
        call: "iam:AttachRolePolicy",
        policyArn: batchServicePolicy,
        restores: true,
        findings: [aFinding().id],
      },
    ],
    ...over,
  };
}

/** Builds a rollback with a status. Only a rollback that is done has a completed step. */
export function aRollback(status: Rollback["status"] = "running", id = "rollback-1"): Rollback {
  const base = { id, plan: aPlan(), before: aRole({ attached: [] }), startedAt: noon };
  const step: StepRecord = {
    step: 0,
    intendedAt: noon,
    outcome: { status: "done", at: secondsAfterNoon(1), requestId: `request-of-${id}` },
  };
  const endedAt = secondsAfterNoon(2);
  switch (status) {
    case "running":
      return { ...base, status, steps: [], runner: { id: "invocation-1", until: secondsAfterNoon(150) } };
    case "done":
      return { ...base, status, steps: [step], endedAt };
    case "failed":
      return { ...base, status, steps: [], endedAt, failure: "iam:AttachRolePolicy: LimitExceeded" };
  }
}

/** Builds a control record, empty by default, of a deployment whose observing phase is over. */
export function aControl(over: Partial<Control> = {}): Control {
  const observing = { version: 1, since: noon, ended: { at: noon } };
  return { ...emptyControl(over.role ?? aKey()), observing, ...over };
}

/** Builds a ledger, empty by default. */
export function aLedger(over: Partial<Ledger> = {}): Ledger {
  return { ...emptyLedger(over.role ?? aKey()), ...over };
}

/** Builds the use of a role by an enabled compute environment, as its service role. */
export function anEnvironmentUse(over: Partial<EnvironmentUse> = {}): EnvironmentUse {
  return {
    kind: "compute-environment",
    region: "us-east-1",
    name: "prod",
    duty: "service",
    state: "ENABLED",
    status: "VALID",
    queues: ["high"],
    ...over,
  };
}

/** Builds the use of a role by a job definition without secrets, as its execution role. */
export function aDefinitionUse(over: Partial<DefinitionUse> = {}): DefinitionUse {
  return {
    kind: "job-definition",
    region: "us-east-1",
    name: "render",
    revision: 7,
    duty: "execution",
    needs: [],
    unread: [],
    fargate: false,
    ...over,
  };
}

/** Of a store in which every item is readable: fails for one that is not. */
export function allReadable({ key, why }: UnreadableItem): never {
  assert.fail(`${key}: ${why}`);
}
