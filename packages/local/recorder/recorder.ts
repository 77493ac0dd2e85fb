import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { formatCause } from "@drift-guard/core/errors";
import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import type { Emulators } from "../emulators/emulators.ts";
import { type ApiCall, parseCall, type Request } from "./call.ts";
import { type Caller, rememberCallers } from "./callers.ts";
import { type Disorder, faithful } from "./disorder.ts";
import { putEvent } from "./events.ts";
import { forward, readRequest, sideRequest, withRequestId } from "./forwarding.ts";
import { type AskIam, answerAsIam, refuse, tellCaller } from "./iam-rules.ts";
import { type Answer, type Failure, failureOf, isTrailed, recordCall } from "./recording.ts";
import { readXml } from "./xml.ts";

/** The port that the account was to answer at cannot be had. */
export class RecorderStartError extends Error {
  override readonly name = "RecorderStartError";
}

/** One call that went through the recorder, read-only ones too: what least privilege is held against. */
export interface ObservedCall extends ApiCall {
  readonly caller: Caller;
  /** Why it failed; nothing where it succeeded. */
  readonly failure?: Failure;
}

/** A refusal that a test asks for: throttling, a denied call. */
export type Refusal = (call: ApiCall, caller: Caller) => Failure | undefined;

/** The whole local account behind one endpoint, and its trail. */
export interface Recorder {
  /** Serves every service of the account: as `AWS_ENDPOINT_URL` it is all that an SDK needs. */
  readonly endpoint: string;
  /** Every signed call so far, in the order of their answers. */
  calls(): readonly ObservedCall[];
  /** Every record of the trail so far, delivered or not. */
  records(): readonly CloudTrailRecord[];
  /** From now on each record is delivered as `disorder` has it and `delayMs` later; left out: faithfully, at once. */
  disturb(how: { readonly disorder?: Disorder; readonly delayMs?: number }): void;
  /** Keeps the records from now on, until `release`. */
  hold(): void;
  /** Delivers what was kept, in the order that `order` makes of it, and goes on delivering. */
  release(order?: Disorder): Promise<void>;
  /** Lets a rule answer calls in the service's place, and returns what ends that. */
  refuse(rule: Refusal): () => void;
  /** Settles when everything to be delivered has been. */
  delivered(): Promise<void>;
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
  const callers = rememberCallers(emulators.account);
  const calls: ObservedCall[] = [];
  const records: CloudTrailRecord[] = [];
  const rules = new Set<Refusal>();
  const deliveries = new Set<Promise<void>>();
  const stopping = new AbortController();
  let held: CloudTrailRecord[] | undefined;
  let disorder = faithful;
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

  async function answer(request: Request, call: ApiCall | undefined): Promise<Answer> {
    if (!call) return forward(emulators.ministack, request);
    const caller = callers.identify(call.accessKeyId);
    const requestId = randomUUID();
    for (const rule of rules) {
      const failure = rule(call, caller);
      if (failure) return refuse(requestId, failure, call.service);
    }
    if (call.service === "sts" && call.action === "GetCallerIdentity") return tellCaller(caller, requestId);
    const upstream = motoServices.has(call.service) ? emulators.moto : emulators.ministack;
    const ask: AskIam = (action, parameters) => forward(upstream, sideRequest(request, action, parameters));
    const asIam = await answerAsIam(call, ask, requestId);
    return withRequestId(asIam ?? (await forward(upstream, request)), requestId);
  }

  function observe(call: ApiCall, caller: Caller, request: Request, answered: Answer): void {
    const at = new Date();
    const failure = failureOf(call, answered);
    if (!failure && (call.service === "sts" || call.service === "iam")) {
      callers.learn(call, readXml(Buffer.from(answered.body).toString()), at);
    }
    calls.push({ ...call, caller, ...(failure && { failure }) });
    if (!isTrailed(call)) return;
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
    calls: () => [...calls],
    records: () => [...records],
    disturb(how) {
      disorder = how.disorder ?? faithful;
      delayMs = how.delayMs ?? 0;
    },
    hold() {
      held ??= [];
    },
    release(order = faithful) {
      const batch = held ?? [];
      held = undefined;
      return track(deliver(order(batch), 0));
    },
    refuse(rule) {
      rules.add(rule);
      return () => rules.delete(rule);
    },
    delivered,
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
