import { sanitise } from "@drift-guard/formats/printable";
import { type Command, type ExitCode, UsageError } from "../command.ts";
import { deleteRole } from "../slr/deletion.ts";
import { showDeletionPlan } from "../slr/deletion-plan.ts";
import { createRole, describeRole } from "../slr/edits.ts";
import { showStatus } from "../slr/status.ts";
import type { Terminal } from "../terminal.ts";

const subcommands = new Map<string, (args: readonly string[], terminal: Terminal) => Promise<ExitCode>>([
  ["status", showStatus],
  ["delete-plan", showDeletionPlan],
  ["delete", deleteRole],
  ["create", createRole],
  ["describe", describeRole],
]);

/** `slr`: the life of Batch's service-linked roles. */
export const slr: Command = {
  help: `Looks after Batch's service-linked role: AWS keeps it, and a person can make, describe and delete it.

Usage: drift-guard slr status      [--regions LIST] [--state FILE] [--json]
       drift-guard slr delete-plan [--regions LIST] [--json | --script]
       drift-guard slr delete --yes [--even-if-used] [--regions LIST] [--every SECONDS] [--for SECONDS]
                                   [--state FILE] [--json]
       drift-guard slr create      [--json]
       drift-guard slr describe TEXT [--json]

  status           whether it is there, when it was last used, what uses it, and whether it is being deleted
  delete-plan      what has to go before it, step by step and region by region; it changes nothing
  delete --yes     ask IAM to delete it, and follow the deletion to its end; run it again to follow it further
  create           make it: Batch does so by itself for managed compute environments, and for no others
  describe TEXT    write its description; IAM lets nothing else of it be edited

  --role NAME        AWSServiceRoleForBatch (default) or AWSServiceRoleForAWSBatchWithSagemaker
  --regions LIST     look in these regions too, such as eu-west-1,us-west-2; "all": every one that has Batch
  --script           the plan as a shell script to review and run
  --even-if-used     ask IAM even where compute environments use the role: it refuses, and may name what does
  --every, --for     how often the deletion is looked at, and for how long (default: 5 and 600 seconds)
  --state FILE       where deletions that were asked for are remembered (default: drift-guard/deletions.json in
                     XDG_STATE_HOME, else in ~/.local/state)
  --config FILE      the configuration that says in which regions Batch runs (default: drift-guard.config.ts here)
  --json             one JSON document

It works on the live account of the SDK's usual credentials, at AWS_ENDPOINT_URL where that is set.
Exit codes: 0 well or done, 1 not as it should be or refused, 2 something could not be told, or has not ended.
`,
  async run([name, ...args], terminal) {
    const subcommand = name === undefined ? undefined : subcommands.get(name);
    if (subcommand) return subcommand(args, terminal);
    const known = [...subcommands.keys()].join(", ");
    throw new UsageError(
      name === undefined
        ? `slr is followed by one of ${known}. See drift-guard slr --help.`
        : `There is no slr ${sanitise(name, 40)}; there are ${known}. See drift-guard slr --help.`,
    );
  },
};
