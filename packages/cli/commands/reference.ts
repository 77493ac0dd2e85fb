import { sanitise } from "@drift-guard/formats/printable";
import { type Command, type ExitCode, UsageError } from "../command.ts";
import { capture } from "../reference/capture.ts";
import { checkReferences } from "../reference/check.ts";
import { listReferences } from "../reference/list.ts";
import { refresh } from "../reference/refresh.ts";
import { showReferences } from "../reference/show.ts";
import type { Terminal } from "../terminal.ts";

const subcommands = new Map<string, (args: readonly string[], terminal: Terminal) => Promise<ExitCode>>([
  ["list", listReferences],
  ["show", showReferences],
  ["capture", capture],
  ["check", checkReferences],
  ["refresh", refresh],
]);

/** `reference`: what roles should be, built in and of the owner's own. */
export const reference: Command = {
  help: `Shows, makes and renews references: what roles should be.

Usage: drift-guard reference list    [--json]
       drift-guard reference show    ROLE… [--json] | ROLE --trust
       drift-guard reference capture ROLE… [--account FILE] [--into FOLDER] [--force] [--json]
       drift-guard reference capture ROLE --finding ID… (--findings FILE | --table NAME) [--account FILE]
                                     [--into FOLDER] [--json]
       drift-guard reference check   [FILE…]
       drift-guard reference refresh [ROLE…] [--account FILE] [--write] [--into FOLDER] [--json]

  list      every reference, built in or of the configuration, with its source and how strict it is
  show      what one says, grant by grant; with --trust its trust policy alone, as the AWS CLI takes it
  capture   write a reference from the live role, so that any role can be guarded; with --finding, take that
            accepted drift, and nothing else, into the role's reference
  check     whether the configuration, its references, and reference FILEs are sound
  refresh   compare the AWS-managed policies of the references with their default versions in the account

  --account FILE   the output of "aws iam get-account-authorization-details"; without it, the live account of
                   the SDK's usual credentials, at AWS_ENDPOINT_URL where that is set
  --findings FILE  findings in SQLite; --table NAME: the guard's table Findings in DynamoDB
  --into FOLDER    where references are written (default: references; refresh within the guard's own project:
                   packages/core/reference/built-in)
  --force          capture in place of a file that is there
  --write          write what refresh found
  --config FILE    the configuration (default: drift-guard.config.ts or .json here, else one that guards the
                   three roles of the guide)

Only files are written, never a role. Review them as any other change.
Exit codes: 0 done, 1 something is not sound or AWS changed something, 2 something could not be told.
`,
  async run([name, ...args], terminal) {
    const subcommand = name === undefined ? undefined : subcommands.get(name);
    if (subcommand) return subcommand(args, terminal);
    const known = [...subcommands.keys()].join(", ");
    throw new UsageError(
      name === undefined
        ? `reference is followed by one of ${known}. See drift-guard reference --help.`
        : `There is no reference ${sanitise(name, 40)}; there are ${known}. See drift-guard reference --help.`,
    );
  },
};
