import { comparePolicies } from "@drift-guard/policy/compare";
import type { GuardedRole, RollbackMode } from "./config.ts";
import type { Approval } from "./control.ts";
import { digestEvidence, digestRole } from "./digest.ts";
import type { Drift } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import type { Plan, Step } from "./plan.ts";
import type { Reference } from "./reference.ts";
import { localiseReference } from "./references.ts";
import type { Role } from "./role.ts";

/** What a plan is made from. */
export interface Planning {
  readonly role: Role;
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  /** The open findings of the role, as the role was just seen. */
  readonly findings: readonly Finding[];
  readonly approvals: readonly Approval[];
  /** ISO 8601. */
  readonly now: string;
}

/** A finding whose rollback waits for a person. */
export interface Planned {
  readonly plan: Plan;
  readonly awaiting: readonly Finding[];
}

/** The ordered IAM calls that undo what the owner allowed to undo; a plan without steps where there is nothing. */
export function planRollback(planning: Planning): Planned {
  const { role, guarded, findings } = planning;
  const drifts = findings.flatMap((finding) =>
    finding.state === "open" && finding.evidence.kind === "drift"
      ? [{ finding, drift: finding.evidence }]
      : [],
  );
  const modeOf = ({ side }: Drift): RollbackMode => (side === "altered" ? "off" : guarded.rollback[side]);
  const mayUndo = ({ finding, drift }: (typeof drifts)[number]) =>
    modeOf(drift) === "automatic" || (modeOf(drift) === "approve" && isApproved(finding, planning));

  const steps: Step[] = [];
  const undone: string[] = [];
  const awaiting: Finding[] = [];
  for (const candidate of drifts) {
    const { finding, drift } = candidate;
    const step = undo(
      drift,
      planning,
      drifts.filter(({ drift: { part } }) => part === drift.part).map((each) => each.drift),
    );
    if (!step) continue;
    // A trust is replaced whole: what is undone on one side is undone on the other, so both must be allowed.
    const together =
      drift.part === "trust" ? drifts.filter(({ drift: { part } }) => part === "trust") : [candidate];
    if (together.every(mayUndo)) {
      undone.push(finding.id);
      if (!steps.some((other) => JSON.stringify(other) === JSON.stringify(step))) steps.push(step);
    } else if (together.every((each) => modeOf(each.drift) !== "off")) {
      awaiting.push(finding);
    }
  }
  return {
    plan: {
      role: role.name,
      roleId: role.id,
      expects: digestRole(role),
      findings: undone,
      steps: order(steps),
    },
    awaiting,
  };
}

function isApproved(finding: Finding, { approvals, now }: Planning): boolean {
  return approvals.some(
    ({ findingId, digest, expires }) =>
      findingId === finding.id && expires > now && digest === digestEvidence(finding.evidence),
  );
}

function undo(drift: Drift, { role, reference }: Planning, samePart: readonly Drift[]): Step | undefined {
  const base = { role: role.name, part: drift.part };
  if (drift.part === "trust") {
    const expected = localiseReference(reference, role.partition).trust;
    return { ...base, call: "iam:UpdateAssumeRolePolicy", document: repairTrust(role, expected, samePart) };
  }
  const [kind, ...rest] = drift.part.split(":");
  const name = rest.join(":");
  if (kind === "managed") {
    const attached = role.attached.some(({ arn }) => arn === name);
    if (drift.side === "missing" && !attached)
      return { ...base, call: "iam:AttachRolePolicy", policyArn: name };
    if (drift.side === "excess" && attached)
      return { ...base, call: "iam:DetachRolePolicy", policyArn: name };
  }
  if (kind === "inline" && drift.side === "excess") {
    return { ...base, call: "iam:DeleteRolePolicy", policyName: name };
  }
  return undefined;
}

/**
 * The trust to put back: the live one without the statements that give too much, where that is all that is wrong, so
 * that a hardening survives (2.10); else the reference's, whole (R9).
 */
function repairTrust(role: Role, expected: string, drifts: readonly Drift[]): string {
  const bad = new Set(
    drifts.flatMap(({ grants }) =>
      grants.flatMap(({ statements }) => statements.map((ref) => ref.statement)),
    ),
  );
  if (drifts.some(({ side }) => side !== "excess") || bad.size === 0) return expected;
  const kept = withoutStatements(role.trust, bad);
  if (kept === undefined) return expected;
  const { relation, excess, missing, undecided } = comparePolicies(kept, expected, {
    kind: "trust",
    account: role.account,
    partition: role.partition,
  });
  const right = relation !== "undecided" && excess.length + missing.length + undecided.length === 0;
  return right ? kept : expected;
}

function withoutStatements(text: string, indexes: ReadonlySet<number>): string | undefined {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== "object" || document === null || !("Statement" in document)) return undefined;
    if (!Array.isArray(document.Statement)) return undefined;
    const kept: readonly unknown[] = document.Statement.filter(
      (_: unknown, index: number) => !indexes.has(index),
    );
    return kept.length === 0 ? undefined : JSON.stringify({ ...document, Statement: kept });
  } catch {
    return undefined;
  }
}

// What is too much goes first: between two calls a role should rather have too little.
function order(steps: readonly Step[]): readonly Step[] {
  const rank = ({ call }: Step) => {
    switch (call) {
      case "iam:UpdateAssumeRolePolicy":
        return 0;
      case "iam:DetachRolePolicy":
      case "iam:DeleteRolePolicy":
        return 1;
      case "iam:PutRolePolicy":
      case "iam:AttachRolePolicy":
        return 2;
    }
  };
  return [...steps].sort((a, b) => rank(a) - rank(b));
}

/** The role as it is after a step, for recognising that nothing but the step has moved it. */
export function applyStep(role: Role, step: Step): Role {
  switch (step.call) {
    case "iam:AttachRolePolicy":
      return role.attached.some(({ arn }) => arn === step.policyArn)
        ? role
        : {
            ...role,
            attached: [
              ...role.attached,
              { arn: step.policyArn, version: { observed: false, why: "just attached" } },
            ],
          };
    case "iam:DetachRolePolicy":
      return { ...role, attached: role.attached.filter(({ arn }) => arn !== step.policyArn) };
    case "iam:PutRolePolicy":
      return {
        ...role,
        inline: [
          ...role.inline.filter(({ name }) => name !== step.policyName),
          { name: step.policyName, text: step.document },
        ],
      };
    case "iam:DeleteRolePolicy":
      return { ...role, inline: role.inline.filter(({ name }) => name !== step.policyName) };
    case "iam:UpdateAssumeRolePolicy":
      return { ...role, trust: step.document };
  }
}

/** The role as a rollback's before-state keeps it: managed documents, which no step alters, are left out for their size. */
export function recordRole(role: Role): Role {
  const version = { observed: false, why: "A before-state keeps no managed documents." } as const;
  const { boundary } = role;
  return {
    ...role,
    attached: role.attached.map(({ arn }) => ({ arn, version })),
    boundary:
      boundary.observed && boundary.value
        ? { observed: true, value: { arn: boundary.value.arn, version } }
        : boundary,
  };
}
