import { suppressFinding } from "../answers/findings.ts";
import type { Command } from "../command.ts";

/** `suppress`: accepts a finding until a time. */
export const suppress: Command = {
  help: `Accepts one finding until a time, with exactly its present evidence: it is
reported again if it changes, and nothing of it is rolled back.

Usage: drift-guard suppress ID --reason TEXT [--for TIME]
       [--stage NAME | --findings FILE] [--config FILE] [--json]

  ID               a finding; the first characters of its id suffice
  --reason TEXT    why it is accepted; people are told of it
  --for TIME       hours or days, such as 8h or 30d (default: 30d; at most 366d)
  --stage NAME     the guard that was deployed as this stage. The answer is
                   signed with the credentials of the AWS SDK, and needs
                   lambda:InvokeFunction on the guard's function respond
  --findings FILE  an embedded guard, by its SQLite file
  --config FILE    configuration that names the watched roles
  --json           print one JSON document (docs/schemas/answer.schema.json)

The person who made the change cannot accept it: another person must.
Exit codes: 0 accepted; 1 the guard refused; 2 could not determine.
`,
  run: suppressFinding,
};
