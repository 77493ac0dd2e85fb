import type { DeletionPlan } from "@drift-guard/core/linked-role/deletion-plan";
import { linkedRoleArn } from "@drift-guard/core/linked-role/linked-role";
import { sanitise } from "@drift-guard/formats/printable";
import { quoteArgument } from "@drift-guard/formats/steps";
import { type ShellContext, type ShellStep, shellStepOf } from "./shell-steps.ts";

/**
 * A plan as a POSIX shell script to review and run, line by line; `at` is the time of writing (ISO 8601). With `doubts`, one
 * sentence each, the script stops before its first step until somebody removes two lines.
 */
export function formatDeletionScript(
  plan: DeletionPlan,
  doubts: readonly string[],
  place: ShellContext,
  at: string,
): readonly string[] {
  const { account, role } = place;
  const region = quoteArgument(place.region);
  return [
    "#!/bin/sh",
    `# Deletes the service-linked role ${role.name} of account ${account}, after everything that uses it:`,
    `# ${linkedRoleArn(role, place)}`,
    `# Written by "drift-guard slr delete-plan" at ${at}. Read it before you run it: what it`,
    "# deletes cannot be restored. It needs the AWS CLI and credentials of the account.",
    "set -eu",
    "",
    // Seconds between polls; tests set it to 0. Each wait gives up after 90 polls.
    'pause="${PAUSE_SECONDS:-10}"',
    "",
    `if [ "$(aws sts get-caller-identity --region ${region} --query Account --output text)" != ${quoteArgument(account)} ]; then`,
    `  echo ${quoteArgument(`These are not credentials of account ${account}. Nothing was changed.`)} >&2`,
    "  exit 1",
    "fi",
    ...formatDoubts(doubts),
    "",
    "# Polls until a command prints one of the wanted words: wait_for TITLE 'WORD WORD' COMMAND…",
    "wait_for() {",
    "  title=$1",
    "  wanted=$2",
    "  shift 2",
    "  polls=0",
    "  while :; do",
    '    word=$("$@")',
    '    case " $wanted " in *" $word "*) return 0 ;; esac',
    "    polls=$((polls + 1))",
    '    if [ "$polls" -ge 90 ]; then',
    '      echo "$title Its status is still $word. The later steps were not run. Write a new script to continue." >&2',
    "      exit 1",
    "    fi",
    '    sleep "$pause"',
    "  done",
    "}",
    ...plan.steps.flatMap((step) =>
      step.step === "delete-role"
        ? formatRoleDeletion(step.role, region)
        : formatScriptStep(shellStepOf(step, place), step.region),
    ),
  ];
}

function formatDoubts(doubts: readonly string[]): readonly string[] {
  if (doubts.length === 0) return [];
  const [first = ""] = doubts;
  return [
    "",
    ...doubts.map((doubt) => `# ${sanitise(doubt, 1000)}`),
    `echo ${quoteArgument(`Incomplete: ${sanitise(first, 400)} Remove this line and the next if nothing uses the role.`)} >&2`,
    "exit 1",
  ];
}

function formatScriptStep({ title, command, until }: ShellStep, region: string): readonly string[] {
  const label = quoteArgument(`${sanitise(region, 40)}: ${title}`);
  const wait = `wait_for ${label} ${quoteArgument(until.wanted.join(" "))} ${until.command.map(quoteArgument).join(" ")}`;
  return ["", `echo ${label}`, `${command.map(quoteArgument).join(" ")} > /dev/null`, wait];
}

function formatRoleDeletion(role: string, region: string): readonly string[] {
  const name = quoteArgument(role);
  return [
    "",
    `echo ${quoteArgument(`Delete the role ${role}.`)}`,
    `task=$(aws iam delete-service-linked-role --region ${region} --role-name ${name} --query DeletionTaskId --output text)`,
    'echo "The task is $task"',
    `wait_for ${quoteArgument(`Delete the role ${role}.`)} 'SUCCEEDED FAILED' \\`,
    `  aws iam get-service-linked-role-deletion-status --region ${region} --deletion-task-id "$task" --query Status --output text`,
    'if [ "$word" = FAILED ]; then',
    `  aws iam get-service-linked-role-deletion-status --region ${region} --deletion-task-id "$task" --output json >&2`,
    `  echo ${quoteArgument("The role still exists. Delete the resources named above, if any, and run drift-guard slr delete-plan again: IAM may name all, some or none of the resources that use the role.")} >&2`,
    "  exit 1",
    "fi",
    `echo ${quoteArgument(`The role ${role} is deleted.`)}`,
  ];
}
