import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

/** A received call. */
export interface Call {
  /** IAM's and SNS's `Action`, a JSON service's operation, or the path. */
  readonly action: string;
  readonly parameters: URLSearchParams;
  readonly body: string;
  /** The Region and service that the call is signed for. */
  readonly region: string;
  readonly service: string;
}

/** The answer to a call. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** An endpoint on loopback with prepared answers, for answers that no emulator gives. */
export interface Responder {
  readonly endpoint: string;
  /** The called actions, in order. */
  readonly calls: readonly string[];
  close(): Promise<void>;
}

/** Starts an endpoint on a free port; `answer` returns the answer to each call. */
export async function startResponder(answer: (call: Call) => Answer): Promise<Responder> {
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const parameters = new URLSearchParams(body);
    const target = request.headers["x-amz-target"];
    const action =
      parameters.get("Action") ??
      (typeof target === "string" ? target.replace(/^.*\./, "") : (request.url ?? ""));
    calls.push(action);
    const scope = /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\//.exec(request.headers.authorization ?? "");
    const [, region = "", service = ""] = scope ?? [];
    const prepared = answer({ action, parameters, body, region, service });
    response.writeHead(prepared.status).end(prepared.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The responder has no port.");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    calls,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Returns an answer of a service that uses XML. */
export function xml(action: string, result: string): Answer {
  return {
    status: 200,
    body: `<${action}Response><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></${action}Response>`,
  };
}

/** Returns a refusal of a service that uses XML. */
export function refusal(code: string, message: string, status = 400): Answer {
  return {
    status,
    body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`,
  };
}

/** Returns an answer of a service that uses JSON. */
export function json(value: unknown, status = 200): Answer {
  return { status, body: JSON.stringify(value) };
}

/** Returns a refusal of a service that uses JSON. */
export function jsonFault(code: string, message: string, status = 400): Answer {
  return json({ __type: code, code, message }, status);
}

/** Runs `work` against a responder, and closes it afterwards. */
export async function withResponder(
  answer: (call: Call) => Answer,
  work: (responder: Responder) => Promise<void>,
): Promise<void> {
  const responder = await startResponder(answer);
  try {
    await work(responder);
  } finally {
    await responder.close();
  }
}
