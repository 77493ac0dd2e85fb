/// <reference path="../../../.sst/platform/config.d.ts" />
import type { JsonValue, Resource, ResourceOptions, SynthesisSettings } from "./synthesis.ts";

/** The stack calls a function of Pulumi's engine, or uses a policy element, that the offline synthesis does not know. */
export class SynthesisGapError extends Error {
  override readonly name = "SynthesisGapError";
}

/** A replacement for Pulumi's engine: it records resources, and returns the names and ARNs that AWS would give them. */
export interface Engine extends $util.runtime.Mocks {
  /** The resources registered so far, in alphabetical order of their names. */
  readonly resources: readonly Resource[];
}

/**
 * Creates the engine for one run of the program. `optionsOf` returns the options that a resource was registered with,
 * which Pulumi's mocks do not receive. Its calls throw `SynthesisGapError`.
 */
export function createEngine(
  { account, region, partition }: SynthesisSettings,
  optionsOf: (resource: Pick<Resource, "type" | "name">) => ResourceOptions,
): Engine {
  const resources: Resource[] = [];
  return {
    // Sorted, because the order of registration depends on when each input is known.
    get resources() {
      return resources.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    newResource({ type, name, inputs }) {
      if (type.startsWith("sst:")) return { id: name, state: inputs };
      const physical = [inputs.name, inputs.alarmName, name].find((each) => typeof each === "string") ?? name;
      const at = typeof inputs.region === "string" ? inputs.region : region;
      const arn = (service: string, resource: string, where = at) =>
        `arn:${partition}:${service}:${where}:${account}:${resource}`;
      const outputs: { [key: string]: JsonValue } = {
        name: physical,
        ...identify(type, physical, inputs, arn),
      };
      const url = `https://sqs.${at}.amazonaws.com/${account}/${physical}`;
      if (type === queueType) outputs.url = url;
      resources.push({ type, name, region: at, inputs, outputs, options: optionsOf({ type, name }) });
      return { id: type === queueType ? url : physical, state: { ...inputs, ...outputs } };
    },
    call({ token, inputs }) {
      switch (token) {
        case "aws:index/getCallerIdentity:getCallerIdentity":
          return { accountId: account };
        case "aws:index/getRegion:getRegion":
          return { region, name: region, id: region };
        case "aws:index/getPartition:getPartition":
          return { partition };
        case "aws:iam/getPolicyDocument:getPolicyDocument":
          return { ...inputs, json: formatPolicyDocument(inputs.statements) };
        default:
          throw new SynthesisGapError(
            `The stack calls ${token}, which the offline synthesis does not know. Add its answer to packages/infra/synth/engine.ts.`,
          );
      }
    },
  };
}

const queueType = "aws:sqs/queue:Queue";

/** Returns the ARN of the resource, and other outputs by which the stack refers to it. */
function identify(
  type: string,
  name: string,
  inputs: { [key: string]: JsonValue },
  arn: (service: string, resource: string, region?: string) => string,
): { [key: string]: JsonValue } {
  switch (type) {
    case queueType:
      return { arn: arn("sqs", name) };
    case "aws:sns/topic:Topic":
      return { arn: arn("sns", name) };
    case "aws:dynamodb/table:Table":
      return {
        arn: arn("dynamodb", `table/${name}`),
        streamArn: arn("dynamodb", `table/${name}/stream/2026-01-01T00:00:00.000`),
      };
    case "aws:lambda/function:Function":
      return { arn: arn("lambda", `function:${name}`) };
    case "aws:cloudwatch/logGroup:LogGroup":
      return { arn: arn("logs", `log-group:${name}`) };
    case "aws:cloudwatch/eventBus:EventBus":
      return { arn: arn("events", `event-bus/${name}`) };
    case "aws:cloudwatch/eventRule:EventRule": {
      const bus = typeof inputs.eventBusName === "string" ? `${inputs.eventBusName}/` : "";
      return { arn: arn("events", `rule/${bus}${name}`) };
    }
    case "aws:cloudwatch/metricAlarm:MetricAlarm":
    case "aws:cloudwatch/compositeAlarm:CompositeAlarm":
      return { arn: arn("cloudwatch", `alarm:${name}`) };
    case "aws:scheduler/schedule:Schedule":
      return { arn: arn("scheduler", `schedule/default/${name}`) };
    case "aws:iam/role:Role":
      return { arn: arn("iam", `role/${name}`, "") };
    case "aws:iam/policy:Policy":
      return { arn: arn("iam", `policy/${name}`, "") };
    case "random:index/randomBytes:RandomBytes":
      return { base64: `${"A".repeat(43)}=` };
    default:
      return {};
  }
}

interface Statement {
  readonly sid?: string;
  readonly effect?: string;
  readonly actions?: readonly string[];
  readonly resources?: readonly string[];
  readonly principals?: readonly { readonly type: string; readonly identifiers: readonly string[] }[];
  readonly conditions?: readonly {
    readonly test: string;
    readonly variable: string;
    readonly values: string[];
  }[];
}

/** Returns the policy as JSON text, as the AWS provider does. Throws `SynthesisGapError`. */
function formatPolicyDocument(statements: readonly Statement[]): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map(({ sid, effect, actions, resources, principals, conditions, ...rest }) => {
      const unknown = Object.keys(rest);
      if (unknown.length > 0)
        throw new SynthesisGapError(
          `A policy statement has ${unknown.join(", ")}, which the offline synthesis does not know. Add it to packages/infra/synth/engine.ts.`,
        );
      const condition: Record<string, Record<string, string[]>> = {};
      for (const { test, variable, values } of conditions ?? [])
        condition[test] = { ...condition[test], [variable]: values };
      return {
        ...(sid && { Sid: sid }),
        Effect: effect ?? "Allow",
        ...(principals && {
          Principal: Object.fromEntries(principals.map(({ type, identifiers }) => [type, identifiers])),
        }),
        Action: actions,
        ...(resources && { Resource: resources }),
        ...(conditions && { Condition: condition }),
      };
    }),
  });
}
