import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { formatCause } from "@drift-guard/core/errors";
import { isProcessAlive } from "@drift-guard/infra/process-lock";
import { installEmulators, localFolder } from "./python.ts";

/** An emulator that did not come up; the text ends with the last lines of its log. */
export class EmulatorStartError extends Error {
  override readonly name = "EmulatorStartError";
}

/** The account that both emulators keep. */
export const localAccountId = "123456789012";

/** Two emulators that together are one account, on loopback. */
export interface Emulators {
  readonly account: string;
  /** IAM, STS, Batch, ECS, Security Hub, Secrets Manager, KMS and Parameter Store. */
  readonly moto: string;
  /** EventBridge, SQS, SNS, Lambda, DynamoDB, Scheduler, CloudFormation, S3 and the rest. */
  readonly ministack: string;
  /** Where this run keeps its logs and temporary files; removed by `stop`. */
  readonly folder: string;
  /** Ends both and everything that they started, and waits until they are gone. */
  stop(): Promise<void>;
}

interface Emulator {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;
const stopTimeoutMs = 2_000;
let runs = 0;

/**
 * Starts moto and ministack on free loopback ports, installing them first where needed. They end with this process,
 * whatever ends it. Throws `PythonMissingError`, `EmulatorInstallError` and `EmulatorStartError`.
 */
export async function startEmulators(
  options: { readonly report?: (line: string) => void } = {},
): Promise<Emulators> {
  const python = await installEmulators(options);
  const runsFolder = join(localFolder, "runs");
  await removeStaleRuns(runsFolder);
  runs += 1;
  const folder = join(runsFolder, `${process.pid}-${runs}`);
  const temporary = join(folder, "tmp");
  await mkdir(temporary, { recursive: true });
  // ministack writes its workers there as CommonJS; the checkout's own package.json would make them ES modules.
  await writeFile(join(folder, "package.json"), '{ "type": "commonjs" }');

  // Lambdas inherit ministack's environment and run the first `node` of its PATH, so it gets nothing of ours but this Node.
  const env = {
    ...python.env,
    PATH: [dirname(process.execPath), process.env.PATH ?? ""].join(":"),
    HOME: folder,
    TMPDIR: temporary,
    PYTHONUNBUFFERED: "1",
    PYTHONDONTWRITEBYTECODE: "1",
  };
  const start = async (name: string, health: string, launch: (port: number) => Launch) => {
    const attempt = () => startEmulator({ name, health, launch, executable: python.executable, env, folder });
    return attempt().catch((error: unknown) => {
      // Between finding a port free and listening on it, somebody else may have taken it.
      if (error instanceof EmulatorStartError && /address already in use/i.test(error.message))
        return attempt();
      throw error;
    });
  };

  const started = await Promise.allSettled([
    start("moto", "/moto-api/", (port) => ({
      args: ["moto.server", "-H", "127.0.0.1", "-p", String(port)],
      env: { MOTO_IAM_LOAD_MANAGED_POLICIES: "true" },
    })),
    start("ministack", "/_ministack/health", (port) => ({
      args: ["ministack.app"],
      env: {
        BIND_HOST: "127.0.0.1",
        MINISTACK_HOST: "127.0.0.1",
        GATEWAY_PORT: String(port),
        MINISTACK_ACCOUNT_ID: localAccountId,
        IOT_MTLS_ENABLED: "0",
        SFTP_ENABLED: "0",
      },
    })),
  ]);
  const stop = async () => {
    await Promise.all(started.map((each) => (each.status === "fulfilled" ? each.value.stop() : undefined)));
    await rm(folder, { recursive: true, force: true });
  };
  const [moto, ministack] = started;
  if (moto.status === "fulfilled" && ministack.status === "fulfilled") {
    return {
      account: localAccountId,
      moto: moto.value.endpoint,
      ministack: ministack.value.endpoint,
      folder,
      stop,
    };
  }
  await stop();
  throw moto.status === "rejected" ? moto.reason : ministack.status === "rejected" && ministack.reason;
}

interface Launch {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function startEmulator(options: {
  readonly name: string;
  readonly health: string;
  readonly launch: (port: number) => Launch;
  readonly executable: string;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}): Promise<Emulator> {
  const { name, folder } = options;
  const port = await findFreePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const { args, env } = options.launch(port);
  const logFile = join(folder, `${name}.log`);
  const log: FileHandle = await open(logFile, "a");
  // A group of its own, so that it can be ended as a whole; the pipe tells it when this process is gone.
  const child = spawn(options.executable, [join(import.meta.dirname, "emulator.py"), ...args], {
    cwd: folder,
    env: { ...options.env, ...env },
    detached: true,
    stdio: ["pipe", log.fd, log.fd],
  });
  try {
    await once(child, "spawn");
    await waitUntilHealthy(child, `${endpoint}${options.health}`);
  } catch (cause) {
    await stopGroup(child);
    const tail = (await readFile(logFile, "utf8")).trim().split("\n").slice(-8).join("\n");
    throw new EmulatorStartError(
      `${name} did not start at ${endpoint}: ${formatCause(cause)}\n${tail}\n` +
        "Try again; where it fails the same way, remove the folder .local, so that it is installed anew.",
      { cause },
    );
  } finally {
    await log.close();
  }
  return { endpoint, stop: () => stopGroup(child) };
}

async function waitUntilHealthy(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    if (hasExited(child)) throw new Error(`it ended with ${child.signalCode ?? `code ${child.exitCode}`}`);
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await pause(30);
  }
  throw new Error(`it does not answer ${url} after ${startTimeoutMs / 1000} s`);
}

const hasExited = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** Ends a child and the rest of its process group: asked first, then made to. */
async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const gone = hasExited(child) ? Promise.resolve() : once(child, "exit").then(() => {});
  signalGroup(child.pid, "SIGTERM");
  await Promise.race([gone, pause(stopTimeoutMs, undefined, { ref: false })]);
  // The leader's workers may outlive it, so the group is ended even where the leader has gone.
  signalGroup(child.pid, "SIGKILL");
  await gone;
  child.stdin?.destroy();
}

function signalGroup(leader: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Nobody is left in the group.
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string")
    throw new EmulatorStartError("No free port on loopback.");
  return address.port;
}

/** Removes what runs left behind whose process ended without `stop`. */
async function removeStaleRuns(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!isProcessAlive(Number.parseInt(name, 10)))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}
