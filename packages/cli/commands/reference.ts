import { type Command, runSubcommand } from "../command.ts";
import { capture } from "../reference/capture.ts";
import { checkReferences } from "../reference/check.ts";
import { listReferences } from "../reference/list.ts";
import { refresh } from "../reference/refresh.ts";
import { showReferences } from "../reference/show.ts";

/** `reference`: lists, shows, captures, checks and refreshes references, built in and the owner's own. */
export const reference: Command = {
  help: `Manages references: documents that say what a role should be.

Usage: drift-guard reference list    [--json]
       drift-guard reference show    ROLE… [--partition NAME] [--json]
       drift-guard reference show    ROLE --trust [--partition NAME]
       drift-guard reference capture ROLE… [--account FILE] [--into FOLDER]
                                     [--force] [--json]
       drift-guard reference capture ROLE --finding ID…
                                     (--findings FILE | --table NAME)
                                     [--account FILE] [--into FOLDER] [--json]
       drift-guard reference check   [FILE…]
       drift-guard reference refresh [ROLE…] [--account FILE] [--write]
                                     [--into FOLDER] [--json]

  list      list every reference with its source and strictness (see below)
  show      show what a reference requires and allows, grant by grant; --trust
            prints only its trust policy, for the AWS CLI; --partition takes
            the partition of the account, such as aws-cn (default: aws)
  capture   write a reference from the live role, so that it can be watched;
            with --finding, accept only that drift into the role's reference
  check     validate the configuration, its references, and reference FILEs
  refresh   compare the AWS managed policies in the references with their
            default versions in the account

  --account FILE   the account, as a file with the output of
                   "aws iam get-account-authorization-details" (default: the
                   live account of the AWS SDK's credentials, at
                   AWS_ENDPOINT_URL, if set)
  --finding ID     the accepted finding; the first characters of its id suffice
  --findings FILE  read findings from this SQLite file
  --table NAME     read findings from this DynamoDB table of a deployed guard
  --into FOLDER    write references here (default: references; refresh in the
                   guard's own project: packages/core/reference/built-in)
  --force          let capture replace an existing file
  --write          let refresh write what it found
  --config FILE    configuration that names the watched roles (default:
                   drift-guard.config.ts or .json in the working directory,
                   else the three roles of the AWS Batch User Guide)
  --json           print one JSON document
                   (docs/schemas/reference-SUBCOMMAND.schema.json)

Strictness says how each part is compared; a reference may relax it:
  trust exact           only principals of the reference may assume the role
  attachments required  the policies of the reference must be attached
  floor required        the role's policies must allow the grants of the floor
  ceiling closed        permissions beyond those of the reference are drift

Only files are written, never a role. Review them like any other change.
Exit codes: 0 done, 1 a reference is unsound or AWS changed a policy, 2 could
not determine.
`,
  run: runSubcommand("reference", {
    list: listReferences,
    show: showReferences,
    capture,
    check: checkReferences,
    refresh,
  }),
};
