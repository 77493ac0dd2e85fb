import type { Command } from "../command.ts";
import { migrate as run } from "../migration/migrate.ts";

/** `migrate`: has a deployed guard write its stored items with the present schema. */
export const migrate: Command = {
  help: `Has a deployed guard write the findings that an older version stored with
the present schema, and shows how many are left. Nothing is reported again,
and no finding changes. It can be cut off and run again at any time.

Usage: drift-guard migrate --stage NAME [--config FILE] [--json]

  --stage NAME   the guard that was deployed as this stage. The credentials of
                 the AWS SDK need dynamodb:Scan on its table of findings and
                 lambda:InvokeFunction on its function sweep
  --config FILE  configuration that names the guard's Region
  --json         print one JSON document (docs/schemas/migrate.schema.json)

Until then, the guard reads both schemas, and each sweep migrates the roles that
it inspects; but lists of findings lack those of the older schema. The file of
an embedded guard is migrated when it is opened.
Exit codes: 0 all items have the present schema; 1 some are left; 2 could not
determine.
`,
  run,
};
