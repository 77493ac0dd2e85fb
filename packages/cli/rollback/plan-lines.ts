import type { WatchedRole } from "@drift-guard/core/config/watched-role";
import { sanitise } from "@drift-guard/formats/printable";
import { quoteArgument } from "@drift-guard/formats/steps";
import type { DriftDecision } from "@drift-guard/guard/rollback/plan-by-hand";
import { formatAssessment } from "../drift-table.ts";
import type { StepOutput } from "../output/step.ts";
import { describeStep, formatStepLines } from "../step-lines.ts";
import { padCell, type Terminal, wrap } from "../terminal.ts";
import { warnOfConfiguration } from "./configuration.ts";
import type { Preparation, PreparedPlan } from "./preparation.ts";
import type { RollbackSession } from "./session.ts";

const indent = "  ";

/** The fields that `rollback plan --json` and `rollback apply --json` have in common. */
export function describePlan(
  prepared: Preparation,
  { account, from, stores, configuration }: RollbackSession,
) {
  const base = {
    schema: 1 as const,
    account,
    from,
    ...(stores && { control: stores.from }),
    configuration,
    role: prepared.subject.watched.name,
  };
  if (prepared.status === "absent") {
    return { ...base, drifts: [], undecided: [], steps: [], refusal: absentRole(prepared) };
  }
  const { role, hand, asked, undecided } = prepared;
  return {
    ...base,
    arn: role.arn,
    drifts: asked.map(({ findingId: finding, ...drift }) => ({ finding, ...drift })),
    undecided: undecided.map(({ part, reasons }) => ({ part, reasons })),
    steps: describeSteps(prepared),
    ...(hand.plan.steps.length > 0 && { plan: hand.digest }),
    ...(hand.refusal !== undefined && { refusal: hand.refusal }),
  };
}

/** Whether a watched role must exist, as far as the configuration and AWS Batch say. */
export function isNeeded({ guarded }: Pick<WatchedRole, "guarded">): boolean {
  return guarded.required === true;
}

function absentRole({ subject: { watched } }: Preparation): string {
  const needed = isNeeded(watched) ? "does not exist" : "does not exist, and nothing is known to need it";
  return `${watched.name} ${needed}. A rollback creates no role: npx drift-guard ensure ${quoteArgument(watched.name)} prints the steps that do.`;
}

function describeSteps({ hand, effects, role }: PreparedPlan): readonly StepOutput[] {
  return effects.map((effect, index) => {
    const note = hand.plan.steps[index]?.note;
    return describeStep(effect, role.partition, note === undefined ? [] : [note]);
  });
}

/** A plan as lines: the role, its drifts with what the guard does about each, and the steps. */
export function formatPlan(
  prepared: Preparation,
  { from, stores, configuration }: RollbackSession,
  terminal: Terminal,
): readonly string[] {
  const { columns, paint } = terminal;
  const say = (text: string) => wrap(sanitise(text, 1500), columns);
  const name = paint("bold", sanitise(prepared.subject.watched.name));
  if (prepared.status === "absent") return [name, ...say(absentRole(prepared))];
  const { role, asked, undecided, effects, hand, subject } = prepared;
  const decisions = stores ? `, decisions from ${stores.from}` : "";
  const warning = warnOfConfiguration(configuration);
  const outputs = describeSteps(prepared);
  const rows = [
    ...asked.flatMap((decision) => formatDecision(decision, terminal)),
    ...undecided.flatMap((one) => formatAssessment({ ...one, severity: "MEDIUM" }, terminal)),
  ];
  return [
    name,
    ...wrap(
      sanitise(`${role.arn}, read from ${from}${decisions}, modes from ${configuration.file}`, 1000),
      columns,
      indent,
    ).map((line) => paint("dim", line)),
    ...(warning === undefined ? [] : say(warning).map((line) => paint("yellow", line))),
    ...(rows.length === 0 ? [] : ["", indent + paint("underline", heading), ...rows]),
    ...(subject.finding && asked.length === 0
      ? ["", ...say(`The role shows no drift of finding ${subject.finding.id} now.`)]
      : []),
    ...(subject.finding === undefined && rows.length === 0 ? ["", ...say("The role has no drift.")] : []),
    ...(effects.length === 0
      ? []
      : [
          "",
          ...say(
            `${count(effects.length, "step")}, in this order. Each is shown for the role as the steps before it leave it:`,
          ),
        ]),
    ...effects.flatMap((effect, index) => {
      const output = outputs[index];
      return output ? ["", ...formatStepLines(effect, index + 1, output, terminal)] : [];
    }),
    ...(hand.refusal === undefined || effects.length === 0
      ? []
      : ["", ...say(`These steps may not be carried out: ${hand.refusal}`)]),
    "",
  ];
}

const heading = `${padCell("SEVERITY", 15)}${padCell("TYPE", 15)}PART`;

function formatDecision(decision: DriftDecision, terminal: Terminal): readonly string[] {
  const { drift, severity, findingId } = decision;
  const say = (text: string) => wrap(sanitise(text, 1500), terminal.columns, "      ", "        ");
  const { fix: _, ...shown } = drift;
  const guard = formatGuard(decision);
  return [
    ...formatAssessment({ ...shown, severity }, terminal),
    ...say(`Finding ${findingId.slice(0, 12)}.${guard === undefined ? "" : ` ${guard}`}`),
    ...formatHazard(decision).flatMap(say),
  ];
}

/** What a person should know before they roll a drift back, or why no step does so. */
function formatHazard({ planned, hazard, why, guard }: DriftDecision): readonly string[] {
  if (guard.kind === "accepted") return [];
  // The guard's own reason is often the same.
  const reason = guard.kind === "waits" ? guard.reason : undefined;
  if (hazard !== undefined) {
    const said = hazard === reason ? "" : ` ${hazard}`;
    return planned
      ? [`You insist on it although it is not safe.${said}`]
      : [`No step below repairs it, because that is not safe.${said} With --force, the plan has its steps.`];
  }
  return planned || why === undefined || why === reason ? [] : [`No step below repairs it: ${why}`];
}

/** What the guard does about a drift, as sentences; undefined if it is not known, or if no step repairs the drift. */
function formatGuard({ guard, drift }: DriftDecision): string | undefined {
  switch (guard.kind) {
    case "automatic":
      return "The guard rolls it back by itself.";
    case "waits":
      return `The guard does not roll it back now: ${guard.reason}`;
    case "off":
      return `The guard does not roll it back: the configuration turns rollback of "${drift.side}" off.`;
    case "simulated":
      return `The guard only records what it would do: rollback of "${drift.side}" is simulated.`;
    case "accepted":
      return `${guard.owner} accepted it until ${guard.until}: ${guard.reason}`;
    case "unknown":
      return "The configuration has the guard roll it back. Whether it does so now is not known without --stage NAME or --findings FILE.";
    case "no-step":
      return undefined;
  }
}

/** A number with its noun: `1 step`, `3 steps`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
