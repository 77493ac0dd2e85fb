import type { Assessment, Drift } from "../model/evidence.ts";
import type { Fix, FixStep } from "../model/fix.ts";
import { type Candidate, listSamePart, type ProposalQuestion, proposeFixes } from "./candidates.ts";
import { judgeTrial, keyOf, type Trial, type TrialSettings, trySteps } from "./trial.ts";

/** A watched role with its assessments, and how to assess a copy of it. */
export interface FixQuestion
  extends Trial,
    Pick<ProposalQuestion, "watched" | "uses" | "usesUnknown" | "partition">,
    Pick<TrialSettings, "assess"> {
  /** Whether to try no more, because it takes too long: the remaining drifts then have no fix. Default: never. */
  readonly stop?: () => boolean;
}

/** IAM takes documents of more characters, but nobody reads or pastes them. */
const maxDocumentCharacters = 20_000;

/**
 * Returns the assessments, each drift with its fix: IAM calls that were applied to a copy of the role, clear the drift (or
 * a part of it, and then the fix says what is left), and make no other assessment new or worse; else why there are none.
 */
export function addFixes(question: FixQuestion): readonly Assessment[] {
  return question.assessments.map((assessment) => {
    if (assessment.kind !== "drift" || question.stop?.()) return assessment;
    return { ...assessment, fix: findFix(assessment, question) };
  });
}

/** Steps of a plan that belong together. */
export interface FixGroup {
  readonly steps: readonly FixStep[];
  /** What to consider before these steps are carried out. */
  readonly warning?: string;
}

/** The fixes of a role in an order in which all of them can be carried out. */
export interface FixPlan {
  /** Steps without a warning come first, so that they can be carried out at once. */
  readonly groups: readonly FixGroup[];
  /** The drifts that are left after the steps, and how a person fixes each. */
  readonly left: readonly { readonly drift: Drift; readonly why: string }[];
}

/** A plan tries at most so many drifts, because anyone who may write policies can make them many. */
const maxTried = 60;

const notTried: Fix = {
  kind: "manual",
  why: "Not tried, because the role has too many differences. Carry out the steps of the others, and check again.",
};

/** Returns one plan for all drifts of a role: each fix is tried on a copy to which the fixes before it were applied. */
export function planFixes(question: FixQuestion): FixPlan {
  let current: Trial = question;
  let tried = 0;
  const fixes: FixGroup[] = [];
  for (;;) {
    const before = fixes.length;
    const left: { readonly drift: Drift; readonly why: string }[] = [];
    const warned = new Set<string>();
    const settled = new Set<string>();
    const carryOut = (fix: Extract<Fix, { kind: "steps" }>, drift: Drift) => {
      const { steps, warning, leaves } = fix;
      if (leaves !== undefined) left.push({ drift, why: leaves });
      fixes.push({ steps, ...(warning !== undefined && { warning }) });
      current = trySteps(current, steps, settingsOf(question)) ?? current;
    };
    for (const mayWarn of [false, true]) {
      if (mayWarn) for (const key of warned) settled.delete(key);
      for (let drift = findNext(current, settled); drift; drift = findNext(current, settled)) {
        settled.add(keyOf(drift));
        tried += 1;
        const isTooMuch = tried > maxTried || question.stop?.();
        const fix = isTooMuch ? notTried : findFix(drift, { ...question, ...current });
        if (fix.kind === "manual") left.push({ drift, why: fix.why });
        else if (fix.warning !== undefined && !mayWarn) warned.add(keyOf(drift));
        else carryOut(fix, drift);
      }
    }
    // A fix may be possible only after another: detaching one policy makes room for the next.
    if (left.length === 0 || fixes.length === before || tried > maxTried) {
      return { groups: joinGroups(fixes), left };
    }
  }
}

function joinGroups(fixes: readonly FixGroup[]): readonly FixGroup[] {
  const groups: FixGroup[] = [];
  for (const { steps, warning } of fixes) {
    const last = groups.at(-1);
    if (last && last.warning === warning) {
      groups[groups.length - 1] = { ...last, steps: [...last.steps, ...steps] };
    } else {
      groups.push({ steps, ...(warning !== undefined && { warning }) });
    }
  }
  return groups;
}

function findNext({ assessments }: Trial, settled: ReadonlySet<string>): Drift | undefined {
  return assessments.find((one): one is Drift => one.kind === "drift" && !settled.has(keyOf(one)));
}

function findFix(drift: Drift, question: FixQuestion): Fix {
  const { assessments } = question;
  const drifts = assessments.filter((one) => one.kind === "drift");
  const { candidates, otherwise } = proposeFixes({
    ...question,
    drift,
    samePart: listSamePart(drift, drifts),
  });
  let reduced: Fix | undefined;
  for (const candidate of candidates) {
    const tried = tryCandidate(drift, candidate, question);
    if (!tried) continue;
    const { steps, clears } = tried;
    const fix: Fix = {
      kind: "steps",
      steps,
      ...(candidate.warning !== undefined && { warning: candidate.warning }),
    };
    if (clears) return fix;
    reduced ??= { ...fix, leaves: otherwise };
  }
  return reduced ?? { kind: "manual", why: otherwise };
}

interface Tried {
  readonly steps: readonly FixStep[];
  /** Whether the drift is gone; else it is smaller. */
  readonly clears: boolean;
}

function tryCandidate(drift: Drift, { steps }: Candidate, question: FixQuestion): Tried | undefined {
  const after = tryPrintable(question, steps);
  if (!after) return undefined;
  const result = judgeTrial(drift, question.assessments, after.assessments);
  switch (result.kind) {
    case "clears":
      return { steps, clears: true };
    case "reduces":
      return { steps, clears: false };
    case "keeps":
      return undefined;
    case "worsens":
      return drift.part.kind === "role"
        ? completeCreation(steps, after, question)
        : repairLoss(drift, steps, after, result.worse, question);
  }
}

// A new role has no policies yet: what it lacks belongs to the fix.
function completeCreation(
  steps: readonly FixStep[],
  created: Trial,
  question: FixQuestion,
): Tried | undefined {
  const rest = planFixes({ ...question, ...created });
  return rest.left.length === 0
    ? { steps: [...steps, ...rest.groups.flatMap((group) => group.steps)], clears: true }
    : undefined;
}

// A policy with excess may also hold what jobs need: that is written into another policy first.
function repairLoss(
  drift: Drift,
  steps: readonly FixStep[],
  after: Trial,
  worse: readonly Assessment[],
  question: FixQuestion,
): Tried | undefined {
  const [loss, ...others] = worse;
  if (loss?.kind !== "drift" || loss.part.kind !== "permissions" || others.length > 0) return undefined;
  const { candidates } = proposeFixes({ ...question, ...after, drift: loss, samePart: [loss] });
  for (const { steps: more } of candidates) {
    const rest = steps.filter((step) => !more.some((other) => writesSamePolicy(step, other)));
    for (const both of [
      [...more, ...rest],
      [...rest, ...more],
    ]) {
      const trial = tryPrintable(question, both);
      const result = trial && judgeTrial(drift, question.assessments, trial.assessments);
      if (result?.kind === "clears") return { steps: both, clears: true };
    }
  }
  return undefined;
}

function writesSamePolicy(step: FixStep, other: FixStep): boolean {
  const nameOf = (one: FixStep) => ("policyName" in one ? one.policyName : undefined);
  return nameOf(step) !== undefined && nameOf(step) === nameOf(other);
}

function tryPrintable(question: FixQuestion, steps: readonly FixStep[]): Trial | undefined {
  const isLong = steps.some((step) => "document" in step && step.document.length > maxDocumentCharacters);
  return isLong ? undefined : trySteps(question, steps, settingsOf(question));
}

function settingsOf({ watched, partition, assess }: FixQuestion): TrialSettings {
  return { reference: watched.reference, partition, assess };
}
