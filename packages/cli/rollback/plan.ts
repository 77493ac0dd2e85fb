import { quoteArgument } from "@drift-guard/formats/steps";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { formatDocument } from "../output/json.ts";
import { RollbackPlanOutput } from "../output/rollback.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { describePlan, formatPlan, isNeeded } from "./plan-lines.ts";
import { type Preparation, preparePlan } from "./preparation.ts";
import { forceOption, type GuardChoice, guardOptions, openRollbackSession } from "./session.ts";

/** `rollback plan`: shows the steps that roll a role or one finding back. Changes nothing. */
export async function showPlan(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("rollback plan", args, {
    ...guardOptions,
    ...forceOption,
    account: { type: "string", value: "a FILE" },
    batch: { type: "string", value: "a FILE", multiple: true },
  });
  const asked = readSubject("rollback plan", positionals);
  const session = await openRollbackSession(values, terminal.input);
  try {
    const prepared = await preparePlan(asked, values.force, session);
    const exitCode = codeOf(prepared);
    if (values.json) {
      const output = { ...describePlan(prepared, session), exitCode, changed: false as const };
      await terminal.print(formatDocument(RollbackPlanOutput, output));
      return exitCode;
    }
    const next = formatNext(prepared, asked, values);
    await terminal.print(
      ...formatPlan(prepared, session, terminal),
      ...wrap(`Nothing was changed.${next.why}`, terminal.columns),
      ...(next.command === undefined ? [] : [`  ${terminal.paint("cyan", next.command)}`]),
      ...formatApprovals(prepared, values, terminal),
    );
    return exitCode;
  } finally {
    session.close();
  }
}

/** Returns the one argument of a command: a role's name or ARN, or a finding's id. Throws `UsageError`. */
export function readSubject(command: string, positionals: readonly string[]): string {
  const [asked, ...others] = positionals;
  if (asked !== undefined && others.length === 0) return asked;
  throw new UsageError(`${command} takes one role, or the id of one finding.`);
}

// Drift outweighs what is unknown, because it is certain.
function codeOf(prepared: Preparation): ExitCode {
  if (prepared.status === "absent") return isNeeded(prepared.subject.watched) ? 1 : 0;
  if (prepared.asked.some(({ guard }) => guard.kind !== "accepted")) return 1;
  return prepared.undecided.length > 0 ? 2 : 0;
}

interface NextStep {
  /** Sentences after "Nothing was changed." */
  readonly why: string;
  readonly command?: string;
}

function formatNext(
  prepared: Preparation,
  asked: string,
  values: GuardChoice & { readonly force: boolean },
): NextStep {
  if (prepared.status === "absent") return { why: "" };
  const { hand } = prepared;
  if (hand.plan.steps.length === 0) return { why: " There is no step to carry out." };
  if (hand.refusal !== undefined) return { why: "" };
  if (values.account !== undefined) {
    return {
      why: " The role was read from a file: plan again on the live account before you carry anything out.",
    };
  }
  const { stage, findings } = values;
  if (stage === undefined && findings === undefined) {
    return {
      why: " Exceptions, pauses and earlier rollbacks are not known: name the guard with --stage NAME or --findings FILE.",
    };
  }
  const force = values.force ? ["--force"] : [];
  const exactly = [...force, "--plan", hand.digest.slice(0, 16), "--yes"];
  return {
    why: " This carries out exactly these steps with your own credentials:",
    command: formatCommand("apply", asked, values, exactly),
  };
}

function formatCommand(
  verb: string,
  subject: string,
  { stage, findings, config }: GuardChoice,
  more: readonly string[],
): string {
  const options = Object.entries({ stage, findings, config }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  return ["npx", "drift-guard", "rollback", verb, subject, ...options, ...more].map(quoteArgument).join(" ");
}

// Cap on the output: more is noise.
const maxApprovals = 5;

/** The commands by which a person lets the guard roll back what waits for them. */
function formatApprovals(
  prepared: Preparation,
  values: GuardChoice,
  { columns, paint }: Terminal,
): readonly string[] {
  const isKnown = values.account === undefined && (values.stage ?? values.findings) !== undefined;
  if (prepared.status === "absent" || !isKnown) return [];
  const waiting = prepared.asked.filter(({ guard }) => guard.kind === "waits" && guard.until === undefined);
  if (waiting.length === 0) return [];
  return [
    ...wrap("An approval lets the guard roll back one finding, where it waits for a person:", columns),
    ...waiting
      .slice(0, maxApprovals)
      .map(({ findingId }) => formatCommand("approve", findingId.slice(0, 12), values, ["--yes"]))
      .map((command) => `  ${paint("cyan", command)}`),
  ];
}
