import type { Resource } from "../synth/synthesis.ts";

// The endings that SST appends to a component's name for its main resource.
const endings: { readonly [type: string]: string } = {
  "aws:cloudwatch/eventBus:EventBus": "Bus",
  "aws:dynamodb/table:Table": "Table",
  "aws:lambda/function:Function": "Function",
  "aws:scheduler/schedule:Schedule": "Schedule",
  "aws:sns/topic:Topic": "Topic",
  "aws:sqs/queue:Queue": "Queue",
};

/** Returns the resource's logical id in the template: its component's name, such as `Changes` or `Detect`. */
export function nameLogically({ type, name }: Resource): string {
  // SST puts a hash of the queue's ARN into this name, so it would differ between accounts.
  if (type === "aws:lambda/eventSourceMapping:EventSourceMapping")
    return name.replace(/Subscriber\w*EventSourceMapping$/, "Mapping");
  const ending = endings[type];
  return ending !== undefined && name.endsWith(ending) ? name.slice(0, -ending.length) : name;
}
