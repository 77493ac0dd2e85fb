import { formatIssues } from "@drift-guard/core/issues";
import * as z from "zod";
import type { JsonValue, Resource } from "../synth/synthesis.ts";
import { translatePolicy, translateRole } from "./access.ts";
import { translateAlarm, translateCompositeAlarm, translateLogGroup } from "./alarms.ts";
import { translateBus, translateRule, translateSchedule, translateTarget } from "./events.ts";
import { translateFunction, translateInvokeConfig, translateMapping } from "./functions.ts";
import {
  translateQueue,
  translateQueuePolicy,
  translateSubscription,
  translateTopic,
  translateTopicPolicy,
} from "./messaging.ts";
import { nameLogically } from "./names.ts";
import { createResolver } from "./references.ts";
import { translateResourcePolicy, translateTable } from "./tables.ts";
import { TemplateError, type Translate, type TranslatedResource } from "./translation.ts";

/** A resource of a CloudFormation template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties: { readonly [key: string]: JsonValue };
  readonly DependsOn?: readonly string[];
  /** The condition under which the resource exists. */
  readonly Condition?: string;
  readonly DeletionPolicy?: "Retain";
  readonly UpdateReplacePolicy?: "Retain";
}

/** A CloudFormation template for one region. */
export interface Template {
  readonly AWSTemplateFormatVersion: "2010-09-09";
  readonly Description: string;
  readonly Resources: { readonly [id: string]: TemplateResource };
  /** The URL of each queue, the name of each table, bus and function, and the ARN of each topic, by logical id. */
  readonly Outputs: { readonly [id: string]: { readonly Value: JsonValue } };
}

const omit: Translate = () => undefined;

/** The translation of each type that the stack registers. */
const translations: { readonly [type: string]: Translate } = {
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": translateCompositeAlarm,
  "aws:cloudwatch/eventBus:EventBus": translateBus,
  "aws:cloudwatch/eventRule:EventRule": translateRule,
  "aws:cloudwatch/eventTarget:EventTarget": translateTarget,
  "aws:cloudwatch/logGroup:LogGroup": translateLogGroup,
  "aws:cloudwatch/metricAlarm:MetricAlarm": translateAlarm,
  "aws:dynamodb/resourcePolicy:ResourcePolicy": translateResourcePolicy,
  "aws:dynamodb/table:Table": translateTable,
  "aws:iam/policy:Policy": translatePolicy,
  "aws:iam/role:Role": translateRole,
  "aws:lambda/eventSourceMapping:EventSourceMapping": translateMapping,
  "aws:lambda/function:Function": translateFunction,
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": translateInvokeConfig,
  "aws:scheduler/schedule:Schedule": translateSchedule,
  "aws:sns/topic:Topic": translateTopic,
  "aws:sns/topicPolicy:TopicPolicy": translateTopicPolicy,
  "aws:sns/topicSubscription:TopicSubscription": translateSubscription,
  "aws:sqs/queue:Queue": translateQueue,
  "aws:sqs/queuePolicy:QueuePolicy": translateQueuePolicy,
  // Not part of a template: the program itself, the zip files, which are uploaded before the template is deployed, and
  // SST's key for linked secrets, of which this stack has none.
  "pulumi:pulumi:Stack": omit,
  "aws:s3/bucketObjectv2:BucketObjectv2": omit,
  "random:index/randomBytes:RandomBytes": omit,
};

/**
 * Returns the CloudFormation template of the synthesised resources. It can be deployed once the bundles are in S3
 * (`locateCode`). Throws `TemplateError` for a type or a property without a translation, and where the resources are in no
 * region or in several.
 */
export function renderTemplate(resources: readonly Resource[]): Template {
  const templates = renderTemplates(resources);
  const [template] = templates.values();
  if (template === undefined || templates.size > 1)
    throw new TemplateError(
      `A template holds resources of one region, and the stack has ${[...templates.keys()].join(", ") || "none"}. Use renderTemplates.`,
    );
  return template;
}

/** Returns one template for each region that the stack has resources in, by region. Throws `TemplateError`. */
export function renderTemplates(resources: readonly Resource[]): Map<string, Template> {
  const regions = [...new Set(resources.map(({ region }) => region))];
  return new Map(
    regions.map((region) => [
      region,
      render(
        resources.filter((resource) => resource.region === region),
        region,
      ),
    ]),
  );
}

function render(resources: readonly Resource[], region: string): Template {
  const resolve = createResolver(resources);
  const Resources: { [id: string]: TemplateResource } = {};
  const Outputs: { [id: string]: { Value: JsonValue } } = {};
  for (const resource of resources) {
    const translated = translate(resource, resources);
    if (translated === undefined) continue;
    const id = nameLogically(resource);
    if (id in Resources)
      throw new TemplateError(
        `Two resources have the logical id ${id}. Rename one of them in packages/infra/stack.`,
      );
    Resources[id] = {
      Type: translated.type,
      Properties: { ...resolve(translated.properties, id), ...translated.verbatim },
    };
    if (translated.output) Outputs[id] = { Value: { Ref: id } };
  }
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `drift-guard in ${region}`,
    Resources,
    Outputs,
  };
}

function translate(resource: Resource, all: readonly Resource[]): TranslatedResource | undefined {
  const { type, name } = resource;
  const translation = translations[type];
  if (translation === undefined)
    throw new TemplateError(
      `${name} is of type ${type}, which has no translation. Add one to packages/infra/template/template.ts.`,
    );
  try {
    return translation(resource, all);
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    throw new TemplateError(
      `${name} (${type}) has properties without a translation. Add them in packages/infra/template.\n${formatIssues(cause, resource.inputs)}`,
      { cause },
    );
  }
}
