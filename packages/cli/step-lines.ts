import type { StepEffect } from "@drift-guard/core/fixes/step-effect";
import type { Grant } from "@drift-guard/core/model/grant";
import { sanitise } from "@drift-guard/formats/printable";
import { formatStep, formatStepCommands } from "@drift-guard/formats/steps";
import { formatGrantLines } from "./grant-lines.ts";
import type { StepOutput } from "./output/step.ts";
import { type Terminal, wrap } from "./terminal.ts";

/** A step with its effect, as `--json` prints it. `more` are further notes. */
export function describeStep(
  { step, expects, gains, losses, deniesAdded, deniesRemoved, notes }: StepEffect,
  partition: string,
  more: readonly string[] = [],
): StepOutput {
  return {
    call: step.call,
    ...("part" in step && { part: step.part }),
    expects,
    gains,
    losses,
    deniesAdded,
    deniesRemoved,
    notes: [...notes, ...more],
    commands: formatStepCommands(step, partition) ?? [],
  };
}

/**
 * A step as lines: what it does, what it expects, the grants that it changes (`+` gained, `-` lost), and the AWS CLI
 * command that does the same, which is never wrapped: a command on two lines is two commands.
 */
export function formatStepLines(
  effect: StepEffect,
  number: number,
  output: StepOutput,
  { columns, paint }: Terminal,
): readonly string[] {
  const margin = "     ";
  const say = (text: string) => wrap(sanitise(text, 1000), columns, margin, `${margin}  `);
  const marked = (mark: "+" | "-", grants: readonly Grant[], prefix = "") =>
    formatGrantLines(grants)
      .flatMap((line) => wrap(prefix + line, columns, `${margin}${mark} `, `${margin}    `))
      .map((line) => paint(mark === "+" ? "green" : "red", line));
  const { gains, losses, deniesAdded, deniesRemoved } = effect;
  const title = `${output.call}: ${formatStep(effect.step)}`;
  return [
    ...wrap(title, columns, `${String(number).padStart(3)}. `, margin).map((line) => paint("bold", line)),
    ...say(`Expects: ${output.expects}`),
    ...marked("+", gains),
    ...marked("-", losses),
    ...marked("+", deniesAdded, "deny "),
    ...marked("-", deniesRemoved, "deny "),
    ...output.notes.flatMap(say),
    ...(output.commands.length === 0
      ? say("No command is shown, because a name in it cannot be printed.")
      : output.commands.map((command) => margin + paint("cyan", command))),
  ];
}
