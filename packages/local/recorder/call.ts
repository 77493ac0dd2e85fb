import * as batch from "@aws-sdk/client-batch";

/** An HTTP request as it reached the recorder. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** One API call, read from its request. */
export interface ApiCall {
  /** The service's name in the signature: `iam`, `batch`, `dynamodb`. */
  readonly service: string;
  /** `DetachRolePolicy`; method and path where the service's paths are not known here. */
  readonly action: string;
  readonly region: string;
  readonly accessKeyId: string;
  /** In CloudTrail's spelling: first letters lower-case, lists as arrays. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

// AWS Batch spells each operation in lower case as its path, so the SDK's own list of operations names them.
const batchActions = new Map(
  Object.keys(batch)
    .filter((name) => name.endsWith("Command"))
    .map((name) => [name.slice(0, -"Command".length).toLowerCase(), name.slice(0, -"Command".length)]),
);
const tagActions: Readonly<Record<string, string>> = {
  GET: "ListTagsForResource",
  POST: "TagResource",
  DELETE: "UntagResource",
};
const securityHubActions: Readonly<Record<string, string>> = {
  "GET /accounts": "DescribeHub",
  "POST /accounts": "EnableSecurityHub",
  "DELETE /accounts": "DisableSecurityHub",
  "POST /findings": "GetFindings",
  "POST /findings/import": "BatchImportFindings",
  "PATCH /findings/batchupdate": "BatchUpdateFindings",
};

/** Reads the API call out of a request; nothing where the request is not signed, as that of a function URL. */
export function parseCall(request: HttpRequest): ApiCall | undefined {
  const scope = /Credential=([^/,\s]+)\/\d+\/([^/,\s]+)\/([^/,\s]+)\//.exec(header(request, "authorization"));
  const [, accessKeyId, region, service] = scope ?? [];
  if (!accessKeyId || !region || !service) return undefined;
  return { service, region, accessKeyId, ...readAction(service, request) };
}

function readAction(service: string, request: HttpRequest): Pick<ApiCall, "action" | "parameters"> {
  const url = new URL(request.url, "http://localhost");
  const target = header(request, "x-amz-target");
  if (target) {
    return { action: target.slice(target.lastIndexOf(".") + 1), parameters: lowered(readJson(request)) };
  }
  const operation = /^\/service\/[^/]+\/operation\/(\w+)$/.exec(url.pathname)?.[1];
  if (operation) return { action: operation, parameters: {} };
  if (header(request, "content-type").startsWith("application/x-www-form-urlencoded")) {
    const form = new URLSearchParams(Buffer.from(request.body).toString());
    const action = form.get("Action");
    if (action) return { action, parameters: readForm(form) };
  }
  const parameters = lowered(readJson(request));
  if (service === "batch") {
    const [, , name = "", resourceArn] = url.pathname.split("/").map(decodeURIComponentLeniently);
    const action = name === "tags" ? tagActions[request.method] : batchActions.get(name);
    if (action) return { action, parameters: resourceArn ? { resourceArn, ...parameters } : parameters };
  }
  const route = `${request.method} ${url.pathname}`;
  const action = service === "securityhub" ? securityHubActions[route] : undefined;
  return { action: action ?? route, parameters };
}

// The form has only text. CloudTrail writes these as the API's model types them.
const typed: ReadonlySet<string> = new Set([
  "attachmentCount",
  "durationSeconds",
  "isAttachable",
  "isDefaultVersion",
  "maxSessionDuration",
  "permissionsBoundaryUsageCount",
  "setAsDefault",
]);

/** The value that CloudTrail writes for a text of the wire: `true` and `900` where the model has no text there. */
export function readTypedValue(name: string, text: string): string | number | boolean {
  if (!typed.has(name)) return text;
  if (text === "true" || text === "false") return text === "true";
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** CloudTrail's spelling of a member name: `AWSServiceName` is `aWSServiceName`. */
export function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

interface Node {
  text?: string;
  readonly children: Map<string, Node>;
}

/** The parameters of a query-protocol form: `Tags.member.1.Key=a` is `{tags: [{key: "a"}]}`. */
export function readForm(form: URLSearchParams): Readonly<Record<string, unknown>> {
  const root: Node = { children: new Map() };
  for (const [path, text] of form) {
    if (path === "Action" || path === "Version") continue;
    let node = root;
    for (const name of path.split(".")) {
      const child = node.children.get(name) ?? { children: new Map() };
      node.children.set(name, child);
      node = child;
    }
    node.text = text;
  }
  return fieldsOf(root);
}

function fieldsOf(node: Node): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...node.children].map(([name, child]) => [lowerFirst(name), readMember(lowerFirst(name), child)]),
  );
}

function readMember(name: string, node: Node): unknown {
  if (node.children.size === 0) return readTypedValue(name, node.text ?? "");
  const members = node.children.size === 1 ? node.children.get("member") : undefined;
  if (!members) return fieldsOf(node);
  return [...members.children]
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, member]) => readMember("", member));
}

function readJson(request: HttpRequest): unknown {
  if (request.body.length === 0) return {};
  try {
    return JSON.parse(Buffer.from(request.body).toString());
  } catch {
    // Not JSON (an upload, say): the call is known by its action, its parameters are not.
    return {};
  }
}

/** JSON members of the JSON protocols begin upper-case on some services; CloudTrail lowers the first level's. */
function lowered(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [lowerFirst(name), member]));
}

function header(request: HttpRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === "string" ? value : (value?.[0] ?? "");
}

function decodeURIComponentLeniently(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
