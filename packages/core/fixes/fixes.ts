import type { Assessment, Drift } from "../model/evidence.ts";
import type { Fix, FixStep } from "../model/fix.ts";
import { listSamePart, proposeFixes } from "./candidates.ts";
import type { Candidate, ProposalQuestion } from "./proposal.ts";
import { findExposedRole, warnOfStrangers } from "./strangers.ts";
import { explainRefusal, judgeTrial, keyOf, type Trial, type TrialSettings, trySteps } from "./trial.ts";

/** A watched role with its assessments, and how to assess a copy of it. */
export interface FixQuestion
  extends Trial,
    Pick<ProposalQuestion, "watched" | "uses" | "usesUnknown" | "partition">,
    Pick<TrialSettings, "assess" | "policies"> {
  /** Whether to try no more, because it takes too long: the remaining drifts then have no fix. Default: never. */
  readonly stop?: () => boolean;
  /** Returns what to consider before a drift is fixed at all, such as that somebody accepted it; undefined if nothing. */
  readonly warningOf?: (drift: Drift) => string | undefined;
}

/** IAM takes documents of more characters, but nobody reads or pastes them. */
const maxDocumentCharacters = 20_000;

/**
 * Returns the assessments, each drift with its fix: IAM calls that were applied to a copy of the role, clear the drift (or
 * a part of it, and then the fix says what is left), and make no other assessment new or worse; else why there are none.
 */
export function addFixes(question: FixQuestion): readonly Assessment[] {
  const exposed = findExposedRole(question);
  return question.assessments.map((assessment) => {
    if (assessment.kind !== "drift" || question.stop?.()) return assessment;
    return { ...assessment, fix: warnOfStrangers(findFix(assessment, question), exposed) };
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
  /** The drifts that are left, whole or in part, after the steps, and how a person fixes each. */
  readonly left: readonly { readonly drift: Drift; readonly why: string }[];
}

/** A plan tries at most so many drifts, because anyone who may write policies can make them many. */
const maxTried = 60;

const notTried: Fix = {
  kind: "manual",
  why: "Not tried, because the role has too many differences, or takes too long to compare. Carry out the steps of the others, and check again.",
};

/**
 * Returns one plan for all drifts of a role: each fix is tried on a copy to which the fixes before it were applied. A drift
 * that has a fix already (`addFixes`) is not tried again as long as no other was applied.
 */
export function planFixes(question: FixQuestion): FixPlan {
  return carryOutAll(question).plan;
}

/** Returns the plan, and the role after it. */
function carryOutAll(question: FixQuestion): { readonly plan: FixPlan; readonly after: Trial } {
  // Repairing the trust policy first ends no session.
  const exposed = findExposedRole(question);
  let current: Trial = question;
  let tried = 0;
  const fixes: FixGroup[] = [];
  // What a fix does not do although it clears its drift.
  const remarks: { readonly drift: Drift; readonly why: string }[] = [];
  for (;;) {
    const before = fixes.length;
    const left: { readonly drift: Drift; readonly why: string }[] = [];
    const warned = new Map<string, { readonly fix: Fix; readonly of: Trial }>();
    const settled = new Set<string>();
    const carryOut = (fix: Extract<Fix, { kind: "steps" }>, drift: Drift) => {
      const { steps, warning, leaves } = fix;
      fixes.push({ steps, ...(warning !== undefined && { warning }) });
      current = trySteps(current, steps, settingsOf(question)) ?? current;
      const isLeft = current.assessments.some((one) => keyOf(one) === keyOf(drift));
      if (leaves !== undefined) (isLeft ? left : remarks).push({ drift, why: leaves });
    };
    for (const mayWarn of [false, true]) {
      if (mayWarn) for (const key of warned.keys()) settled.delete(key);
      for (let drift = findNext(current, settled); drift; drift = findNext(current, settled)) {
        const key = keyOf(drift);
        settled.add(key);
        tried += 1;
        const found = warned.get(key);
        const known = found?.of === current ? found.fix : current === question ? drift.fix : undefined;
        const isTooMuch = tried > maxTried || (known === undefined && question.stop?.());
        const fix = isTooMuch
          ? notTried
          : addWarning(
              known ?? warnOfStrangers(findFix(drift, { ...question, ...current }), exposed),
              // What was found before has it already.
              known === found?.fix && known !== undefined ? undefined : question.warningOf?.(drift),
            );
        if (fix.kind === "manual") left.push({ drift, why: fix.why });
        else if (fix.warning !== undefined && !mayWarn) warned.set(key, { fix, of: current });
        else carryOut(fix, drift);
      }
    }
    // A fix may be possible only after another: detaching one policy makes room for the next.
    if (left.length === 0 || fixes.length === before || tried > maxTried) {
      return { plan: { groups: joinGroups(fixes), left: [...remarks, ...left] }, after: current };
    }
  }
}

function addWarning(fix: Fix, added: string | undefined): Fix {
  if (fix.kind !== "steps" || added === undefined) return fix;
  return { ...fix, warning: fix.warning === undefined ? added : `${added} ${fix.warning}` };
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

// As in a rollback: the trust policy first, since it decides who gets the rest; then what removes.
function findNext({ assessments }: Trial, settled: ReadonlySet<string>): Drift | undefined {
  const drifts = assessments.filter((one): one is Drift => one.kind === "drift" && !settled.has(keyOf(one)));
  return (
    drifts.find(({ part }) => part.kind === "trust") ??
    drifts.find(({ side }) => side === "excess") ??
    drifts[0]
  );
}

function findFix(drift: Drift, question: FixQuestion): Fix {
  const { assessments } = question;
  const drifts = assessments.filter((one) => one.kind === "drift");
  const { candidates, otherwise } = proposeFixes({
    ...question,
    drift,
    samePart: listSamePart(drift, drifts),
    unknownNeeds: listUnknownNeeds(question),
  });
  let reduced: Fix | undefined;
  for (const candidate of candidates) {
    const tried = tryCandidate(drift, candidate, question);
    if (!tried) continue;
    const { steps, clears, warnings = [], leaves } = tried;
    const warning = [...new Set([candidate.warning ?? [], ...warnings].flat())].join(" ");
    const fix: Fix = {
      kind: "steps",
      steps,
      ...(warning !== "" && { warning }),
      ...(leaves !== undefined && { leaves }),
    };
    if (clears) return fix;
    reduced ??= { ...fix, leaves: otherwise };
  }
  const [best] = candidates;
  const refusal = best && explainRefusal(question, best.steps, settingsOf(question));
  return reduced ?? { kind: "manual", why: refusal ?? otherwise };
}

/** Returns why it is unknown what else the role must allow, as sentences. */
function listUnknownNeeds({ assessments, uses }: FixQuestion): readonly string[] {
  if (uses.length === 0) return [];
  return assessments
    .flatMap((one) => (one.kind === "undecided" && one.part.kind === "permissions" ? one.reasons : []))
    .map((reason) => reason.replace(/\.?$/, "."));
}

interface Tried {
  readonly steps: readonly FixStep[];
  /** Whether the drift is gone; else it is smaller. */
  readonly clears: boolean;
  readonly warnings?: readonly string[];
  /** As in `Fix`. */
  readonly leaves?: string;
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
  const { plan, after } = carryOutAll({ ...question, ...created });
  if (plan.left.length > 0) return undefined;
  const had = new Set(question.assessments.map(keyOf));
  // What uses the role may name it at several paths, and IAM takes one role of a name.
  const notes = after.assessments.filter((one) => one.kind === "note" && !had.has(keyOf(one)));
  const leaves = notes.flatMap((note) => (note.kind === "note" ? note.details : [])).join(" ");
  return {
    steps: [...steps, ...plan.groups.flatMap((group) => group.steps)],
    clears: true,
    warnings: plan.groups.flatMap(({ warning }) => warning ?? []),
    ...(leaves !== "" && { leaves }),
  };
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
  const unknownNeeds = listUnknownNeeds(question);
  const { candidates } = proposeFixes({ ...question, ...after, drift: loss, samePart: [loss], unknownNeeds });
  for (const { steps: more, warning } of candidates) {
    const rest = steps.filter((step) => !more.some((other) => writesSamePolicy(step, other)));
    for (const both of [
      [...more, ...rest],
      [...rest, ...more],
    ]) {
      const trial = tryPrintable(question, both);
      const result = trial && judgeTrial(drift, question.assessments, trial.assessments);
      if (result?.kind === "clears") return { steps: both, clears: true, warnings: [warning ?? []].flat() };
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

/** Returns the settings with which fixes of a role are tried. */
export function settingsOf({ watched, partition, policies, assess }: FixQuestion): TrialSettings {
  return { reference: watched.reference, partition, ...(policies && { policies }), assess };
}
