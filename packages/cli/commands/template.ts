import type { Config } from "@drift-guard/core/config/config";
import { version } from "@drift-guard/core/version";
import { sanitise } from "@drift-guard/formats/printable";
import type { Distribution } from "@drift-guard/infra/distribution";
import { type Command, parseOptions, UsageError } from "../command.ts";
import { findConfigFile, loadConfig } from "../config.ts";
import { type Terminal, wrap } from "../terminal.ts";

/** `template`: writes CloudFormation templates of the guard for any account, or prints one for Security Hub's administrator. */
export const template: Command = {
  help: `Writes CloudFormation templates that deploy the guard to any account, or prints
the one for the administrator account of Security Hub.

Usage: drift-guard template --out DIR [--config FILE]
       drift-guard template --hub-forwarding --account ID [--region REGION]

  --out DIR          writes the template of the guard's Region, one for each
                     other Region whose events it needs, and the functions'
                     archives, into a folder of their own
  --config FILE      configuration of the guard (default: drift-guard.config.ts
                     or .json in the working directory)
  --hub-forwarding   for the administrator account of Security Hub: forwards
                     custom actions on the guard's findings to the guard
  --account ID       the guarded account, 12 digits
  --region REGION    the guard's region (default: us-east-1)

The templates of --out have the resources of npx sst deploy, under the same
names. docs/many-accounts.md says how to deploy them to an organisation.

Deploy the template of --hub-forwarding in the Region in which people choose the
actions: the home Region of Security Hub, or else the guard's. The guarded
account must let the administrator account put events on its default bus. Run
there, once:

  aws events put-permission --region REGION --action events:PutEvents \\
    --principal ADMINISTRATOR --statement-id drift-guard-hub
`,
  async run(args, terminal) {
    const values = parseOptions("template", args, {
      out: { type: "string", value: "a DIR" },
      config: { type: "string", value: "a FILE" },
      "hub-forwarding": { type: "boolean", default: false },
      account: { type: "string", value: "an ID" },
      region: { type: "string", value: "a REGION" },
    });
    const { out, config, account, region = "us-east-1" } = values;
    if (values["hub-forwarding"]) {
      if (out !== undefined || config !== undefined)
        throw new UsageError("--hub-forwarding prints its template: it takes no --out and no --config.");
      await printHubForwarding({ account: account ?? "", region }, terminal);
      return 0;
    }
    if (out === undefined) throw new UsageError("template needs --out DIR or --hub-forwarding.");
    if (account !== undefined || values.region !== undefined)
      throw new UsageError(
        "The templates of --out hold for any account, and their Regions are those of the configuration: --account and --region belong to --hub-forwarding.",
      );
    const file = findConfigFile(config);
    const owner = await loadConfig(config);
    // Loaded here, because it loads the bundler and the stack.
    const { writeDistribution } = await import("@drift-guard/infra/distribution");
    const report = (line: string) => void terminal.print(terminal.paint("dim", sanitise(line)));
    const distribution = await writeDistribution(owner, { out, version, report });
    await terminal.print(
      ...formatDistribution(distribution, { file, accounts: listAccounts(owner) }, terminal),
    );
    return 0;
  },
};

async function printHubForwarding(
  place: { readonly account: string; readonly region: string },
  terminal: Terminal,
): Promise<void> {
  if (!/^\d{12}$/.test(place.account))
    throw new UsageError("--account needs the 12 digits of the guarded account.");
  if (!/^[a-z]{2,4}(?:-[a-z]+)+-\d+$/.test(place.region))
    throw new UsageError("--region needs a Region, such as us-east-1.");
  const { renderHubForwarding } = await import("@drift-guard/infra/template/hub-forwarding");
  await terminal.print(renderHubForwarding(place));
}

/** Lists the ids of accounts in ARNs of the configuration. */
function listAccounts(config: Config): readonly string[] {
  const found = JSON.stringify(config).matchAll(/arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):/g);
  return [...new Set([...found].map(([, account = ""]) => account))].toSorted();
}

function formatDistribution(
  { folder, templates, archives }: Distribution,
  { file, accounts }: { readonly file: string | undefined; readonly accounts: readonly string[] },
  { columns, paint }: Terminal,
): readonly string[] {
  const shown =
    accounts.slice(0, 5).join(", ") + (accounts.length > 5 ? ` and ${accounts.length - 5} more` : "");
  return [
    `${paint("bold", "Wrote")} ${sanitise(folder, 300)}`,
    "",
    ...templates.map(
      ({ file, region, isGuard, resources }) =>
        `  ${file}: ${isGuard ? "the guard" : "forwards events"}, ${resources} resources, for ${region}`,
    ),
    ...archives.map((file) => `  functions/${file}`),
    "",
    ...wrap(
      file === undefined
        ? "There is no configuration: the guard watches the three roles of the AWS Batch User Guide."
        : `Configuration: ${sanitise(file, 300)}.`,
      columns,
    ),
    ...(accounts.length === 0
      ? []
      : wrap(
          `ARNs in the configuration name accounts (${shown}). They stay as they are, in every account that the guard is deployed to.`,
          columns,
        )),
    "",
    ...wrap(
      "Put the archives into an S3 bucket in the guard's Region, which each account may read. Then deploy the guard's template with its parameters ArtefactBucket and ArtefactPrefix, and after it the others: docs/many-accounts.md.",
      columns,
    ),
  ];
}
