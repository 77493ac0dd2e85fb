import type { SchemaCount } from "@drift-guard/aws/dynamodb/schema-count";
import { locateDeployment } from "@drift-guard/core/config/deployment";
import { sanitise } from "@drift-guard/formats/printable";
import { adviseOnStage, identifyLiveAccount } from "../account-source.ts";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { formatDocument } from "../output/json.ts";
import { MigrateOutput } from "../output/migrate.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { invokeMigration } from "./invocation.ts";
import { type MigrationResult, migrateDeployment } from "./migration.ts";

/** `migrate`: has a deployed guard write its stored items with the present schema. */
export async function migrate(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommandLine("migrate", args, {
    stage: { type: "string", value: "a NAME" },
    config: { type: "string", value: "a FILE" },
    json: { type: "boolean", default: false },
  });
  const { stage } = values;
  if (positionals.length > 0) throw new UsageError("migrate takes options only.");
  if (stage === undefined) {
    throw new UsageError(
      "Name the deployed guard: --stage NAME. The file of an embedded guard is migrated when it is opened.",
    );
  }
  const config = await loadConfig(values.config);
  const { account, partition } = await identifyLiveAccount(adviseOnStage(stage));
  const region = config.regions.guard;
  const deployment = locateDeployment({ stage, region, account, partition });
  const [{ DynamoDBClient }, { countSchemas }] = await Promise.all([
    import("@aws-sdk/client-dynamodb"),
    import("@drift-guard/aws/dynamodb/schema-count"),
  ]);
  const client = new DynamoDBClient({ region });
  try {
    const table = deployment.findings;
    const result = await migrateDeployment({
      count: () => countSchemas(client, { table, account }),
      migrate: (roles) => invokeMigration(deployment.arnOfFunction("sweep"), region, roles),
      progress: (done, of) => terminal.progress(`Migrated ${done} of ${of} roles`),
    });
    terminal.progress("");
    const exitCode = result.after.old === 0 ? 0 : 1;
    const { before, after, unreadable } = result;
    await terminal.print(
      ...(values.json
        ? [
            formatDocument(MigrateOutput, {
              schema: 1,
              account,
              table,
              exitCode,
              before: sum(before),
              after: sum(after),
              unreadable,
            }),
          ]
        : describeMigration(result, stage).flatMap((line) => wrap(sanitise(line, 1000), terminal.columns))),
    );
    return exitCode;
  } finally {
    client.destroy();
  }
}

function sum({ current, old, roles }: SchemaCount): MigrateOutput["before"] {
  return { current, old, roles: roles.length };
}

/** Returns what a migration did, and what to do next, as sentences. */
export function describeMigration(
  { before, after, unreadable }: MigrationResult,
  stage: string,
): readonly string[] {
  if (before.old === 0) return [`All ${before.current} stored items have the present schema.`];
  const done = `${before.old - after.old} of ${before.old} items of ${before.roles.length} roles were migrated.`;
  if (after.old === 0) return [done, `All ${after.current} stored items have the present schema now.`];
  return [
    done,
    `${after.old} items still have the older schema. Run drift-guard migrate --stage ${stage} again: it goes on with them.`,
    ...(unreadable.length === 0
      ? []
      : [`These cannot be read and stay as they are: ${unreadable.slice(0, 20).join(", ")}.`]),
  ];
}
