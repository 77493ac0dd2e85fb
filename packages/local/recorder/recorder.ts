import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { formatCause } from "@drift-guard/core/errors";
import type { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import type { Emulators } from "../emulators/emulators.ts";
import { type ApiCall, parseCall } from "./call.ts";
import { type CallerIdentity, createCallerRegistry } from "./callers.ts";
import { type CallFailure, failureOf, isRecorded, recordCall } from "./cloudtrail.ts";
import { putEvent } from "./event-bus.ts";
import { lookUpEvents } from "./event-history.ts";
import { addRequestId, createSideRequest, forward, readRequest } from "./forwarding.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import { correctIam, type IamSender } from "./iam-corrections.ts";
import type { Outage, OutageRule } from "./outages.ts";
import { describeOwnTrail } from "./own-trail.ts";
import {
  createErrorResponse,
  createIdentityResponse,
  createJsonResponse,
  createRegionsResponse,
} from "./responses.ts";
import { createLocalHub, type HubRecord } from "./security-hub.ts";
import { createTrail, type Trail } from "./trail.ts";
import { readXml } from "./xml.ts";

/** The recorder cannot listen on its port. */
export class RecorderStartError extends Error {
  override readonly name = "RecorderStartError";
}

/** A signed call that went through the recorder, read-only calls included. */
export interface ObservedCall extends ApiCall {
  readonly caller: CallerIdentity;
  readonly userAgent: string;
  /** The error of a failed call. */
  readonly failure?: CallFailure;
}

/** Returns the error with which to refuse a call, such as throttling or denied access; undefined to let it pass. */
export type RefusalRule = (call: ApiCall, caller: CallerIdentity) => CallFailure | undefined;

/** A proxy that serves the whole local account at one endpoint and records the account's trail. */
export interface Recorder extends Trail {
  /** Serves every service of the account. An SDK needs only this, as `AWS_ENDPOINT_URL`. */
  readonly endpoint: string;
  /** Returns every signed call so far, in the order of the responses. */
  listCalls(): readonly ObservedCall[];
  /** Refuses calls by a rule instead of forwarding them. Returns the function that removes the rule. */
  refuse(rule: RefusalRule): () => void;
  /** Makes calls fail by a rule. Returns the function that removes the rule. */
  fail(rule: OutageRule): () => void;
  /** Stops serving. Records whose delivery is held or delayed are dropped. */
  stop(): Promise<void>;
}

// The services that moto serves. The recorder itself serves Security Hub, and ministack all others.
const motoServices: ReadonlySet<string> = new Set([
  "iam",
  "sts",
  "batch",
  "ecs",
  "kms",
  "secretsmanager",
  "ssm",
]);

/**
 * Starts the recorder in front of the emulators, on loopback; without `port`, on a free one. `report` receives failed
 * deliveries of records. Throws `RecorderStartError`.
 */
export async function startRecorder(
  emulators: Pick<Emulators, "account" | "moto" | "ministack">,
  options: { readonly port?: number; readonly report?: (line: string) => void } = {},
): Promise<Recorder> {
  const callers = createCallerRegistry(emulators.account);
  const trail = createTrail(emulators.account, emulators.ministack, options.report);
  const hub = createLocalHub(emulators.account);
  const calls: ObservedCall[] = [];
  // Calls to STS stand in the event history, and no rule of EventBridge receives them.
  const sessions: CloudTrailRecord[] = [];
  const rules = new Set<OutageRule>();

  async function respond(request: HttpRequest, call: ApiCall | undefined): Promise<HttpResponse> {
    if (!call) return forward(emulators.ministack, request);
    const caller = callers.identify(call.accessKeyId);
    const requestId = randomUUID();
    const outage = findOutage(call, caller);
    const fail = ({ failure }: Outage) => createErrorResponse(requestId, failure, call.service);
    if (outage?.kind === "refused") return fail(outage);
    const response = await answer(request, call, caller, requestId, outage);
    return outage?.kind === "unanswered" ? fail(outage) : response;
  }

  function findOutage(call: ApiCall, caller: CallerIdentity): Outage | undefined {
    for (const rule of rules) {
      const outage = rule(call, caller);
      if (outage) return outage;
    }
    return undefined;
  }

  async function answer(
    request: HttpRequest,
    call: ApiCall,
    caller: CallerIdentity,
    requestId: string,
    outage: Outage | undefined,
  ): Promise<HttpResponse> {
    if (call.service === "sts" && call.action === "GetCallerIdentity")
      return createIdentityResponse(caller, requestId);
    if (call.service === "account" && call.action === "ListRegions") return createRegionsResponse(requestId);
    if (call.service === "securityhub") return askHub(call, requestId, outage);
    // Neither emulator keeps events: moto has no LookupEvents.
    if (call.service === "cloudtrail" && call.action === "LookupEvents") {
      return addRequestId(
        lookUpEvents([...trail.listRecords(), ...sessions], call.region, call.parameters),
        requestId,
      );
    }
    const trails =
      call.service === "cloudtrail" ? describeOwnTrail(call.action, emulators.account) : undefined;
    if (trails) return createJsonResponse(requestId, trails);
    const upstream = motoServices.has(call.service) ? emulators.moto : emulators.ministack;
    const send: IamSender = (action, parameters) =>
      forward(upstream, createSideRequest(request, action, parameters));
    const corrected = await correctIam(call, send, requestId);
    return addRequestId(corrected ?? (await forward(upstream, request)), requestId);
  }

  async function askHub(call: ApiCall, requestId: string, outage: Outage | undefined): Promise<HttpResponse> {
    const refused = outage?.kind === "partial" ? outage.failure : undefined;
    const reply = hub.answer(call, refused) ?? {
      failure: { code: "InvalidInputException", message: call.action },
    };
    if ("failure" in reply) return createErrorResponse(requestId, reply.failure, call.service);
    for (const finding of reply.changed) await raiseImported(finding, call.region);
    return createJsonResponse(requestId, reply.body);
  }

  async function raiseImported(finding: HubRecord, region: string): Promise<void> {
    await putEvent(emulators.ministack, {
      source: "aws.securityhub",
      detailType: "Security Hub Findings - Imported",
      region,
      at: new Date(),
      detail: { findings: [finding] },
      subject: `the event about the finding ${finding.Id}`,
    }).catch((error: unknown) => options.report?.(formatCause(error)));
  }

  function observe(
    call: ApiCall,
    caller: CallerIdentity,
    request: HttpRequest,
    response: HttpResponse,
  ): void {
    const at = new Date();
    const failure = failureOf(call, response);
    if (!failure && (call.service === "sts" || call.service === "iam")) {
      callers.learn(call, readXml(Buffer.from(response.body).toString()), at);
    }
    const userAgent = String(request.headers["user-agent"] ?? "");
    calls.push({ ...call, caller, userAgent, ...(failure && { failure }) });
    const issuesSession = call.service === "sts" && call.action.startsWith("AssumeRole");
    if (!isRecorded(call) && !issuesSession) return;
    const record = recordCall({
      call,
      response,
      caller,
      requestId: String(response.headers["x-amzn-requestid"]),
      at,
      userAgent,
      id: randomUUID(),
      sourceIp: "127.0.0.1",
    });
    if (issuesSession) sessions.push(record);
    else trail.append(record);
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      const request = await readRequest(incoming);
      const call = parseCall(request);
      const caller = call && callers.identify(call.accessKeyId);
      const response = await respond(request, call);
      if (call && caller) observe(call, caller, request, response);
      outgoing.writeHead(response.status, { ...response.headers, "content-length": response.body.length });
      outgoing.end(response.body);
    } catch (error) {
      // To an SDK a stopped emulator is a service that is down, and the SDK retries.
      outgoing.writeHead(503, { "content-type": "text/plain" });
      outgoing.end(formatCause(error));
    }
  }

  function fail(rule: OutageRule): () => void {
    rules.add(rule);
    return () => rules.delete(rule);
  }

  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening").catch((cause: unknown) => {
    throw new RecorderStartError(
      `Cannot listen on port ${options.port} of 127.0.0.1: ${formatCause(cause)}. ` +
        "Choose another port, or leave the port out to use a free one.",
      { cause },
    );
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  return {
    ...trail,
    endpoint: `http://127.0.0.1:${port}`,
    listCalls: () => [...calls],
    refuse(rule) {
      return fail((call, caller) => {
        const failure = rule(call, caller);
        return failure && { kind: "refused", failure };
      });
    },
    fail,
    async stop() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await trail.stop();
    },
  };
}
