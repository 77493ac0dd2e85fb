import { setTimeout as pause } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { IAMClient } from "@aws-sdk/client-iam";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { type AwsSecurityFinding, GetFindingsCommand, SecurityHubClient } from "@aws-sdk/client-securityhub";
import { createControlStore } from "@drift-guard/aws/dynamodb/control";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import type { Config } from "@drift-guard/core/config/config";
import type { Finding } from "@drift-guard/core/model/finding";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { ControlStore, FindingStore, RoleReader } from "@drift-guard/core/ports";
import { clientSettings } from "@drift-guard/local/client";
import { localAccountId } from "@drift-guard/local/emulators/emulators";
import { configureLocally, type LocalAccount, startLocalAccount } from "@drift-guard/local/local";
import type { GuardStart } from "@drift-guard/local/seed";
import config from "../../drift-guard.config.ts";

/** A local account with the deployed guard, and readers of its state. */
export interface GuardedAccount {
  readonly local: LocalAccount;
  /** What the guard is configured with. */
  readonly config: Config;
  readonly iam: IAMClient;
  readonly roles: RoleReader;
  readonly store: FindingStore;
  readonly control: ControlStore;
  /** The messages that reached people so far. */
  messages(): readonly string[];
  findings(): Promise<readonly Finding[]>;
  hubFindings(): Promise<readonly AwsSecurityFinding[]>;
  /** Invokes the sweep as its schedule does. Throws if it fails. */
  sweep(): Promise<void>;
  stop(): Promise<void>;
}

/** The key of a role of the local account. */
export function keyOf(name: string): RoleKey {
  return { account: localAccountId, name };
}

/**
 * Starts the account, by default with the owner's roles and automatic rollbacks of each, and collects the messages to
 * people.
 */
export async function startGuardedAccount(
  chosen: Config = configureLocally(config, { rollback: true }),
  start: GuardStart = {},
): Promise<GuardedAccount> {
  const local = await startLocalAccount({ config: chosen, start });
  const settings = clientSettings(local.endpoint);
  const iam = new IAMClient(settings);
  const store = createFindingStore(new DynamoDBClient(settings), {
    table: local.deployment.outputs.Findings ?? "",
    sinks: ["notify", "securityhub"],
  });
  const control = createControlStore(new DynamoDBClient(settings), {
    table: local.deployment.outputs.Control ?? "",
  });
  const roles = createRoleReader(iam, { account: localAccountId, partition: "aws" });
  const messages: string[] = [];
  const listening = new AbortController();
  const listen = async () => {
    while (!listening.signal.aborted) messages.push(...(await local.inbox.receive(1, listening.signal)));
  };
  const ears = listen().catch((error: unknown) => {
    if (!listening.signal.aborted) throw error;
  });
  return {
    local,
    config: chosen,
    iam,
    roles,
    store,
    control,
    messages: () => messages,
    findings: async () => {
      const all: Finding[] = [];
      for await (const finding of store.listFindings()) all.push(finding);
      return all;
    },
    hubFindings: async () =>
      (await new SecurityHubClient(settings).send(new GetFindingsCommand({}))).Findings ?? [],
    sweep: async () => {
      const FunctionName = local.deployment.functions.get("Sweep");
      const { FunctionError, Payload } = await new LambdaClient(settings).send(
        new InvokeCommand({ FunctionName, Payload: "{}" }),
      );
      if (FunctionError) throw new Error(`The sweep failed: ${Buffer.from(Payload ?? []).toString()}`);
    },
    stop: async () => {
      listening.abort();
      await ears;
      await local.stop();
    },
  };
}

// Many tests wait at once, and each look costs the emulators: a wait that lasts looks more rarely.
const firstPause = 200;
const longestPause = 1500;

/** Polls `look` until `holds`. Throws after `seconds` with `what` and the last value. */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  holds: (seen: T) => boolean,
  seconds = 90,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (let wait = firstPause; ; wait = Math.min(wait * 1.5, longestPause)) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > end)
      throw new Error(`Waited ${seconds} s for ${what}. Last seen: ${JSON.stringify(seen, null, 1)}`);
    await pause(wait);
  }
}
