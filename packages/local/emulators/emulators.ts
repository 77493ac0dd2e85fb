import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isProcessAlive } from "@drift-guard/infra/process-lock";
import { type Launch, startEmulator } from "./process.ts";
import { installEmulators, localFolder } from "./python.ts";

/** The id of the account that both emulators simulate. */
export const localAccountId = "123456789012";

/** Two emulators on loopback that together simulate one account. */
export interface Emulators {
  /** The account's id. */
  readonly account: string;
  /** The endpoint of IAM, STS, Batch, ECS, Secrets Manager, KMS and Parameter Store. */
  readonly moto: string;
  /** The endpoint of EventBridge, SQS, SNS, Lambda, DynamoDB, Scheduler, CloudFormation, S3 and all other services. */
  readonly ministack: string;
  /** The folder of this run's logs and temporary files; `stop` removes it. */
  readonly folder: string;
  /** Ends both emulators with their child processes, and waits until they are gone. */
  stop(): Promise<void>;
}

let runCount = 0;

/**
 * Starts moto and ministack on free loopback ports, and installs them first if needed. They end when this process ends,
 * even if it is killed. Throws `PythonMissingError`, `EmulatorInstallError` and `EmulatorStartError`.
 */
export async function startEmulators(
  options: { readonly report?: (line: string) => void } = {},
): Promise<Emulators> {
  const python = await installEmulators(options);
  const runsFolder = join(localFolder, "runs");
  await removeStaleRuns(runsFolder);
  runCount += 1;
  const folder = join(runsFolder, `${process.pid}-${runCount}`);
  const temporary = join(folder, "tmp");
  await mkdir(temporary, { recursive: true });
  // ministack writes its workers here as CommonJS; under the checkout's package.json they would be ES modules.
  await writeFile(join(folder, "package.json"), '{ "type": "commonjs" }');

  // Functions inherit ministack's environment and run the first `node` on its PATH: they get this Node, no credentials.
  const env = {
    ...python.env,
    PATH: [dirname(process.execPath), process.env.PATH ?? ""].join(":"),
    HOME: folder,
    TMPDIR: temporary,
    PYTHONUNBUFFERED: "1",
    PYTHONDONTWRITEBYTECODE: "1",
  };
  const start = (name: string, health: string, launch: (port: number) => Launch) =>
    startEmulator({ name, health, launch, executable: python.executable, env, folder });

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

/** Removes the folders of runs whose process ended without `stop`. */
async function removeStaleRuns(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!isProcessAlive(Number.parseInt(name, 10)))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}
