import type { DeletionPlan } from "@drift-guard/core/linked-role/deletion-plan";
import { linkedRoleArn } from "@drift-guard/core/linked-role/linked-role";
import { sanitise } from "@drift-guard/formats/printable";
import { quoteArgument } from "@drift-guard/formats/steps";
import { type ShellContext, type ShellStep, shellStepOf } from "./shell-steps.ts";

/** A plan as a shell script for a person to review and run; `at` is when it was written (ISO 8601). */
export function formatDeletionScript(plan: DeletionPlan, place: ShellContext, at: string): readonly string[] {
  const { account, role } = place;
  const region = quoteArgument(place.region);
  return [
    "#!/bin/sh",
    `# Deletes the service-linked role ${role.name} of account ${account}, and before it all that works with it:`,
    `# ${linkedRoleArn(role, place)}`,
    `# Written by "drift-guard slr delete-plan" at ${at}, which changed nothing. Read it before you run it:`,
    "# what it deletes cannot be brought back. It needs AWS's own CLI and credentials of the account.",
    "set -eu",
    "",
    // One variable for tests and for the impatient; each wait ends after 90 looks.
    'pause="${PAUSE_SECONDS:-10}"',
    "",
    `if [ "$(aws sts get-caller-identity --region ${region} --query Account --output text)" != ${quoteArgument(account)} ]; then`,
    `  echo ${quoteArgument(`These are not credentials of account ${account}. Nothing was changed.`)} >&2`,
    "  exit 1",
    "fi",
    ...formatUnread(plan),
    "",
    "# Looks until a command prints one of the words that are wanted: wait_for TITLE 'WORD WORD' COMMAND…",
    "wait_for() {",
    "  title=$1",
    "  wanted=$2",
    "  shift 2",
    "  looks=0",
    "  while :; do",
    '    word=$("$@")',
    '    case " $wanted " in *" $word "*) return 0 ;; esac',
    "    looks=$((looks + 1))",
    '    if [ "$looks" -ge 90 ]; then',
    '      echo "$title It is still $word, and nothing after it was done. Write the script anew to go on." >&2',
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

function formatUnread({ unread }: DeletionPlan): readonly string[] {
  if (unread.length === 0) return [];
  const regions = unread.map(({ region }) => sanitise(region, 40)).join(", ");
  return [
    "",
    ...unread.map(({ region, why }) => `# ${sanitise(region, 40)}: ${sanitise(why, 400)}`),
    `echo ${quoteArgument(`Not complete: what uses the role in ${regions} could not be read. Remove this line and the next if nothing does.`)} >&2`,
    "exit 1",
  ];
}

function formatScriptStep({ title, command, until }: ShellStep, region: string): readonly string[] {
  const told = quoteArgument(`${sanitise(region, 40)}: ${title}`);
  const wait = `wait_for ${told} ${quoteArgument(until.wanted.join(" "))} ${until.command.map(quoteArgument).join(" ")}`;
  return ["", `echo ${told}`, `${command.map(quoteArgument).join(" ")} > /dev/null`, wait];
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
    `  echo ${quoteArgument("The role is kept. Clean up what is named above, if anything is, and run drift-guard slr delete-plan again: IAM may name all, some or none of what uses the role.")} >&2`,
    "  exit 1",
    "fi",
    `echo ${quoteArgument(`The role ${role} is deleted.`)}`,
  ];
}
