import * as batch from "@aws-sdk/client-batch";
import type { HttpRequest } from "./http.ts";

/** An API call, as read from its HTTP request. */
export interface ApiCall {
  /** The service's name in the signature, such as `iam`, `batch` or `dynamodb`. */
  readonly service: string;
  /** The operation, such as `DetachRolePolicy`; method and path for a REST service whose paths are not listed here. */
  readonly action: string;
  /** The region in the signature. */
  readonly region: string;
  readonly accessKeyId: string;
  /** In CloudTrail's spelling: names start in lower case, lists are arrays. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

// The path of a Batch call is its operation in lower case. The SDK's commands give the spelling.
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
const restActions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  account: { "POST /listRegions": "ListRegions" },
  securityhub: {
    "GET /accounts": "DescribeHub",
    "POST /accounts": "EnableSecurityHub",
    "DELETE /accounts": "DisableSecurityHub",
    "POST /findings": "GetFindings",
    "POST /findings/import": "BatchImportFindings",
    "PATCH /findings/batchupdate": "BatchUpdateFindings",
  },
};

/** Reads the API call from a request. Returns undefined for an unsigned request, such as one to a function URL. */
export function parseCall(request: HttpRequest): ApiCall | undefined {
  const scope = /Credential=([^/,\s]+)\/\d+\/([^/,\s]+)\/([^/,\s]+)\//.exec(
    readHeader(request, "authorization"),
  );
  const [, accessKeyId, region, service] = scope ?? [];
  if (!accessKeyId || !region || !service) return undefined;
  return { service, region, accessKeyId, ...readAction(service, request) };
}

function readAction(service: string, request: HttpRequest): Pick<ApiCall, "action" | "parameters"> {
  const url = new URL(request.url, "http://localhost");
  const target = readHeader(request, "x-amz-target");
  if (target) {
    return { action: target.slice(target.lastIndexOf(".") + 1), parameters: lowerNames(readJson(request)) };
  }
  const operation = /^\/service\/[^/]+\/operation\/(\w+)$/.exec(url.pathname)?.[1];
  if (operation) return { action: operation, parameters: {} };
  if (readHeader(request, "content-type").startsWith("application/x-www-form-urlencoded")) {
    const form = new URLSearchParams(Buffer.from(request.body).toString());
    const action = form.get("Action");
    if (action) return { action, parameters: readForm(form) };
  }
  const parameters = lowerNames(readJson(request));
  if (service === "batch") {
    const [, , name = "", resourceArn] = url.pathname.split("/").map(decodeURIComponentLeniently);
    const action = name === "tags" ? tagActions[request.method] : batchActions.get(name);
    if (action) return { action, parameters: resourceArn ? { resourceArn, ...parameters } : parameters };
  }
  const route = `${request.method} ${url.pathname}`;
  return { action: restActions[service]?.[route] ?? route, parameters };
}

// A form carries only text. CloudTrail writes these members as the booleans and integers of the API's model.
const nonTextMembers: ReadonlySet<string> = new Set([
  "attachmentCount",
  "durationSeconds",
  "isAttachable",
  "isDefaultVersion",
  "maxSessionDuration",
  "permissionsBoundaryUsageCount",
  "setAsDefault",
]);

/** Returns the value that CloudTrail writes for a member's text: a boolean or number if the API's model has one there. */
export function readTypedValue(name: string, text: string): string | number | boolean {
  if (!nonTextMembers.has(name)) return text;
  if (text === "true" || text === "false") return text === "true";
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** Returns a member's name in CloudTrail's spelling: `AWSServiceName` becomes `aWSServiceName`. */
export function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

/** A member of a form whose names are paths, such as `Tags.member.1.Key`. */
interface FormNode {
  text?: string;
  readonly children: Map<string, FormNode>;
}

/** Reads the parameters of a query-protocol form: `Tags.member.1.Key=a` becomes `{tags: [{key: "a"}]}`. */
export function readForm(form: URLSearchParams): Readonly<Record<string, unknown>> {
  const root: FormNode = { children: new Map() };
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

function fieldsOf(node: FormNode): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...node.children].map(([name, child]) => [lowerFirst(name), readMember(lowerFirst(name), child)]),
  );
}

function readMember(name: string, node: FormNode): unknown {
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
    // The body is not JSON, such as an upload: record the call without parameters.
    return {};
  }
}

/** Lowers the first letter of the top-level names, as CloudTrail does for services whose JSON names start upper-case. */
function lowerNames(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [lowerFirst(name), member]));
}

function readHeader(request: HttpRequest, name: string): string {
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
