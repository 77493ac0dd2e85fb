import { sanitise } from "@drift-guard/formats/printable";
import { quoteArgument } from "@drift-guard/formats/steps";
import { parseAskedRole } from "../account-check.ts";
import { formatSurvey } from "../batch/summary.ts";
import { type Command, parseCommandLine, UsageError } from "../command.ts";
import { findConfigFile, loadConfig } from "../config.ts";
import { formatRoleCheck, unknownHistory, unknownSessions } from "../drift-table.ts";
import { findAskedRoles } from "../ensure/asked-roles.ts";
import { type EnsuredRole, ensureRole } from "../ensure/ensure-role.ts";
import { openEnsureSession } from "../ensure/session.ts";
import { EnsureOutput, type EnsureRole, type EnsureStep } from "../output/ensure.ts";
import { formatDocument } from "../output/json.ts";
import { exitCodeOf } from "../role-check.ts";
import { formatStatementAdvice } from "../statement-advice.ts";
import { formatStepLines } from "../step-lines.ts";
import { type Terminal, wrap, wrapLines } from "../terminal.ts";

/** `ensure`: makes roles as their references say. */
export const ensure: Command = {
  help: `Makes roles as their references say: the "To check for …" and "To create …"
procedures of the AWS Batch User Guide. Without --yes, it prints the steps and
changes nothing.

Usage: drift-guard ensure [--yes] [--force] [--stage NAME] [--config FILE]
                          [--json] ROLE…

  ROLE             a role by name or ARN: one that the configuration names, that
                   AWS Batch uses, or that has a reference. One that does not
                   exist is created, with its policies, boundary and instance
                   profile
  --yes            carry out the steps, and read the role again
  --force          with --yes: carry out steps with a warning too, such as the
                   removal of a Deny that may contain an incident, or of what
                   somebody accepted
  --stage NAME     the guard that was deployed as this stage: steps that undo
                   what somebody accepted there, and all steps during a pause,
                   have a warning. Exceptions of the configuration are known
                   without it
  --config FILE    configuration that names the watched roles (default:
                   drift-guard.config.ts or .json in the working directory,
                   else the three roles of the AWS Batch User Guide)
  --json           print one JSON document (docs/schemas/ensure.schema.json)

For each step it prints the call, what it expects, the grants that it gives (+)
and takes (-), and the AWS CLI command that does the same by hand. Works on the
live account of the AWS SDK's credentials, at AWS_ENDPOINT_URL, if set. A denied
call is printed with the statement to ask for.
Exit codes: 0 every role matches its reference, 1 it does not, 2 could not
determine.
`,
  async run(args, terminal) {
    const { values, positionals } = parseCommandLine("ensure", args, {
      yes: { type: "boolean", default: false },
      force: { type: "boolean", default: false },
      stage: { type: "string", value: "a NAME" },
      config: { type: "string", value: "a FILE" },
      json: { type: "boolean", default: false },
    });
    const { yes, force, stage } = values;
    if (positionals.length === 0) throw new UsageError("ensure needs a ROLE. See drift-guard ensure --help.");
    if (force && !yes) throw new UsageError("--force means steps that are carried out: add --yes.");
    const config = await loadConfig(values.config);
    const asked = positionals.map(parseAskedRole);
    const regions = findConfigFile(values.config) === undefined ? undefined : config.regions.batch;
    const session = await openEnsureSession(config, regions, terminal.progress, stage);
    const ensured: EnsuredRole[] = [];
    try {
      const { account, from, partition, survey } = session;
      for (const role of asked) {
        if (role.account === undefined || role.account === account) continue;
        throw new UsageError(`${sanitise(role.text, 200)} is of another account than ${account}.`);
      }
      const names = asked.map(({ name }) => name);
      const watched = await findAskedRoles(names, survey.usage, { config, account, partition });
      for (const role of watched) ensured.push(await ensureRole(role, { config, yes, force }, session));
      terminal.progress("");
      const roles = ensured.map(({ output }) => output);
      const exitCode = exitCodeOf(roles.map(({ check }) => check));
      // Set now: a reader that closes the pipe early still gets the result.
      process.exitCode = exitCode;
      if (values.json) {
        const output = { schema: 1, account, from, exitCode, changed: roles.some(isChanged), roles } as const;
        await terminal.print(formatDocument(EnsureOutput, output));
        return exitCode;
      }
      for (const role of ensured) await terminal.print(...formatRole(role, yes, terminal), "");
      const again = ["drift-guard", "ensure", ...args.filter((arg) => arg !== "--yes"), "--yes"];
      const lines = [
        `Account ${account} (${sanitise(from)}).`,
        ...formatSurvey(survey),
        ...(!yes && roles.some(({ groups }) => groups.length > 0)
          ? [stage === undefined ? unknownHistory : unknownSessions]
          : []),
        ...(roles.some(isChanged) ? [] : ["Nothing was changed."]),
      ];
      await terminal.print(...lines.flatMap((line) => wrap(line, terminal.columns)));
      // Never wrapped: a command on two lines is two commands.
      if (!yes && roles.some(({ groups }) => groups.length > 0)) {
        await terminal.print("To carry out these steps:", `  ${again.map(quoteArgument).join(" ")}`);
      }
      return exitCode;
    } finally {
      terminal.progress("");
      session.close();
    }
  },
};

function isChanged({ groups }: EnsureRole): boolean {
  return groups.some(({ steps }) =>
    steps.some(({ outcome }) => outcome?.status === "done" || outcome?.status === "unanswered"),
  );
}

function formatRole({ output, effects }: EnsuredRole, yes: boolean, terminal: Terminal): readonly string[] {
  const { check, groups, left, stopped, uses } = output;
  const say = (text: string) => wrap(text, terminal.columns, "  ");
  const described = groups.flatMap((group) => group.steps);
  const formatStep = (step: EnsureStep) => {
    const number = described.indexOf(step);
    const effect = effects[number];
    return effect
      ? ["", ...formatStepLines(effect, number + 1, step, terminal), ...formatOutcome(step, terminal)]
      : [];
  };
  const steps = groups.flatMap((group) => [
    ...(group.warning === undefined
      ? []
      : ["", ...say(`Before the next steps: ${sanitise(group.warning, 1000)}`)]),
    ...group.steps.flatMap(formatStep),
  ]);
  const creates = effects.some(({ step }) => step.call === "iam:CreateRole");
  const title = yes ? "Steps:" : "Steps, of which none was carried out:";
  return [
    // After --yes, the check shows the role after the steps.
    ...(yes ? [] : formatRoleCheck(check, terminal)),
    ...(steps.length > 0
      ? [...(yes ? [terminal.paint("bold", sanitise(check.role))] : [""]), ...say(title), ...steps]
      : []),
    ...(left.length > 0 ? ["", ...say("The steps do not fix:")] : []),
    ...left.flatMap(({ part, side, why }) =>
      wrap(`${sanitise(`${part}`)}, ${side}: ${sanitise(why, 1000)}`, terminal.columns, "  - ", "    "),
    ),
    ...(stopped === undefined ? [] : ["", ...say(explainStop(stopped))]),
    ...(creates && uses.length > 0
      ? [
          "",
          ...say(
            `AWS Batch uses the role: ${uses.map((use) => sanitise(use, 300)).join("; ")}. A compute environment that is INVALID or stuck because the role was missing can be updated, or disabled and deleted, once the role exists.`,
          ),
        ]
      : []),
    ...(yes ? ["", ...formatRoleCheck(check, terminal)] : []),
  ];
}

/** What became of a step; after a denied call with the statement to ask for, whose lines are not wrapped. */
function formatOutcome({ outcome }: EnsureStep, { columns }: Terminal): readonly string[] {
  const say = (text: string) => wrap(sanitise(text, 2000), columns, "     ");
  switch (outcome?.status) {
    case undefined:
      return [];
    case "done":
      return say("Done.");
    case "not tried":
      return say("Not tried.");
    case "unanswered":
      return say(outcome.why);
    case "refused": {
      const advice = outcome.statements ? formatStatementAdvice(outcome.why, outcome.statements) : "";
      return [
        ...say(outcome.why),
        ...(advice === "" ? [] : wrapLines(advice, columns - 5).map((line) => `     ${line}`)),
      ];
    }
  }
}

function explainStop(stopped: NonNullable<EnsureRole["stopped"]>): string {
  switch (stopped) {
    case "changed":
      return "The role was changed while its steps were planned, so that none was carried out. Run the command again.";
    case "warning":
      return "The next steps have a warning, so that they were not carried out. Once you have considered it, run the command again with --force.";
    case "failed":
      return "The steps after the one that failed were not tried. Once it can succeed, run the command again: it plans what is then left.";
  }
}
