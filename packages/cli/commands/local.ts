import type { VendorChange } from "@drift-guard/core/model/evidence";
import { sanitise } from "@drift-guard/formats/printable";
import { quoteArgument } from "@drift-guard/formats/steps";
import type { LocalAccount } from "@drift-guard/local/local";
import { type Command, parseOptions, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { type Terminal, wrap, wrapLines } from "../terminal.ts";

/** `local`: runs the guard, deployed as it would be in AWS, in an emulated account on this machine. */
export const local: Command = {
  help: `Runs an emulated AWS account on this machine and deploys the guard into it as
into a real account.

Usage: drift-guard local [--rollback] [--port PORT] [--config FILE]

  --rollback      roll drift back: in the modes of the configuration, and
                  automatically where they are off. Without it, the guard only
                  reports
  --port PORT     port of the account on 127.0.0.1 (default: a free port)
  --config FILE   configuration that names the watched roles (default:
                  drift-guard.config.ts or .json in the working directory,
                  else the three roles of the AWS Batch User Guide)

Needs Python 3.10 or newer. The first run installs the emulators into a folder
that git ignores. The guard's messages are printed as they arrive. Ctrl-C stops
every process that was started.
`,
  async run(args, terminal) {
    const values = parseOptions("local", args, {
      rollback: { type: "boolean", default: false },
      port: { type: "string", value: "a PORT" },
      config: { type: "string", value: "a FILE" },
    });
    const port = values.port === undefined ? {} : { port: readPort(values.port) };
    const owner = await loadConfig(values.config);
    // Loaded here, because it loads SDK clients, the bundler and the stack.
    const { configureLocally, startLocalAccount, storeConfig } = await import("@drift-guard/local/local");
    const config = configureLocally(owner, { rollback: values.rollback });
    const interruption = listenForInterrupt();
    const account = await startLocalAccount({
      config,
      ...port,
      report: (line) => void terminal.print(terminal.paint("dim", sanitise(line))),
    }).catch((error: unknown) => {
      // Ctrl-C reaches the emulators too, so a failed start after it is expected.
      if (interruption.aborted) return undefined;
      throw error;
    });
    if (!account) return 0;
    try {
      await terminal.print(...formatWelcome(account, values.rollback, await storeConfig(config), terminal));
      await showMessages(account, interruption, terminal);
      await terminal.print("", "Stopping …");
    } finally {
      await account.stop();
    }
    return 0;
  },
};

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UsageError(`${sanitise(text, 40)} is not a port: --port takes a number from 1 to 65535.`);
}

// The first Ctrl-C stops in order; the second exits at once, and the emulators end with this process.
function listenForInterrupt(): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(2);
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return controller.signal;
}

const policy = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole";

function formatWelcome(
  { endpoint, news, onCall }: LocalAccount,
  rollback: boolean,
  configFile: string,
  { columns, paint }: Terminal,
): readonly string[] {
  const sentence = rollback
    ? "The watched roles match their references. Drift is reported here within seconds, and rolled back."
    : "The watched roles match their references. Drift is reported here within seconds; with --rollback it is also rolled back.";
  return [
    "",
    `${paint("bold", "The account answers at")} ${paint("cyan", endpoint)}`,
    ...wrap(sentence, columns),
    ...(rollback
      ? wrap("Rollback is enabled here from the start; a new deployment only observes at first.", columns)
      : []),
    ...news.flatMap((change) => wrap(formatNews(change), columns)),
    "",
    "Try, in another terminal:",
    "",
    `  export AWS_ENDPOINT_URL=${endpoint}`,
    // The AWS CLI 1 and boto3 read the second one alone.
    "  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1",
    "  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local",
    "  aws iam detach-role-policy --role-name AWSBatchServiceRole \\",
    `    --policy-arn ${policy}`,
    "  npx drift-guard check",
    "",
    "or, without the AWS CLI:",
    "",
    "  node --input-type=module -e '",
    '    import { DetachRolePolicyCommand, IAMClient } from "@aws-sdk/client-iam";',
    "    await new IAMClient().send(new DetachRolePolicyCommand({",
    '      RoleName: "AWSBatchServiceRole",',
    `      PolicyArn: "${policy}",`,
    "    }))'",
    "",
    ...wrap(
      `The guard is deployed as the stage local. Its configuration, ${configFile}, is used by itself. What it found, and what its rollback does:`,
      columns,
    ),
    "",
    "  npx drift-guard findings list --stage local",
    "  npx drift-guard rollback status --stage local",
    "",
    ...wrap(
      "The person who made a change cannot approve, accept or undo it. Answer as another, the user oncall:",
      columns,
    ),
    "",
    `  export AWS_ACCESS_KEY_ID=${quoteArgument(onCall.id)}`,
    `  export AWS_SECRET_ACCESS_KEY=${quoteArgument(onCall.secret)}`,
    "  npx drift-guard rollback pause AWSBatchServiceRole --stage local --reason Test",
    "",
    "Ctrl-C stops it.",
  ];
}

function formatNews({ part, version, since }: VendorChange): string {
  const known = since === undefined ? "the versions that the reference knows" : since;
  return `The account has ${version} of ${sanitise(part.name ?? "")}, which is newer than ${known}. The first read of the role reports that once, as information.`;
}

async function showMessages(
  { inbox }: LocalAccount,
  interruption: AbortSignal,
  terminal: Terminal,
): Promise<void> {
  while (!interruption.aborted) {
    const messages = await inbox.receive(20, interruption).catch((error: unknown) => {
      // An interruption aborts the wait for messages.
      if (interruption.aborted) return [];
      throw error;
    });
    for (const message of messages) {
      const [title = "", ...rest] = message
        .trimEnd()
        .split("\n")
        .flatMap((line) => {
          const shown = sanitise(line.trimEnd(), 2000);
          return isCommand(shown) ? [shown] : wrapLines(shown, terminal.columns, "  ");
        });
      await terminal.print(
        "",
        terminal.paint("dim", "─".repeat(Math.min(terminal.columns, 100))),
        terminal.paint("bold", title),
        ...rest,
      );
    }
  }
}

// A command on two lines is two commands.
function isCommand(line: string): boolean {
  return /^\s*(?:aws|npx) /.test(line);
}
