import type { Resource } from "../synth/synthesis.ts";

// What SST appends to a component's name for the resource that it is about.
const endings: { readonly [type: string]: string } = {
  "aws:cloudwatch/eventBus:EventBus": "Bus",
  "aws:dynamodb/table:Table": "Table",
  "aws:lambda/function:Function": "Function",
  "aws:scheduler/schedule:Schedule": "Schedule",
  "aws:sns/topic:Topic": "Topic",
  "aws:sqs/queue:Queue": "Queue",
};

/** The resource's name in the template: the component's, such as `Changes` or `Detect`. */
export function nameLogically({ type, name }: Resource): string {
  // SST puts a hash of the queue's ARN into these, which would differ from account to account.
  if (type === "aws:lambda/eventSourceMapping:EventSourceMapping")
    return name.replace(/Subscriber\w*EventSourceMapping$/, "Mapping");
  const ending = endings[type];
  return ending !== undefined && name.endsWith(ending) ? name.slice(0, -ending.length) : name;
}
