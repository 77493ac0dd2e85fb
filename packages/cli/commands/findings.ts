import { evaluateRole, reopenFinding, suppressFinding } from "../answers/findings.ts";
import { type Command, runSubcommand } from "../command.ts";
import { acceptIntoReference } from "../findings/accept.ts";
import { exportFindings } from "../findings/export.ts";
import { showHistory } from "../findings/history.ts";
import { listFindings } from "../findings/list.ts";
import { showFinding } from "../findings/show.ts";

/** `findings`: shows the findings of a guard, and answers them. */
export const findings: Command = {
  help: `Shows what a guard found, and answers it.

Usage: drift-guard findings list     [filter] [--watch] GUARD [options]
       drift-guard findings show     ID GUARD [options]
       drift-guard findings history  ID GUARD [options]
       drift-guard findings export   [filter] [--format FORMAT] GUARD
       drift-guard findings suppress ID --reason TEXT [--for TIME]
                                     [--as-code --owner NAME] GUARD [options]
       drift-guard findings reopen   ID [--reason TEXT] GUARD [options]
       drift-guard findings evaluate ROLE --stage NAME [options]
       drift-guard findings accept   ID… [--account FILE] [--into FOLDER]
                                     GUARD [options]
GUARD:   --stage NAME | --findings FILE
filter:  [--role ROLE]… [--severity SEVERITY] [--state STATE] [--age TIME]
options: [--config FILE] [--json]

  list      list findings, the worst first; --watch shows each change until
            Ctrl-C. Changes nothing
  show      show everything about one finding, and the next commands. Changes
            nothing
  history   show every transition of one finding. Changes nothing
  export    print findings for other programs, one on each line, resolved ones
            too unless --state says otherwise. Changes nothing
  suppress  accept one finding until a time, with exactly its present grants:
            a further grant opens it again, and less of it stays accepted.
            Nothing of it is rolled back while it is accepted whole. The person
            who made the change cannot accept it
  reopen    end the exception of a finding now
  evaluate  have a deployed guard read and evaluate a role now
  accept    accept findings of one role for good: write them into the role's
            reference, as a file to review like any other change

  ID               a finding; the first characters of its id suffice
  --stage NAME     the guard that was deployed as this stage, in the account of
                   the AWS SDK's credentials and the Region of the
                   configuration (regions.guard). Reading needs the policy
                   drift-guard-NAME-viewer, suppress drift-guard-NAME-operator
  --findings FILE  an embedded guard, by its SQLite file
  --role ROLE      a role's name, with * for any text; may be repeated
  --severity NAME  this severity and every worse one: CRITICAL, HIGH, MEDIUM,
                   LOW or INFORMATIONAL
  --state STATE    open, suppressed, resolved or all (default: open; of export,
                   all)
  --age TIME       opened at least this long ago, such as 12h or 7d
  --format FORMAT  jsonl, csv, ocsf or asff: a JSON document on each line,
                   comma-separated values, OCSF 1.5.0 or ASFF (default:
                   jsonl)
  --reason TEXT    why it is accepted; people are told of it
  --for TIME       hours or days, such as 8h or 30d (default: 30d; at most 366d)
  --as-code        record nothing: print the exception for the configuration
                   (exceptions), which is reviewed like other code
  --owner NAME     with --as-code: who answers for the exception
  --account FILE   of accept: read the role from a file with the output of "aws
                   iam get-account-authorization-details" (default: the live
                   account)
  --into FOLDER    of accept: write the reference here (default: references)
  --config FILE    configuration that names the watched roles
  --json           print one JSON document, with --watch one on a line for each
                   change (docs/schemas/findings-SUBCOMMAND.schema.json; of
                   suppress, answer.schema.json; of accept,
                   reference-capture.schema.json)

Exit codes: 0 none of the listed findings is open, or done; 1 one is open, or
the guard refused; 2 could not determine.
`,
  run: runSubcommand("findings", {
    list: listFindings,
    show: showFinding,
    history: showHistory,
    export: exportFindings,
    suppress: suppressFinding,
    reopen: reopenFinding,
    evaluate: evaluateRole,
    accept: acceptIntoReference,
  }),
};
