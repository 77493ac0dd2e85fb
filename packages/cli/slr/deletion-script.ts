import type { DeletionPlan } from "@drift-guard/core/linked-role/deletion-plan";
import { linkedRoleArn } from "@drift-guard/core/linked-role/linked-role";
import { plain } from "@drift-guard/formats/plain";
import { quote } from "@drift-guard/formats/steps";
import { type ShellPlace, type ShellStep, shellStepOf } from "./shell-steps.ts";

/** A plan as a shell script for a person to review and run; `at` is when it was written (ISO 8601). */
export function printDeletionScript(plan: DeletionPlan, place: ShellPlace, at: string): readonly string[] {
  const { account, role } = place;
  const region = quote(place.region);
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
    `if [ "$(aws sts get-caller-identity --region ${region} --query Account --output text)" != ${quote(account)} ]; then`,
    `  echo ${quote(`These are not credentials of account ${account}. Nothing was changed.`)} >&2`,
    "  exit 1",
    "fi",
    ...printUnread(plan),
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
        ? printRoleDeletion(step.role, region)
        : printStep(shellStepOf(step, place), step.region),
    ),
  ];
}

function printUnread({ unread }: DeletionPlan): readonly string[] {
  if (unread.length === 0) return [];
  const regions = unread.map(({ region }) => plain(region, 40)).join(", ");
  return [
    "",
    ...unread.map(({ region, why }) => `# ${plain(region, 40)}: ${plain(why, 400)}`),
    `echo ${quote(`Not complete: what uses the role in ${regions} could not be read. Remove this line and the next if nothing does.`)} >&2`,
    "exit 1",
  ];
}

function printStep({ title, command, until }: ShellStep, region: string): readonly string[] {
  const told = quote(`${plain(region, 40)}: ${title}`);
  const wait = `wait_for ${told} ${quote(until.wanted.join(" "))} ${until.command.map(quote).join(" ")}`;
  return ["", `echo ${told}`, `${command.map(quote).join(" ")} > /dev/null`, wait];
}

function printRoleDeletion(role: string, region: string): readonly string[] {
  const name = quote(role);
  return [
    "",
    `echo ${quote(`Delete the role ${role}.`)}`,
    `task=$(aws iam delete-service-linked-role --region ${region} --role-name ${name} --query DeletionTaskId --output text)`,
    'echo "The task is $task"',
    `wait_for ${quote(`Delete the role ${role}.`)} 'SUCCEEDED FAILED' \\`,
    `  aws iam get-service-linked-role-deletion-status --region ${region} --deletion-task-id "$task" --query Status --output text`,
    'if [ "$word" = FAILED ]; then',
    `  aws iam get-service-linked-role-deletion-status --region ${region} --deletion-task-id "$task" --output json >&2`,
    `  echo ${quote("The role is kept. Clean up what is named above, if anything is, and run drift-guard slr delete-plan again: IAM may name all, some or none of what uses the role.")} >&2`,
    "  exit 1",
    "fi",
    `echo ${quote(`The role ${role} is deleted.`)}`,
  ];
}
