import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type Config, type ConfigInput, defineConfig } from "@drift-guard/core/config/config";
import { isNamePattern } from "@drift-guard/core/config/name-pattern";
import type { VendorChange } from "@drift-guard/core/model/evidence";
import { type Deployment, deployTemplate } from "./deployment/deployment.ts";
import { type Emulators, startEmulators } from "./emulators/emulators.ts";
import { localFolder } from "./emulators/python.ts";
import { buildGuard } from "./guard-build.ts";
import { type Inbox, openInbox } from "./inbox.ts";
import { type Recorder, startRecorder } from "./recorder/recorder.ts";
import { enrolRoles, seedAccount } from "./seed.ts";

/** An AWS account on this machine, with the guard deployed in it. */
export interface LocalAccount {
  /** Serves every service of the account. An SDK needs it as `AWS_ENDPOINT_URL`, and any credentials. */
  readonly endpoint: string;
  readonly emulators: Emulators;
  readonly recorder: Recorder;
  readonly deployment: Deployment;
  /** Receives the guard's messages to people. */
  readonly inbox: Inbox;
  /** The versions of AWS's policies that the account has and the references do not know: the guard reports them. */
  readonly news: readonly VendorChange[];
  /** Ends every process of the account, and waits until they are gone. */
  stop(): Promise<void>;
}

/**
 * Starts the account with every watched role as its reference says, and deploys the guard into it: the bundles and the
 * stack that `sst deploy` brings to AWS. Rollback knows the roles as clean since yesterday, so that it restores at once. Throws `PythonMissingError`, `EmulatorInstallError`, `EmulatorStartError`,
 * `RecorderStartError`, `DeploymentError` and those of `buildGuard`, and leaves nothing running then.
 */
export async function startLocalAccount(options: {
  readonly config: Config;
  /** The port of the endpoint on 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** Receives a line at each step, and later the records that could not be delivered. */
  readonly report?: (line: string) => void;
}): Promise<LocalAccount> {
  const emulators = await startEmulators(options);
  const stops = [emulators.stop];
  const stop = async () => {
    for (const each of stops.toReversed()) await each();
  };
  try {
    const recorder = await startRecorder(emulators, options);
    stops.push(recorder.stop);
    const [{ template, bundles }] = await Promise.all([
      buildGuard(options.config, options),
      seedAccount(recorder.endpoint, options.config),
    ]);
    options.report?.("Deploying …");
    const deployment = await deployTemplate(
      { emulators, recorder },
      { name: "drift-guard", template, bundles },
    );
    const news = await enrolRoles(recorder.endpoint, options.config, deployment.outputs.Control ?? "");
    const inbox = await openInbox(recorder.endpoint, deployment.outputs.Alerts ?? "", "local-inbox");
    return { endpoint: recorder.endpoint, emulators, recorder, deployment, inbox, news, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Returns the owner's configuration for the local account: one region, Security Hub on, no emails, a recheck after 5 s, joint messages after 2 s,
 * and rollback automatic for every role that it names or off for all. Roles of a pattern are never rolled back.
 */
export function configureLocally(owner: Config, choices: { readonly rollback: boolean }): Config {
  const mode = choices.rollback ? "automatic" : "off";
  const roles: ConfigInput["roles"] = Object.fromEntries(
    Object.entries(owner.roles).map(([name, role]) => [
      name,
      isNamePattern(name) ? role : { ...role, rollback: { ...role.rollback, excess: mode, missing: mode } },
    ]),
  );
  return defineConfig({
    ...owner,
    roles,
    regions: {},
    securityHub: true,
    emails: [],
    recheckSeconds: 5,
    holdSeconds: 2,
  });
}

/**
 * Stores the configuration of the local account, for commands about its guard. Returns the file's path from the working
 * directory. The account that started last has the file.
 */
export async function storeConfig(config: Config): Promise<string> {
  const file = join(localFolder, "drift-guard.config.json");
  await mkdir(localFolder, { recursive: true });
  await writeFile(file, JSON.stringify(config));
  return relative(process.cwd(), file);
}
