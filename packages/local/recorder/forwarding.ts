import { type IncomingMessage, request as send } from "node:http";
import type { HttpRequest } from "./call.ts";
import type { HttpResponse } from "./cloudtrail.ts";

/** Reads a request whole. */
export async function readRequest(incoming: IncomingMessage): Promise<HttpRequest> {
  const { method = "GET", url = "/", headers } = incoming;
  return { method, url, headers, body: Buffer.concat(await incoming.toArray()) };
}

/** A call of the recorder's own, signed as the request that it goes with: same account, same caller. */
export function createSideRequest(
  request: HttpRequest,
  action: string,
  parameters: Readonly<Record<string, string>>,
): HttpRequest {
  const body = new URLSearchParams({ Action: action, Version: "2010-05-08", ...parameters }).toString();
  const { authorization, host } = request.headers;
  return {
    method: "POST",
    url: "/",
    headers: { authorization, host, "content-type": "application/x-www-form-urlencoded" },
    body: Buffer.from(body),
  };
}

// Hop-by-hop headers belong to one connection, not to the message.
const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "expect"]);

function endToEnd(headers: HttpRequest["headers"]): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || hopByHop.has(name)
        ? []
        : [[name, typeof value === "string" ? value : [...value]]],
    ),
  );
}

/** Sends a request on as it is, and gives the answer whole. */
export function forward(upstream: string, request: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const headers = { ...endToEnd(request.headers), "content-length": request.body.length };
    const outgoing = send(`${upstream}${request.url}`, { method: request.method, headers }, (incoming) => {
      incoming.toArray().then(
        (chunks) =>
          resolve({
            status: incoming.statusCode ?? 502,
            headers: endToEnd(incoming.headers),
            body: Buffer.concat(chunks),
          }),
        reject,
      );
    });
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
}

/** A caller knows its call by this header, and so must find the same id in the record. */
export function addRequestId(answered: HttpResponse, requestId: string): HttpResponse {
  const given = answered.headers["x-amzn-requestid"];
  return given ? answered : { ...answered, headers: { ...answered.headers, "x-amzn-requestid": requestId } };
}
