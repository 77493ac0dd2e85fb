import assert from "node:assert/strict";
import { defineConfig } from "@drift-guard/core/config/config";
import { formatRecheck } from "@drift-guard/core/intake/message";
import { jointNoticeRequest } from "@drift-guard/core/intake/notice-message";
import type { Finding } from "@drift-guard/core/model/finding";
import { HubWorkflow, hubIdOf } from "@drift-guard/core/model/hub";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Announcer, FindingImporter, HubWorkflows } from "@drift-guard/core/ports";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { createRecheckQueue } from "@drift-guard/embedded/rechecks";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { createHubStore } from "@drift-guard/embedded/sqlite/hub";
import { createNoticeStore } from "@drift-guard/embedded/sqlite/notices";
import { formatAsff } from "@drift-guard/formats/asff";
import { createLocalHub } from "@drift-guard/local/recorder/security-hub";
import * as z from "zod";
import { createHandler as createDetect } from "../../functions/detect.ts";
import { createHandler as createNotify } from "../../functions/notify.ts";
import { createHandler as createPublish } from "../../functions/publish.ts";
import { createHandler as createSecurityHub } from "../../functions/securityhub.ts";
import { announce } from "../../functions/shared/announcement.ts";
import { createHandler as createSweep } from "../../functions/sweep.ts";
import { streamRecord } from "../aws/delivery/stream-records.ts";
import { aControl, account, allReadable, noon } from "../builders.ts";
import { aWorld } from "../guard/world.ts";
import { aContext, busMessage, queueEvent } from "./invocations.ts";
import { type Executioner, mortal } from "./mortal-ports.ts";

/** A call to IAM, and the seconds after noon at which it is made. */
export interface Act {
  readonly at: number;
  readonly call: IamCall;
}

/** Everything that the guard told, in the end. */
export interface Ending {
  /** Every stored transition. */
  readonly transitions: readonly Transition[];
  readonly findings: readonly Finding[];
  /** Ids of the transitions that a sink has not delivered. */
  readonly undelivered: readonly string[];
  readonly messages: readonly { readonly text: string; readonly chat: string }[];
  /** What Security Hub shows of each finding, by its id there. */
  readonly hub: ReadonlyMap<string, HubView>;
}

/** What of a finding must be the same in Security Hub and in the table. */
interface HubView {
  readonly record: string;
  readonly compliance: string;
  readonly transition: string;
  readonly severity: string;
}

const config = defineConfig({
  roles: { ecsTaskExecutionRole: {} },
  securityHub: true,
  recheckSeconds: 20,
});
const place = { account, region: "us-east-1", partition: "aws" };
const receiveAgainMs = 360_000;
const afterwards = "2027-01-01T00:00:00Z";

interface Queued {
  readonly body: string;
  readonly at: number;
}

/** A queue that delivers batches of ten, and a batch of a process that ended again after six minutes. */
function createQueue(now: () => number) {
  let messages: readonly Queued[] = [];
  return {
    put: (body: string, afterSeconds = 0) => {
      messages = [...messages, { body, at: now() + afterSeconds * 1000 }];
    },
    nextAt: () => Math.min(...messages.map(({ at }) => at)),
    take: (): readonly Queued[] => {
      const batch = messages.filter(({ at }) => at <= now()).slice(0, 10);
      messages = messages.filter((message) => !batch.includes(message));
      return batch;
    },
    giveBack: (batch: readonly Queued[]) => {
      messages = [...messages, ...batch.map(({ body }) => ({ body, at: now() + receiveAgainMs }))];
    },
  };
}

/**
 * Runs the guard's functions over an account in memory, with queues, stream and bus between them, while `acts` happen; then
 * sweeps until nothing is left to deliver. Processes end as `executioner` says.
 */
export async function runMortalGuard(acts: readonly Act[], executioner: Executioner): Promise<Ending> {
  const database = openDatabase(":memory:");
  const world = aWorld({ config, database });
  const now = () => world.clock.now().getTime();
  const sinks = ["notify", "securityhub"] as const;
  const store = createFindingStore(database, { sinks });
  const [changes, notify, securityhub] = [createQueue(now), createQueue(now), createQueue(now)];
  let stream: readonly Transition[] = [];
  const findings: typeof store = {
    ...store,
    commit: async (commit) => {
      const ledger = await store.commit(commit);
      stream = [...stream, ...commit.transitions];
      return ledger;
    },
  };
  world.iam.onEvent((envelope) => changes.put(JSON.stringify(envelope)));
  const announcer: Announcer = {
    announce: async (transitions) => {
      for (const body of transitions.map(busMessage)) {
        notify.put(body);
        securityhub.put(body);
      }
    },
  };
  const messages: { text: string; chat: string }[] = [];
  const notices = createNoticeStore(database);
  const hubStore = createHubStore(database);
  const hub = createLocalHub(account);
  const told = {
    control: { load: async (role: Finding["role"]) => aControl({ role }) },
    config,
    now: () => world.clock.now(),
    send: async (notice: { readonly text: string; readonly chat: string }) => void messages.push(notice),
  };
  const ask = (action: string, parameters: Readonly<Record<string, unknown>>) => {
    const reply = hub.answer({
      service: "securityhub",
      action,
      region: place.region,
      accessKeyId: "",
      parameters,
    });
    if (!reply || "failure" in reply) throw new Error(`${action}: ${JSON.stringify(reply?.failure)}`);
    return reply.body;
  };
  ask("EnableSecurityHub", {});
  const listHub = () => HubFindings.parse(ask("GetFindings", {})).Findings;
  const importer: FindingImporter = {
    import: async (deliveries) => {
      const batch = await Promise.all(
        deliveries.map(async ({ transition, renewedAt }) =>
          formatAsff(await announce(transition, told, ["guard", "securityhub"]), place, renewedAt),
        ),
      );
      if (batch.length > 0) ask("BatchImportFindings", { findings: batch });
      return new Map();
    },
  };
  const workflows: HubWorkflows = {
    read: async (ids) =>
      new Map(
        ids.flatMap((id) => {
          const found = listHub().find(({ Id }) => Id === hubIdOf(account, id));
          return found ? [[id, found.Workflow.Status] as const] : [];
        }),
      ),
    renew: async (ids) => {
      const findingIdentifiers = listHub().filter(({ Id }) => ids.some((id) => hubIdOf(account, id) === Id));
      ask("BatchUpdateFindings", { findingIdentifiers, workflow: { Status: "NEW" } });
      return new Map();
    },
  };

  const rechecks = createRecheckQueue(world.clock);
  let life = executioner.begin();
  const { settings } = world;
  const inspection = { ...world.ports, findings, rechecks };
  const detect = createDetect(() => ({ ports: mortal(inspection, life), settings }));
  const sweep = createSweep(() => ({ ports: mortal({ ...inspection, announcer }, life), settings }));
  const publish = createPublish(() =>
    mortal({ announcer, reports: { announceReport: async () => {} } }, life),
  );
  const queue = {
    requestJointNotice: async (seconds: number) => notify.put(jointNoticeRequest, seconds),
  };
  const holdSeconds = 50;
  const tell = createNotify(() =>
    mortal({ ...told, findings, notices, hub: hubStore, queue, holdSeconds }, life),
  );
  const importAll = createSecurityHub(() =>
    mortal({ ...told, findings, importer, workflows, hub: hubStore }, life),
  );

  /** Runs one process. Returns false if it ended before its time. */
  async function live(run: () => Promise<unknown>): Promise<boolean> {
    life = executioner.begin();
    try {
      const { batchItemFailures } = FailedItems.parse(await run());
      life.finish();
      assert.deepEqual(batchItemFailures, [], "a message fails only if its process ends");
    } catch (error) {
      if (!life.isOver()) throw error;
    }
    return !life.isOver();
  }
  async function consume(
    source: ReturnType<typeof createQueue>,
    handler: (event: unknown, context: ReturnType<typeof aContext>) => Promise<unknown>,
  ): Promise<boolean> {
    const batch = source.take();
    if (batch.length === 0) return false;
    const isDone = await live(() => handler(queueEvent(...batch.map(({ body }) => body)), aContext()));
    if (!isDone) source.giveBack(batch);
    return true;
  }
  /** Runs whatever is due now. Returns false if there is nothing. */
  async function runOne(): Promise<boolean> {
    for (const recheck of rechecks.due(world.clock.now())) changes.put(formatRecheck(recheck));
    const records = stream;
    if (records.length > 0) {
      const isDone = await live(() => publish({ Records: records.map(streamRecord) }, aContext()));
      if (isDone) stream = stream.slice(records.length);
      return true;
    }
    return (
      (await consume(changes, detect)) ||
      (await consume(notify, tell)) ||
      (await consume(securityhub, importAll))
    );
  }
  let waiting = acts;
  async function settle(): Promise<void> {
    for (;;) {
      if (await runOne()) continue;
      const rechecksAt = rechecks.nextAt()?.getTime() ?? Number.POSITIVE_INFINITY;
      const [act] = waiting;
      const actAt = act ? Date.parse(noon) + act.at * 1000 : Number.POSITIVE_INFINITY;
      const next = Math.min(rechecksAt, actAt, changes.nextAt(), notify.nextAt(), securityhub.nextAt());
      if (!Number.isFinite(next)) return;
      world.clock.advanceTo(new Date(next));
      if (!act || actAt > next) continue;
      waiting = waiting.slice(1);
      world.act(act.call);
    }
  }

  await settle();
  const findUndelivered = async () => {
    const ids: string[] = [];
    for await (const { id } of store.undelivered(afterwards, allReadable)) ids.push(id);
    return ids;
  };
  for (let sweeps = 0; sweeps === 0 || (sweeps < 3 && (await findUndelivered()).length > 0); sweeps += 1) {
    world.clock.advance(3_600);
    // Lambda invokes a function again that ended, whose schedule invoked it.
    while (!(await live(() => sweep({}, aContext(900_000)))));
    await settle();
  }

  const current = await world.findings();
  const transitions = await Promise.all(current.map(({ role, id }) => store.history(role, id)));
  return {
    transitions: transitions.flat(),
    findings: current,
    undelivered: await findUndelivered(),
    messages,
    hub: new Map(
      listHub().map(({ Id, RecordState, Compliance, ProductFields, FindingProviderFields }) => [
        Id,
        {
          record: RecordState,
          compliance: Compliance.Status,
          transition: ProductFields["drift-guard/TransitionId"] ?? "",
          severity: FindingProviderFields.Severity.Label,
        },
      ]),
    ),
  };
}

const FailedItems = z.looseObject({ batchItemFailures: z.array(z.unknown()).default([]) });
const HubFindings = z.object({
  Findings: z.array(
    z.looseObject({
      Id: z.string(),
      ProductArn: z.string(),
      RecordState: z.string(),
      Compliance: z.object({ Status: z.string() }),
      Workflow: z.object({ Status: HubWorkflow }),
      ProductFields: z.record(z.string(), z.string()),
      FindingProviderFields: z.looseObject({ Severity: z.looseObject({ Label: z.string() }) }),
    }),
  ),
});
