import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { formatCause } from "@drift-guard/core/errors";
import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import type { Emulators } from "../emulators/emulators.ts";
import { type ApiCall, type HttpRequest, parseCall } from "./call.ts";
import { type CallerIdentity, createCallerRegistry } from "./callers.ts";
import { type CallFailure, failureOf, type HttpResponse, isRecorded, recordCall } from "./cloudtrail.ts";
import { type Disorder, unchanged } from "./disorder.ts";
import { putEvent } from "./event-bus.ts";
import { addRequestId, createSideRequest, forward, readRequest } from "./forwarding.ts";
import { correctIam, createErrorResponse, describeCaller, type IamSender } from "./iam-corrections.ts";
import { readXml } from "./xml.ts";

/** The port that the account was to answer at cannot be had. */
export class RecorderStartError extends Error {
  override readonly name = "RecorderStartError";
}

/** One call that went through the recorder, read-only ones too: what least privilege is held against. */
export interface ObservedCall extends ApiCall {
  readonly caller: CallerIdentity;
  /** Why it failed; nothing where it succeeded. */
  readonly failure?: CallFailure;
}

/** A refusal that a test asks for: throttling, a denied call. */
export type RefusalRule = (call: ApiCall, caller: CallerIdentity) => CallFailure | undefined;

/** The whole local account behind one endpoint, and its trail. */
export interface Recorder {
  /** Serves every service of the account: as `AWS_ENDPOINT_URL` it is all that an SDK needs. */
  readonly endpoint: string;
  /** Every signed call so far, in the order of their answers. */
  listCalls(): readonly ObservedCall[];
  /** Every record of the trail so far, delivered or not. */
  listRecords(): readonly CloudTrailRecord[];
  /** From now on each record is delivered as `disorder` has it and `delayMs` later; left out: faithfully, at once. */
  disturb(how: { readonly disorder?: Disorder; readonly delayMs?: number }): void;
  /** Keeps the records from now on, until `release`. */
  hold(): void;
  /** Delivers what was kept, in the order that `order` makes of it, and goes on delivering. */
  release(order?: Disorder): Promise<void>;
  /** Lets a rule answer calls in the service's place, and returns what ends that. */
  refuse(rule: RefusalRule): () => void;
  /** Settles when everything to be delivered has been. */
  waitForDelivery(): Promise<void>;
  /** Stops serving; what is not delivered by then is lost. */
  stop(): Promise<void>;
}

// What moto keeps of the account; ministack keeps the rest.
const motoServices: ReadonlySet<string> = new Set([
  "iam",
  "sts",
  "batch",
  "ecs",
  "kms",
  "secretsmanager",
  "securityhub",
  "ssm",
]);

/** Starts the recorder in front of the emulators, on loopback. */
export async function startRecorder(
  emulators: Pick<Emulators, "account" | "moto" | "ministack">,
  options: { readonly port?: number; readonly report?: (line: string) => void } = {},
): Promise<Recorder> {
  const callers = createCallerRegistry(emulators.account);
  const calls: ObservedCall[] = [];
  const records: CloudTrailRecord[] = [];
  const rules = new Set<RefusalRule>();
  const deliveries = new Set<Promise<void>>();
  const stopping = new AbortController();
  let held: CloudTrailRecord[] | undefined;
  let disorder = unchanged;
  let delayMs = 0;

  async function deliver(batch: readonly CloudTrailRecord[], afterMs: number): Promise<void> {
    try {
      if (afterMs > 0) await pause(afterMs, undefined, { signal: stopping.signal });
      for (const record of batch) await putEvent(emulators.ministack, record);
    } catch (error) {
      if (!stopping.signal.aborted) options.report?.(formatCause(error));
    }
  }

  function track(delivery: Promise<void>): Promise<void> {
    deliveries.add(delivery);
    return delivery.finally(() => deliveries.delete(delivery));
  }

  function record(recorded: CloudTrailRecord): void {
    records.push(recorded);
    if (recorded.recipientAccountId !== emulators.account) return;
    if (held) held.push(recorded);
    else void track(deliver(disorder([recorded]), delayMs));
  }

  async function answer(request: HttpRequest, call: ApiCall | undefined): Promise<HttpResponse> {
    if (!call) return forward(emulators.ministack, request);
    const caller = callers.identify(call.accessKeyId);
    const requestId = randomUUID();
    for (const rule of rules) {
      const failure = rule(call, caller);
      if (failure) return createErrorResponse(requestId, failure, call.service);
    }
    if (call.service === "sts" && call.action === "GetCallerIdentity")
      return describeCaller(caller, requestId);
    const upstream = motoServices.has(call.service) ? emulators.moto : emulators.ministack;
    const ask: IamSender = (action, parameters) =>
      forward(upstream, createSideRequest(request, action, parameters));
    const asIam = await correctIam(call, ask, requestId);
    return addRequestId(asIam ?? (await forward(upstream, request)), requestId);
  }

  function observe(
    call: ApiCall,
    caller: CallerIdentity,
    request: HttpRequest,
    answered: HttpResponse,
  ): void {
    const at = new Date();
    const failure = failureOf(call, answered);
    if (!failure && (call.service === "sts" || call.service === "iam")) {
      callers.learn(call, readXml(Buffer.from(answered.body).toString()), at);
    }
    calls.push({ ...call, caller, ...(failure && { failure }) });
    if (!isRecorded(call)) return;
    const requestId = String(answered.headers["x-amzn-requestid"]);
    const userAgent = String(request.headers["user-agent"] ?? "");
    record(
      recordCall({
        call,
        answer: answered,
        caller,
        requestId,
        at,
        userAgent,
        id: randomUUID(),
        sourceIp: "127.0.0.1",
      }),
    );
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      const request = await readRequest(incoming);
      const call = parseCall(request);
      const caller = call && callers.identify(call.accessKeyId);
      const answered = await answer(request, call);
      if (call && caller) observe(call, caller, request, answered);
      outgoing.writeHead(answered.status, { ...answered.headers, "content-length": answered.body.length });
      outgoing.end(answered.body);
    } catch (error) {
      // An emulator that is gone must look like a service that is down, which SDKs retry.
      outgoing.writeHead(503, { "content-type": "text/plain" });
      outgoing.end(formatCause(error));
    }
  }

  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening").catch((cause: unknown) => {
    throw new RecorderStartError(
      `Nothing can listen on port ${options.port} of 127.0.0.1: ${formatCause(cause)}. ` +
        "Choose another port, or none for a free one.",
      { cause },
    );
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  async function delivered(): Promise<void> {
    while (deliveries.size > 0) await Promise.all(deliveries);
  }

  return {
    endpoint: `http://127.0.0.1:${port}`,
    listCalls: () => [...calls],
    listRecords: () => [...records],
    disturb(how) {
      disorder = how.disorder ?? unchanged;
      delayMs = how.delayMs ?? 0;
    },
    hold() {
      held ??= [];
    },
    release(order = unchanged) {
      const batch = held ?? [];
      held = undefined;
      return track(deliver(order(batch), 0));
    },
    refuse(rule) {
      rules.add(rule);
      return () => rules.delete(rule);
    },
    waitForDelivery: delivered,
    async stop() {
      stopping.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await delivered();
    },
  };
}
