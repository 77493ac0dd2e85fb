import type { Config } from "@drift-guard/core/config/config";
import type { DeploymentPlace } from "@drift-guard/core/config/deployment";
import { fingerprintOf } from "@drift-guard/core/config/fingerprint";
import { type Check, type CheckStatus, countChecks } from "@drift-guard/core/doctor/check";
import { expectDeployment } from "@drift-guard/core/doctor/expectation";
import type { DeploymentReader } from "@drift-guard/core/ports";
import { version } from "@drift-guard/core/version";
import { sanitise } from "@drift-guard/formats/printable";
import { examine } from "@drift-guard/guard/doctor/examine";
import { listForwardedRegions, partitionOf } from "@drift-guard/infra/stack/regions";
import { listRolledBackRoles } from "@drift-guard/infra/stack/rollback-permissions";
import { adviseOnStage, identifyLiveAccount, schedulerEndpoint } from "../account-source.ts";
import { type Command, type ExitCode, parseOptions, UsageError } from "../command.ts";
import { findConfigFile, loadConfig } from "../config.ts";
import { DoctorOutput } from "../output/doctor.ts";
import { formatDocument } from "../output/json.ts";
import { findLocalConfig } from "../rollback/session.ts";
import { padCell, type Style, type Terminal, wrap } from "../terminal.ts";

const options = {
  stage: { type: "string", value: "a NAME" },
  config: { type: "string", value: "a FILE" },
  json: { type: "boolean", default: false },
} as const;

/** `doctor`: shows whether a deployed guard sees what it must see. */
export const doctor: Command = {
  help: `Shows whether a deployed guard sees what it must see: looks at the trail, the
rules, queues, functions, tables, the schedule, Security Hub, the topic and its
subscribers, the configuration and this machine's clock. Changes nothing.

Usage: drift-guard doctor --stage NAME [--config FILE] [--json]

  --stage NAME   the guard that was deployed as this stage, in the account of
                 the AWS SDK's credentials and the Region of the configuration
                 (regions.guard). Needs the policy drift-guard-NAME-viewer
  --config FILE  the configuration that was deployed: doctor expects what it
                 says
  --json         print one JSON document (docs/schemas/doctor.schema.json)

docs/operating.md says what each check means, and what to do.
Exit codes: 0 nothing failed; 1 a check failed; 2 none failed, and some could
not be determined.
`,
  run: examineStage,
};

async function examineStage(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { stage, config: chosen, json } = parseOptions("doctor", args, options);
  if (stage === undefined)
    throw new UsageError(
      "Name the deployed guard with --stage NAME. A guard that is not deployed has nothing to examine.",
    );
  const file = chosen ?? (await findLocalConfig(stage));
  const config = await loadConfig(file);
  const { account, partition } = await identifyLiveAccount(adviseOnStage(stage));
  const place = { stage, region: config.regions.guard, account, partition };
  if (partitionOf(place.region) !== partition)
    throw new UsageError(
      `The guard's Region ${place.region} is in the partition ${partitionOf(place.region)}, and the credentials are of ${partition}. Check regions.guard of the configuration, or the credentials.`,
    );
  const checks = await readAndJudge(
    place,
    config,
    findConfigFile(file) ?? "the default configuration",
    terminal,
  );
  const counts = countChecks(checks);
  const exitCode = counts.failed > 0 ? 1 : counts.unknown > 0 ? 2 : 0;
  const { region } = place;
  await terminal.print(
    ...(json
      ? [formatDocument(DoctorOutput, { schema: 1, account, stage, region, exitCode, counts, checks })]
      : [
          ...checks.flatMap((check) => formatCheck(check, terminal)),
          "",
          ...wrap(
            `Stage ${stage} of account ${account} in ${region}: ${checks.length} checks, ${counts.failed} failed, ${counts.unknown} unknown, ${counts.warning} with a warning, ${counts.ok} ok. Nothing was changed.`,
            terminal.columns,
          ),
        ]),
  );
  return exitCode;
}

async function readAndJudge(
  place: DeploymentPlace,
  config: Config,
  file: string,
  terminal: Terminal,
): Promise<readonly Check[]> {
  const expected = expectDeployment(place, {
    batchRegions: config.regions.batch,
    forwarded: listForwardedRegions(config.regions),
    securityHub: config.securityHub,
    rollback: listRolledBackRoles(config).length > 0,
  });
  terminal.progress("Reading the deployment");
  const { deployment, close } = await openReader(place.region);
  try {
    return await examine(expected, { fingerprint: fingerprintOf(config), version, file }, { deployment });
  } finally {
    close();
    terminal.progress("");
  }
}

/** Opens a reader with the credentials of the AWS SDK; `close` frees its connections. */
async function openReader(
  home: string,
): Promise<{ readonly deployment: DeploymentReader; readonly close: () => void }> {
  const [sts, lambda, dynamodb, hub, trail, events, sqs, sns, { createDeploymentReader }] = await Promise.all(
    [
      import("@aws-sdk/client-sts"),
      import("@aws-sdk/client-lambda"),
      import("@aws-sdk/client-dynamodb"),
      import("@aws-sdk/client-securityhub"),
      import("@aws-sdk/client-cloudtrail"),
      import("@aws-sdk/client-eventbridge"),
      import("@aws-sdk/client-sqs"),
      import("@aws-sdk/client-sns"),
      import("@drift-guard/aws/deployment/reader"),
    ],
  );
  const opened: { destroy(): void }[] = [];
  const open = <Client extends { destroy(): void }>(client: Client): Client => {
    opened.push(client);
    return client;
  };
  const byRegion = <Client extends { destroy(): void }>(create: (region: string) => Client) => {
    const clients = new Map<string, Client>();
    return (region: string) => {
      const client = clients.get(region) ?? open(create(region));
      clients.set(region, client);
      return client;
    };
  };
  const deployment = createDeploymentReader(
    {
      sts: open(new sts.STSClient({ region: home })),
      lambda: open(new lambda.LambdaClient({ region: home })),
      dynamodb: open(new dynamodb.DynamoDBClient({ region: home })),
      hub: open(new hub.SecurityHubClient({ region: home })),
      trailsIn: byRegion((region) => new trail.CloudTrailClient({ region })),
      eventsIn: byRegion((region) => new events.EventBridgeClient({ region })),
      queuesIn: byRegion((region) => new sqs.SQSClient({ region, useQueueUrlAsEndpoint: false })),
      topicsIn: byRegion((region) => new sns.SNSClient({ region })),
    },
    { region: home, schedulerEndpoint: schedulerEndpoint(), now: () => new Date() },
  );
  return {
    deployment,
    close: () => {
      for (const client of opened) client.destroy();
    },
  };
}

const styles: Readonly<Record<CheckStatus, Style>> = {
  ok: "green",
  warning: "yellow",
  failed: "red",
  unknown: "yellow",
};

function formatCheck({ area, subject, region, status, text, next, command }: Check, terminal: Terminal) {
  const label = terminal.paint(styles[status], padCell(status, 9));
  const name = area === subject ? area : `${area} ${subject}`;
  const indent = " ".repeat(9);
  const lines = (said: string) => wrap(sanitise(said, 1500), terminal.columns, indent);
  return [
    `${label}${sanitise(name, 120)} (${sanitise(region, 40)})${status === "ok" ? `: ${sanitise(text, 300)}` : ""}`,
    ...(status === "ok" ? [] : lines(text)),
    ...(next === undefined ? [] : lines(next)),
    // A command stays whole, so that it can be copied.
    ...(command === undefined ? [] : [`${indent}  ${sanitise(command, 1000)}`]),
  ];
}
