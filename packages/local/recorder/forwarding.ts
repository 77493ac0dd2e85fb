import { type IncomingMessage, request as send } from "node:http";
import type { HttpHeaders, HttpRequest, HttpResponse } from "./http.ts";

/** Reads a request and its whole body. */
export async function readRequest(incoming: IncomingMessage): Promise<HttpRequest> {
  const { method = "GET", url = "/", headers } = incoming;
  return { method, url, headers, body: Buffer.concat(await incoming.toArray()) };
}

/** Returns a request for a further IAM call with the signature of the given request, and so its account and caller. */
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

// Hop-by-hop headers apply to one connection; a proxy must not forward them.
const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "expect"]);

function pickEndToEnd(headers: HttpHeaders): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || hopByHop.has(name)
        ? []
        : [[name, typeof value === "string" ? value : [...value]]],
    ),
  );
}

/** Forwards a request unchanged and returns the whole response. Rejects if the emulator cannot be reached. */
export function forward(upstream: string, request: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const headers = { ...pickEndToEnd(request.headers), "content-length": request.body.length };
    const outgoing = send(`${upstream}${request.url}`, { method: request.method, headers }, (incoming) => {
      incoming.toArray().then(
        (chunks) =>
          resolve({
            status: incoming.statusCode ?? 502,
            headers: pickEndToEnd(incoming.headers),
            body: Buffer.concat(chunks),
          }),
        reject,
      );
    });
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
}

/** Adds the request id to a response that has none, so that the caller sees the id that the record names. */
export function addRequestId(response: HttpResponse, requestId: string): HttpResponse {
  const given = response.headers["x-amzn-requestid"];
  return given ? response : { ...response, headers: { ...response.headers, "x-amzn-requestid": requestId } };
}
