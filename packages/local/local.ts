import { mkdir, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { type Config, type ConfigInput, defineConfig } from "@drift-guard/core/config/config";
import { isNamePattern } from "@drift-guard/core/config/name-pattern";
import type { RollbackMode } from "@drift-guard/core/config/rollback-choice";
import type { VendorChange } from "@drift-guard/core/model/evidence";
import { type Deployment, deployTemplate } from "./deployment/deployment.ts";
import { type Emulators, startEmulators } from "./emulators/emulators.ts";
import { localConfigFile, localFolder } from "./emulators/python.ts";
import { buildGuard } from "./guard-build.ts";
import { type Inbox, openInbox } from "./inbox.ts";
import { type Recorder, startRecorder } from "./recorder/recorder.ts";
import { type AccessKey, createPerson, enrolRoles, type GuardStart, seedAccount } from "./seed.ts";

/** An AWS account on this machine, with the guard deployed in it. */
export interface LocalAccount {
  /** Serves every service of the account. An SDK needs it as `AWS_ENDPOINT_URL`, and any credentials. */
  readonly endpoint: string;
  readonly emulators: Emulators;
  readonly recorder: Recorder;
  readonly deployment: Deployment;
  /** Receives the guard's messages to people. */
  readonly inbox: Inbox;
  /** Access key of another user than the account's root, who can answer the guard. */
  readonly onCall: AccessKey;
  /** The versions of AWS's policies that the account has and the references do not know: the guard reports them. */
  readonly news: readonly VendorChange[];
  /** Ends every process of the account, and waits until they are gone. */
  stop(): Promise<void>;
}

/**
 * Starts the account with every watched role as its reference says, and deploys the guard into it: the bundles and the
 * stack that `sst deploy` brings to AWS. Rollback knows the roles as clean since yesterday, so that it restores at once, and
 * the guard is no new one, unless `start` says so. Throws `PythonMissingError`, `EmulatorInstallError`, `EmulatorStartError`,
 * `RecorderStartError`, `DeploymentError` and those of `buildGuard`, and leaves nothing running then.
 */
export async function startLocalAccount(options: {
  readonly config: Config;
  /** The port of the endpoint on 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** Receives a line at each step, and later the records that could not be delivered. */
  readonly report?: (line: string) => void;
  readonly start?: GuardStart;
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
    const { Findings: findings = "", Control: control = "" } = deployment.outputs;
    const tables = { findings, control };
    const news = await enrolRoles(recorder.endpoint, options.config, tables, options.start);
    const onCall = await createPerson(recorder.endpoint, "oncall");
    const inbox = await openInbox(recorder.endpoint, deployment.outputs.Alerts ?? "", "local-inbox");
    return { endpoint: recorder.endpoint, emulators, recorder, deployment, inbox, onCall, news, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Returns the owner's configuration for the local account: one region, Security Hub on, no emails, a recheck after 5 s, joint
 * messages after 2 s. With `rollback`, every role that it names is rolled back: in the owner's modes, and automatically where
 * they are off. Otherwise none is. Roles of a pattern are never rolled back.
 */
export function configureLocally(owner: Config, choices: { readonly rollback: boolean }): Config {
  const choose = (mode: RollbackMode = "off") =>
    choices.rollback ? (mode === "off" ? "automatic" : mode) : "off";
  const roles: ConfigInput["roles"] = Object.fromEntries(
    Object.entries(owner.roles).map(([name, role]) => {
      if (isNamePattern(name)) return [name, role];
      const { excess, missing } = role.rollback;
      return [
        name,
        { ...role, rollback: { ...role.rollback, excess: choose(excess), missing: choose(missing) } },
      ];
    }),
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
  await mkdir(localFolder, { recursive: true });
  await writeFile(localConfigFile, JSON.stringify(config));
  return relative(process.cwd(), localConfigFile);
}
