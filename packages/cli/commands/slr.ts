import { type Command, runSubcommand } from "../command.ts";
import { deleteRole } from "../slr/deletion.ts";
import { showDeletionPlan } from "../slr/deletion-plan.ts";
import { createRole, describeRole } from "../slr/edits.ts";
import { showStatus } from "../slr/status.ts";

/** `slr`: manages the service-linked roles of AWS Batch. */
export const slr: Command = {
  help: `Manages Batch's service-linked role. AWS maintains the role; you can create it,
edit its description, and delete it.

Usage: drift-guard slr status      [--regions LIST] [--state FILE] [--json]
       drift-guard slr delete-plan [--regions LIST] [--json | --script]
       drift-guard slr delete      --yes [--even-if-used] [--regions LIST]
                                   [--every SECONDS] [--for SECONDS]
                                   [--state FILE] [--json]
       drift-guard slr create      [--json]
       drift-guard slr describe    TEXT [--json]

  status          show whether it exists, what uses it, when it was last used,
                  and whether a deletion is in progress
  delete-plan     show what must be deleted before it, step by step and region
                  by region; changes nothing
  delete --yes    ask IAM to delete it and follow the deletion to its end; run
                  it again to continue following
  create          create it; Batch does this itself only for managed compute
                  environments
  describe TEXT   set its description, the only thing that IAM lets you edit

  --role NAME      AWSServiceRoleForBatch (default) or
                   AWSServiceRoleForAWSBatchWithSagemaker
  --regions LIST   also scan these regions, such as eu-west-1,us-west-2; "all"
                   means every region that has AWS Batch
  --script         print the plan as a shell script to review and run
  --even-if-used   ask IAM even if compute environments use the role; IAM
                   refuses, and may name them
  --every, --for   seconds between polls of the deletion, and seconds until
                   polling stops (default: 5 and 600)
  --state FILE     file that remembers requested deletions (default:
                   drift-guard/deletions.json in XDG_STATE_HOME, else in
                   ~/.local/state)
  --config FILE    configuration that names the regions of AWS Batch (default:
                   drift-guard.config.ts or .json in the working directory)
  --json           print one JSON document
                   (docs/schemas/slr-SUBCOMMAND.schema.json)

Works on the live account of the AWS SDK's credentials, asked at
AWS_ENDPOINT_URL if that is set.
Exit codes: 0 done or as it should be, 1 refused or not as it should be, 2 could
not determine, or the deletion has not ended.
`,
  run: runSubcommand("slr", {
    status: showStatus,
    "delete-plan": showDeletionPlan,
    delete: deleteRole,
    create: createRole,
    describe: describeRole,
  }),
};
