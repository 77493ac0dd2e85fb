import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { formatCause } from "@drift-guard/core/errors";

/** An emulator did not start; the text ends with the last lines of its log. */
export class EmulatorStartError extends Error {
  override readonly name = "EmulatorStartError";
}

/** A running emulator. */
export interface EmulatorProcess {
  /** Its address on loopback. */
  readonly endpoint: string;
  /** Ends its process group and waits until its process is gone. */
  stop(): Promise<void>;
}

/** The arguments and the environment with which Python runs an emulator. */
export interface Launch {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** How to start one emulator. */
export interface EmulatorOptions {
  readonly name: string;
  /** The path that responds once the emulator is ready. */
  readonly health: string;
  readonly launch: (port: number) => Launch;
  /** The Python to run. */
  readonly executable: string;
  readonly env: Readonly<Record<string, string>>;
  /** The working directory, which also receives the log. */
  readonly folder: string;
}

const startTimeoutMs = 30_000;
const stopTimeoutMs = 2_000;

/**
 * Starts an emulator on a free loopback port and waits until it is ready. If another process takes the port first, it
 * tries once more. Throws `EmulatorStartError`.
 */
export function startEmulator(options: EmulatorOptions): Promise<EmulatorProcess> {
  return startOnce(options).catch((error: unknown) => {
    // Another process may take a free port before the emulator listens on it.
    if (error instanceof EmulatorStartError && /address already in use/i.test(error.message))
      return startOnce(options);
    throw error;
  });
}

async function startOnce(options: EmulatorOptions): Promise<EmulatorProcess> {
  const { name, folder } = options;
  const port = await findFreePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const { args, env } = options.launch(port);
  const logFile = join(folder, `${name}.log`);
  const log = await open(logFile, "a");
  // It leads its own process group, which can be ended as a whole. Its standard input closes when this process ends.
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
        "Try again. If it fails in the same way, remove the folder .local, so that the emulators are installed again.",
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
    if (hasExited(child)) throw new Error(`its process ended with ${formatExit(child)}`);
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await pause(30);
  }
  throw new Error(`${url} did not respond within ${startTimeoutMs / 1000} s`);
}

const hasExited = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;
const formatExit = (child: ChildProcess) => child.signalCode ?? `exit code ${child.exitCode}`;

/** Ends a child and its process group: SIGTERM first, SIGKILL after a timeout. */
async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const exited = hasExited(child) ? Promise.resolve() : once(child, "exit").then(() => {});
  signalGroup(child.pid, "SIGTERM");
  await Promise.race([exited, pause(stopTimeoutMs, undefined, { ref: false })]);
  // Workers may outlive the leader, so the whole group is killed even if the leader has exited.
  signalGroup(child.pid, "SIGKILL");
  await exited;
  child.stdin?.destroy();
}

function signalGroup(leader: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // The group has no process left.
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string")
    throw new EmulatorStartError(
      "No free port on 127.0.0.1. Close programs that hold ports, then try again.",
    );
  return address.port;
}
