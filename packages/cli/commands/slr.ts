import { type Command, runSubcommand } from "../command.ts";
import { deleteRole } from "../slr/deletion.ts";
import { showDeletionPlan } from "../slr/deletion-plan.ts";
import { createRole, describeRole } from "../slr/edits.ts";
import { showStatus } from "../slr/status.ts";

/** `slr`: manages the service-linked roles of AWS Batch. */
export const slr: Command = {
  help: `Manages Batch's service-linked role. AWS maintains the role; you can create it,
edit its description, and delete it.

Usage: drift-guard slr status      [--regions LIST] [--state FILE] [options]
       drift-guard slr delete-plan [--regions LIST] [--script] [options]
       drift-guard slr delete      --yes [--even-if-used] [--force]
                                   [--regions LIST] [--every SECONDS]
                                   [--for SECONDS] [--state FILE] [options]
       drift-guard slr create      [options]
       drift-guard slr describe    TEXT [options]
options: [--role NAME] [--config FILE] [--json]

  status          show whether the role exists, what uses it, when it was last
                  used, and whether a deletion is in progress
  delete-plan     show what must be deleted before the role, step by step and
                  region by region; changes nothing
  delete --yes    ask IAM to delete the role, and follow the deletion to its
                  end; run the command again to continue following
  create          create the role; Batch does this itself only for managed
                  compute environments
  describe TEXT   set the role's description, the only thing that IAM lets you
                  edit

  --role NAME      AWSServiceRoleForBatch (default) or
                   AWSServiceRoleForAWSBatchWithSagemaker
  --regions LIST   scan only these regions, such as eu-west-1,us-west-2
                   (default: "all", every region of the partition that the
                   account has enabled)
  --script         print the plan as a shell script to review and run
  --even-if-used   ask IAM even if compute environments use the role; IAM
                   refuses, and may name them
  --force          ask IAM even if a region was not scanned or not read, or if
                   the role was used in the last 24 hours
  --every, --for   seconds between polls of the deletion, and seconds until
                   polling stops (default: 5 and 600)
  --state FILE     file that remembers requested deletions (default:
                   drift-guard/deletions.json in XDG_STATE_HOME, else in
                   ~/.local/state)
  --config FILE    scan the regions of this configuration too
  --json           print one JSON document
                   (docs/schemas/slr-SUBCOMMAND.schema.json)

Works on the live account of the AWS SDK's credentials, at AWS_ENDPOINT_URL, if
set.
Exit codes: 0 done, or the role is in order; 1 refused, or the role is not in
order; 2 could not determine, or the deletion has not ended.
`,
  run: runSubcommand("slr", {
    status: showStatus,
    "delete-plan": showDeletionPlan,
    delete: deleteRole,
    create: createRole,
    describe: describeRole,
  }),
};
