import { closeFinding } from "../answers/findings.ts";
import type { Command } from "../command.ts";

/** `close`: says that a foreign call with the guard's credentials was dealt with. */
export const close: Command = {
  help: `Closes the finding of a call that somebody else made with the guard's own
credentials, once you have dealt with it. Another such call opens it again.

Usage: drift-guard close ID --reason TEXT
       [--stage NAME | --findings FILE] [--config FILE] [--json]

  ID               a finding; the first characters of its id suffice
  --reason TEXT    what was done about it; people are told of it
  --stage NAME     the guard that was deployed as this stage. The answer is
                   signed with the credentials of the AWS SDK, and needs
                   lambda:InvokeFunction on the guard's function respond
  --findings FILE  an embedded guard, by its SQLite file
  --config FILE    configuration that names the watched roles
  --json           print one JSON document (docs/schemas/answer.schema.json)

Exit codes: 0 closed; 1 the guard refused; 2 could not determine.
`,
  run: closeFinding,
};
