import type { JsonValue, Resource } from "../synth/synthesis.ts";
import { nameLogically } from "./names.ts";
import { TemplateError } from "./translation.ts";

/** A text that stands for a resource, and the reference that replaces it. */
interface Token {
  readonly text: string;
  readonly reference: JsonValue;
}

/**
 * Returns a function that replaces the names, ARNs and URLs of resources in some properties by references, so that
 * CloudFormation knows the order of creation. Its second parameter is the logical id of the resource that has the
 * properties: its own name is kept. Throws `TemplateError` where two resources that are referred to by name share one.
 */
export function createResolver(resources: readonly Resource[]) {
  const tokens = resources.flatMap((resource) => tokensOf(resource));
  const names = indexNames(resources);
  // The longest first, because a stream's ARN begins with its table's.
  const alternatives = tokens
    .toSorted((a, b) => b.text.length - a.text.length)
    .map(({ text }) => RegExp.escape(text));
  const pattern = new RegExp(`(${alternatives.join("|")})(?![\\w-])`);
  const references = new Map(tokens.map(({ text, reference }) => [text, reference]));

  function resolveText(text: string, self: string): JsonValue {
    const name = names.get(text);
    if (name !== undefined && name.id !== self) return name.reference;
    if (alternatives.length === 0) return text;
    const parts: JsonValue[] = text
      .split(pattern)
      .filter((part) => part !== "")
      .map((part) => references.get(part) ?? part);
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : { "Fn::Join": ["", parts] };
  }

  function resolveValue(value: JsonValue, self: string): JsonValue {
    if (typeof value === "string") return value === "" ? value : resolveText(value, self);
    if (isList(value)) return value.map((each) => resolveValue(each, self));
    return value instanceof Object ? resolve(value, self) : value;
  }

  function resolve(
    properties: { readonly [key: string]: JsonValue },
    self: string,
  ): { [key: string]: JsonValue } {
    return Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [
        key,
        // A function refers to its role, whose policies name the function.
        key === "lambda:SourceFunctionArn" ? value : resolveValue(value, self),
      ]),
    );
  }

  return resolve;
}

// Array.isArray does not narrow a readonly array.
function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Returns the ARNs and URLs by which other resources name this one. */
function tokensOf(resource: Resource): Token[] {
  const id = nameLogically(resource);
  const { arn, url, streamArn } = resource.outputs;
  const get = (attribute: string): JsonValue => ({ "Fn::GetAtt": [id, attribute] });
  const token = (text: JsonValue | undefined, reference: JsonValue): Token[] =>
    typeof text === "string" ? [{ text, reference }] : [];
  switch (resource.type) {
    case "aws:sqs/queue:Queue":
      return [...token(arn, get("Arn")), ...token(url, { Ref: id })];
    case "aws:sns/topic:Topic":
    case "aws:iam/policy:Policy":
      return token(arn, { Ref: id });
    case "aws:dynamodb/table:Table":
      return [...token(arn, get("Arn")), ...token(streamArn, get("StreamArn"))];
    case "aws:cloudwatch/logGroup:LogGroup":
      // CloudFormation's ARN of a log group ends in ":*", Pulumi's does not.
      return token(`${arn}:*`, get("Arn"));
    case "aws:cloudwatch/eventBus:EventBus":
    case "aws:cloudwatch/eventRule:EventRule":
    case "aws:cloudwatch/compositeAlarm:CompositeAlarm":
    case "aws:cloudwatch/metricAlarm:MetricAlarm":
    case "aws:iam/role:Role":
    case "aws:lambda/function:Function":
      return token(arn, get("Arn"));
    default:
      return [];
  }
}

interface NamedResource {
  readonly id: string;
  readonly reference: JsonValue;
}

function indexNames(resources: readonly Resource[]): ReadonlyMap<string, NamedResource> {
  const index = new Map<string, NamedResource>();
  for (const [name, named] of resources.flatMap((resource) => nameOf(resource))) {
    const other = index.get(name);
    if (other !== undefined)
      throw new TemplateError(
        `${other.id} and ${named.id} both have the name ${name}, so that a property with this text could mean either. Rename one of them in packages/infra/stack.`,
      );
    index.set(name, named);
  }
  return index;
}

/** Returns the physical name by which other resources name this one; it is replaced only where it is the whole text. */
function nameOf(resource: Resource): [string, NamedResource][] {
  const id = nameLogically(resource);
  const { name } = resource.outputs;
  if (typeof name !== "string") return [];
  switch (resource.type) {
    case "aws:sqs/queue:Queue":
      return [[name, { id, reference: { "Fn::GetAtt": [id, "QueueName"] } }]];
    case "aws:cloudwatch/eventBus:EventBus":
    case "aws:cloudwatch/logGroup:LogGroup":
    case "aws:dynamodb/table:Table":
      return [[name, { id, reference: { Ref: id } }]];
    default:
      return [];
  }
}
