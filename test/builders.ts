import type { DefinitionUse, EnvironmentUse } from "@drift-guard/core/batch/role-use";
import type { Actor } from "@drift-guard/core/model/actor";
import type { Change } from "@drift-guard/core/model/change";
import type {
  Attempt,
  Drift,
  Evidence,
  Impersonation,
  Undecided,
  VendorChange,
} from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Grant } from "@drift-guard/core/model/grant";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { emptyLedger, type Ledger } from "@drift-guard/core/model/ledger";
import type { Plan } from "@drift-guard/core/model/plan";
import { type AttachedPolicy, type Role, type RoleKey, seen } from "@drift-guard/core/model/role";
import type { Rollback } from "@drift-guard/core/model/rollback";
import type { Transition } from "@drift-guard/core/model/transition";

/** The account that tests speak of. */
export const account = "123456789012";
/** The moment at which tests begin, and a later one in seconds. */
export const noon: Instant = "2026-11-22T12:00:00.000Z";
/** The moment so many seconds after noon. */
export function secondsAfterNoon(seconds: number): Instant {
  return instantOf(new Date(Date.parse(noon) + seconds * 1000));
}

/** The trust of a role that one service may assume. */
export function trustOf(service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
}

/** A permissions policy of one Allow. */
export function allow(action: string | readonly string[], resource = "*"): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: action, Resource: resource }],
  });
}

/** ARN of the managed policy that AWSBatchServiceRole must have. */
export const batchServicePolicy = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole";

/** A role's key; AWSBatchServiceRole of the tests' account unless told otherwise. */
export function aKey(over: Partial<RoleKey> = {}): RoleKey {
  return { account, name: "AWSBatchServiceRole", ...over };
}

/** A managed policy that is attached, with a document that allows one describe action. */
function anAttachment(over: Partial<AttachedPolicy> = {}): AttachedPolicy {
  return {
    arn: batchServicePolicy,
    version: seen({ id: "v12", text: allow("ec2:DescribeInstances") }),
    ...over,
  };
}

/** AWSBatchServiceRole as an account holds it, every part observed. */
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

/** A person with an IAM user. */
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

/** A DetachRolePolicy that succeeded. */
export function aChange(over: Partial<Change> = {}): Change {
  return {
    id: "6c1eed73-00ee-4810-8009-c9ce5990c100",
    at: "2026-11-22T12:00:00Z",
    account,
    region: "us-east-1",
    call: "iam:DetachRolePolicy",
    actor: anActor(),
    outcome: { status: "succeeded" },
    subjects: [{ kind: "role", name: "AWSBatchServiceRole" }],
    ...over,
  };
}

/** A grant of one action on everything. */
export function aGrant(over: Partial<Grant> = {}): Grant {
  return {
    actions: ["ec2:DescribeInstances"],
    resources: ["*"],
    conditions: [],
    statements: [{ document: 0, statement: 0 }],
    ...over,
  };
}

/** The drift of a detached managed policy. */
export function aDrift(over: Partial<Drift> = {}): Drift {
  return {
    kind: "drift",
    part: `managed:${batchServicePolicy}`,
    side: "missing",
    grants: [aGrant()],
    denies: [],
    ...over,
  };
}

/** A part that could not be compared. */
export function anUndecided(over: Partial<Undecided> = {}): Undecided {
  return {
    kind: "undecided",
    part: "trust",
    reasons: ["Statement[0].Condition.Foo: no such operator"],
    ...over,
  };
}

/** AWS's own newer version of the attached policy. */
export function aVendorChange(over: Partial<VendorChange> = {}): VendorChange {
  return {
    kind: "vendor-change",
    part: `managed:${batchServicePolicy}`,
    version: "v13",
    added: [aGrant({ actions: ["autoscaling:DescribeScalingActivities"] })],
    removed: [],
    ...over,
  };
}

/** A call that IAM refused. */
export function anAttempt(over: Partial<Attempt> = {}): Attempt {
  return {
    kind: "attempt",
    part: "role",
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

/** A call by the guard's own role that no rollback made. */
export function anImpersonation(over: Partial<Impersonation> = {}): Impersonation {
  return {
    kind: "impersonation",
    part: "role",
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

/** One of every kind of evidence. */
export function everyEvidence(): readonly Evidence[] {
  return [aDrift(), anUndecided(), aVendorChange(), anAttempt(), anImpersonation()];
}

/** An open finding of a detached policy. */
export function aFinding(over: Partial<Finding> = {}): Finding {
  return {
    id: "5f1d0c6f7a0e4b52",
    role: aKey(),
    evidence: aDrift(),
    severity: "HIGH",
    state: "open",
    seq: 1,
    openedAt: noon,
    updatedAt: noon,
    ...over,
  };
}

/** What happened to a finding; the finding's own number and time unless told otherwise. */
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

/** A plan that attaches the policy again. */
export function aPlan(over: Partial<Plan> = {}): Plan {
  return {
    role: "AWSBatchServiceRole",
    roleId: "AROA2BATCHSERVICEROLE",
    expects: "0000000000000000000000000000000000000000000000000000000000000000",
    findings: [aFinding().id],
    steps: [
      {
        role: "AWSBatchServiceRole",
        part: `managed:${batchServicePolicy}`,
        call: "iam:AttachRolePolicy",
        policyArn: batchServicePolicy,
      },
    ],
    ...over,
  };
}

/** A rollback at the status told, with one step done where it is not running. */
export function aRollback(status: Rollback["status"] = "running", id = "rollback-1"): Rollback {
  const base = { id, plan: aPlan(), before: aRole({ attached: [] }), startedAt: noon };
  const done = [{ step: 0, at: secondsAfterNoon(1), requestId: "b0561c15-e0c1-4e34-9337-6d60612f45be" }];
  const endedAt = secondsAfterNoon(2);
  switch (status) {
    case "running":
      return { ...base, status, done: [] };
    case "done":
      return { ...base, status, done, endedAt };
    case "failed":
      return { ...base, status, done: [], endedAt, failure: "iam:AttachRolePolicy: LimitExceeded" };
  }
}

/** A ledger; empty unless told otherwise. */
export function aLedger(over: Partial<Ledger> = {}): Ledger {
  return { ...emptyLedger(over.role ?? aKey()), ...over };
}

/** An enabled compute environment that uses a role as its service role. */
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

/** A job definition that uses a role as its execution role, without secrets. */
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
