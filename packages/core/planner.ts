import { comparePolicies } from "@drift-guard/policy/compare";
import type { Config, GuardedRole, RollbackMode } from "./config.ts";
import type { Approval } from "./control.ts";
import { digestEvidence, digestRole } from "./digest.ts";
import { strictnessOf } from "./evaluate.ts";
import type { Drift } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import type { Plan, Step } from "./plan.ts";
import type { Reference } from "./reference.ts";
import { localiseReference } from "./references.ts";
import type { Role } from "./role.ts";
import { isTrusted } from "./trusted-actor.ts";

/** What a plan is made from. */
export interface Planning {
  readonly role: Role;
  readonly reference: Reference;
  readonly guarded: GuardedRole;
  /** The open findings of the role, as the role was just seen. */
  readonly findings: readonly Finding[];
  readonly approvals: readonly Approval[];
  /** The owner's say about trusted actors; none where left out. */
  readonly config?: Pick<Config, "trustedActors">;
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
  const modeOf = ({ finding, drift: { side } }: (typeof drifts)[number]): RollbackMode => {
    const mode = side === "altered" ? "off" : guarded.rollback[side];
    // What a pipeline set it would set again: a person decides which of the two is right.
    return mode === "automatic" && isByTrusted(finding, planning) ? "approve" : mode;
  };
  const mayUndo = (candidate: (typeof drifts)[number]) =>
    modeOf(candidate) === "automatic" ||
    (modeOf(candidate) === "approve" && isApproved(candidate.finding, planning));

  const undoing: { readonly finding: string; readonly step: Step }[] = [];
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
      undoing.push({ finding: finding.id, step });
    } else if (together.every((each) => modeOf(each) !== "off")) {
      awaiting.push(finding);
    }
  }
  const expected = localiseReference(planning.reference, role.partition);
  const safe = keepReplaced(undoing, expected, role);
  return {
    plan: {
      role: role.name,
      roleId: role.id,
      expects: digestRole(role),
      findings: safe.map(({ finding }) => finding),
      steps: order(withoutDoubles(safe.map(({ step }) => step)), expected.retired),
    },
    awaiting,
  };
}

function isByTrusted({ causedBy }: Finding, { config }: Planning): boolean {
  return causedBy !== undefined && config !== undefined && isTrusted(causedBy, config);
}

function isApproved(finding: Finding, { approvals, now }: Planning): boolean {
  return approvals.some(
    ({ findingId, digest, expires }) =>
      findingId === finding.id && expires > now && digest === digestEvidence(finding.evidence),
  );
}

function undo(
  drift: Drift,
  { role, reference, guarded }: Planning,
  samePart: readonly Drift[],
): Step | undefined {
  const base = { role: role.name, part: drift.part };
  const { trust, attachments } = localiseReference(reference, role.partition);
  if (drift.part === "trust") {
    const document =
      strictnessOf(reference, guarded).trust === "floor"
        ? addStatements(role.trust, trust)
        : repairTrust(role, trust, samePart);
    return { ...base, call: "iam:UpdateAssumeRolePolicy", document };
  }
  const [kind, ...rest] = drift.part.split(":");
  const name = rest.join(":");
  if (kind === "managed") {
    const attached = role.attached.some(({ arn }) => arn === name);
    if (drift.side === "missing" && !attached)
      return { ...base, call: "iam:AttachRolePolicy", policyArn: name };
    // One that must be attached and gives too much was edited: only its own account can say what it was.
    const required = attachments.some(({ arn }) => arn === name);
    if (drift.side === "excess" && attached && !required)
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

// Where more may be trusted than the reference says, what is missing is added and nothing taken away.
function addStatements(live: string, expected: string): string {
  const statementsOf = (text: string): readonly unknown[] => {
    const { Statement }: { readonly Statement?: unknown } = JSON.parse(text);
    return Array.isArray(Statement) ? Statement : [Statement];
  };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [...statementsOf(live), ...statementsOf(expected)],
  });
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

// A retired policy is better than none: it stays until what takes its place is attached, or is in the same plan (2.2).
function keepReplaced<Undoing extends { readonly step: Step }>(
  undoing: readonly Undoing[],
  { attachments, retired }: Reference,
  role: Role,
): readonly Undoing[] {
  const replaced = attachments.every(
    ({ arn }) =>
      role.attached.some((policy) => policy.arn === arn) ||
      undoing.some(({ step }) => step.call === "iam:AttachRolePolicy" && step.policyArn === arn),
  );
  return replaced ? undoing : undoing.filter(({ step }) => !detachesAny(step, retired));
}

function detachesAny(step: Step, policies: Reference["retired"]): boolean {
  return step.call === "iam:DetachRolePolicy" && policies.some(({ arn }) => arn === step.policyArn);
}

function withoutDoubles(steps: readonly Step[]): readonly Step[] {
  return [...new Map(steps.map((step) => [JSON.stringify(step), step])).values()];
}

// What is too much goes first: between two calls a role should rather have too little. Only a retired policy goes last,
// after the one that takes its place (2.2).
function order(steps: readonly Step[], retired: Reference["retired"]): readonly Step[] {
  const rank = (step: Step) => {
    switch (step.call) {
      case "iam:UpdateAssumeRolePolicy":
        return 0;
      case "iam:DetachRolePolicy":
        return detachesAny(step, retired) ? 3 : 1;
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
