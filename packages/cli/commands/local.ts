import { sanitise } from "@drift-guard/formats/printable";
import type { LocalAccount } from "@drift-guard/local/local";
import { type Command, parseCommandLine, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { type Terminal, wrap } from "../terminal.ts";

/** `local`: the guard as it would be deployed, on an account on this machine. */
export const local: Command = {
  help: `Runs a whole account on this machine, with the guard deployed into it as it would be into yours.

Usage: drift-guard local [--rollback] [--port PORT] [--config FILE]

  --rollback      put roles back; without it, the guard only tells
  --port PORT     where the account answers on 127.0.0.1 (default: a free port)
  --config FILE   the configuration that says which roles are guarded (default: drift-guard.config.ts here,
                  else one that guards the three roles of the guide)

It needs Python 3.10 or newer; the emulators are installed the first time, into a folder that git ignores.
What the guard tells people is printed as it comes. Ctrl-C ends everything that was started.
`,
  async run(args, terminal) {
    const { values } = parseCommandLine(args, {
      rollback: { type: "boolean", default: false },
      port: { type: "string" },
      config: { type: "string" },
    });
    const port = values.port === undefined ? {} : { port: readPort(values.port) };
    const owner = await loadConfig(values.config);
    // Loaded here: it brings SDK clients, the bundler and the stack with it.
    const { configureLocally, startLocalAccount } = await import("@drift-guard/local/local");
    const interruption = listenForInterrupt();
    const account = await startLocalAccount({
      config: configureLocally(owner, { rollback: values.rollback }),
      ...port,
      report: (line) => void terminal.print(terminal.paint("dim", sanitise(line))),
    }).catch((error: unknown) => {
      // Ctrl-C reaches the emulators as well, and what they leave unfinished is what was asked for.
      if (interruption.aborted) return undefined;
      throw error;
    });
    if (!account) return 0;
    try {
      await terminal.print(...formatWelcome(account, values.rollback, terminal));
      await showMessages(account, interruption, terminal);
      await terminal.print("", "Ending …");
    } finally {
      await account.stop();
    }
    return 0;
  },
};

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UsageError(`${sanitise(text, 40)} is no port: give a number from 1 to 65535.`);
}

// The first Ctrl-C ends in order, whenever it comes; the second does not wait, and the emulators end with us.
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
  { endpoint }: LocalAccount,
  rollback: boolean,
  { columns, paint }: Terminal,
): readonly string[] {
  const sentence = rollback
    ? "The guarded roles are as they should be. What drifts is told here within seconds, and put back."
    : "The guarded roles are as they should be. What drifts is told here within seconds; --rollback would put it back.";
  return [
    "",
    `${paint("bold", "The account answers at")} ${paint("cyan", endpoint)}`,
    ...wrap(sentence, columns),
    "",
    "Try, in another terminal:",
    "",
    `  export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=us-east-1`,
    "  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local",
    "  aws iam detach-role-policy --role-name AWSBatchServiceRole \\",
    `    --policy-arn ${policy}`,
    "  npx drift-guard check",
    "",
    "or, where there is no AWS CLI:",
    "",
    "  node --input-type=module -e '",
    '    import { DetachRolePolicyCommand, IAMClient } from "@aws-sdk/client-iam";',
    '    await new IAMClient().send(new DetachRolePolicyCommand({ RoleName: "AWSBatchServiceRole",',
    `      PolicyArn: "${policy}" }))'`,
    "",
    "Ctrl-C ends it.",
  ];
}

async function showMessages(
  { inbox }: LocalAccount,
  interruption: AbortSignal,
  terminal: Terminal,
): Promise<void> {
  while (!interruption.aborted) {
    const messages = await inbox.receive(20, interruption).catch((error: unknown) => {
      // The wait for messages is what an interruption cuts short.
      if (interruption.aborted) return [];
      throw error;
    });
    for (const message of messages) {
      const [title = "", ...rest] = message
        .trimEnd()
        .split("\n")
        .flatMap((line) => {
          const indent = /^ */.exec(line)?.[0] ?? "";
          return wrap(sanitise(line.trim(), 2000), terminal.columns, indent, `${indent}  `);
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
