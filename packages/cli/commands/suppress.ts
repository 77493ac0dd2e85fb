import { suppressFinding } from "../answers/findings.ts";
import type { Command } from "../command.ts";

/** `suppress`: accepts a finding until a time. */
export const suppress: Command = {
  help: `Accepts one finding until a time, with exactly its present grants, as findings
suppress does: a further grant opens it again, and less of it stays accepted.
Nothing of it is rolled back while it is accepted whole.

Usage: drift-guard suppress ID --reason TEXT [--for TIME]
       [--as-code --owner NAME] [--stage NAME | --findings FILE]
       [--config FILE] [--json]

  ID               a finding; the first characters of its id suffice
  --reason TEXT    why it is accepted; people are told of it
  --for TIME       hours or days, such as 8h or 30d (default: 30d; at most 366d)
  --as-code        record nothing: print the exception for the configuration
                   (exceptions), which is reviewed like other code
  --owner NAME     with --as-code: who answers for the exception
  --stage NAME     the guard that was deployed as this stage. The answer is
                   signed with the credentials of the AWS SDK. Needs the policy
                   drift-guard-NAME-operator
  --findings FILE  an embedded guard, by its SQLite file
  --config FILE    configuration that names the watched roles
  --json           print one JSON document (docs/schemas/answer.schema.json)

The person who made the change cannot accept it: another person must.
Exit codes: 0 accepted; 1 the guard refused; 2 could not determine.
`,
  run: suppressFinding,
};
