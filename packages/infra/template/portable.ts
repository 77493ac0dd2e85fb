import { type NamedKind, nameLengths } from "@drift-guard/core/config/deployment";
import type { FunctionName } from "@drift-guard/core/config/environment";
import { lambdas } from "../bundles.ts";
import type { JsonValue, Resource } from "../synth/synthesis.ts";
import { nameLogically } from "./names.ts";
import { createSubstitution, type SynthesisPlace } from "./substitution.ts";
import { renderTemplates, type Template, type TemplateResource } from "./template.ts";
import { TemplateError } from "./translation.ts";

/** A parameter of a CloudFormation template. */
interface Parameter {
  readonly Type: "String";
  readonly Description: string;
  readonly Default?: string;
  readonly AllowedPattern: string;
  readonly ConstraintDescription: string;
  readonly MaxLength?: number;
}

/** A CloudFormation template for one Region of any account. */
export interface PortableTemplate extends Template {
  readonly Parameters: { readonly [name: string]: Parameter };
  readonly Conditions: { readonly [name: string]: JsonValue };
}

/** What a synthesis was made with, and which archives hold the functions. */
export interface PortableSettings {
  /** The place that the resources were synthesised for; its Region is the guard's. */
  readonly place: SynthesisPlace;
  /** The file name of each function's archive. */
  readonly archives: Partial<Readonly<Record<FunctionName, string>>>;
  /** The version of drift-guard, for the templates' descriptions. */
  readonly version: string;
}

/**
 * Returns one template for each Region of the stack, by Region, which can be deployed to any account: nothing in it names
 * the account, the partition or the stage of the synthesis. Parameters:
 *
 * - `Stage`: part of every name, as in a deployment by SST;
 * - `ArtefactBucket` and `ArtefactPrefix`, in the template of the guard's Region: where the functions' archives are;
 * - `Email1`, `Email2`, …: the addresses of the configuration, or one; an empty one makes no subscription.
 *
 * Tables that the stack protects stay when the stack is deleted. Throws `TemplateError` as `renderTemplates` does, and
 * where a function has no archive.
 */
export function renderPortableTemplates(
  resources: readonly Resource[],
  settings: PortableSettings,
): Map<string, PortableTemplate> {
  const stage = describeStage(resources, settings.place.stage);
  return new Map(
    [...renderTemplates(resources)].map(([region, template]) => {
      const inRegion = resources.filter((resource) => resource.region === region);
      return [region, render(template, inRegion, { ...settings, region, stage })];
    }),
  );
}

function render(
  template: Template,
  resources: readonly Resource[],
  { place, archives, version, region, stage }: PortableSettings & { region: string; stage: Parameter },
): PortableTemplate {
  const substitute = createSubstitution({ ...place, region });
  const kept = new Set(resources.filter(isKept).map(nameLogically));
  const emails = new Map<string, Parameter>();
  const Resources: { [id: string]: TemplateResource } = {};
  for (const [id, resource] of Object.entries({ ...template.Resources, ...listSubscriptions(template) })) {
    const Properties = substitute(resource.Properties);
    if (resource.Type === "AWS::Lambda::Function") Properties.Code = locateArchive(id, archives);
    const email = readEmail(id, resource);
    if (email !== undefined) {
      emails.set(email.name, describeEmail(email.address));
      Properties.Endpoint = { Ref: email.name };
    }
    Resources[id] = {
      ...resource,
      ...(email !== undefined && { Condition: `Has${email.name}` }),
      ...(kept.has(id) && { DeletionPolicy: "Retain" as const, UpdateReplacePolicy: "Retain" as const }),
      Properties,
    };
  }
  const isGuard = region === place.region;
  return {
    ...template,
    Description: `drift-guard ${version}: ${isGuard ? "the guard" : "forwards events to the guard"}. Deploy it in ${region}.`,
    Parameters: {
      Stage: stage,
      ...(isGuard && artefactParameters),
      ...Object.fromEntries([...emails].toSorted(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))),
    },
    Conditions: Object.fromEntries(
      [...emails.keys()].map((name) => [
        `Has${name}`,
        { "Fn::Not": [{ "Fn::Equals": [{ Ref: name }, ""] }] },
      ]),
    ),
    Resources,
  };
}

// CloudFormation would delete a table with its stack, with all that people decided. A deleted queue loses what a sweep
// makes up for, and one that stays would keep its name from the next deployment.
function isKept({ type, options }: Resource): boolean {
  return type === "aws:dynamodb/table:Table" && options.protect;
}

const artefactParameters = {
  ArtefactBucket: {
    Type: "String",
    Description: "The S3 bucket with the archives of the functions, in the Region of this stack",
    AllowedPattern: "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    ConstraintDescription: "the name of an S3 bucket",
  },
  ArtefactPrefix: {
    Type: "String",
    Description: "What the keys of the archives begin with, such as drift-guard/1.2.0/",
    Default: "",
    AllowedPattern: "^([A-Za-z0-9!_.*'()/-]+/)?$",
    ConstraintDescription: "empty, or a text that ends with /",
  },
} as const satisfies Readonly<Record<string, Parameter>>;

function locateArchive(id: string, archives: PortableSettings["archives"]): JsonValue {
  const [, name] = Object.entries(lambdas).find(([lambda]) => lambda === id) ?? [];
  const archive = name === undefined ? undefined : archives[name];
  if (archive === undefined) throw new TemplateError(`The function ${id} has no archive.`);
  return {
    S3Bucket: { Ref: "ArtefactBucket" },
    S3Key: { "Fn::Sub": `\${ArtefactPrefix}${archive}` },
  };
}

/** Returns a subscription for each topic that has none, so that each deployment can have an address of its own. */
function listSubscriptions({ Resources }: Template): { readonly [id: string]: TemplateResource } {
  return Object.fromEntries(
    Object.entries(Resources)
      .filter(([id, { Type }]) => Type === "AWS::SNS::Topic" && !(`${id}Email1` in Resources))
      .map(([id]) => [
        `${id}Email1`,
        {
          Type: "AWS::SNS::Subscription",
          Properties: { TopicArn: { Ref: id }, Protocol: "email", Endpoint: "" },
        },
      ]),
  );
}

function readEmail(
  id: string,
  { Type, Properties }: TemplateResource,
): { readonly name: string; readonly address: string } | undefined {
  const [name] = /Email\d+$/.exec(id) ?? [];
  const { Protocol, Endpoint } = Properties;
  if (Type !== "AWS::SNS::Subscription" || Protocol !== "email") return undefined;
  if (name === undefined || typeof Endpoint !== "string")
    throw new TemplateError(
      `The subscription ${id} is not named as packages/infra/stack/alarms.ts names those of addresses.`,
    );
  return { name, address: Endpoint };
}

const describeEmail = (address: string): Parameter => ({
  Type: "String",
  Description: "Gets messages and alarms, after it has confirmed the subscription. Empty: nobody",
  Default: address,
  AllowedPattern: "^([^@\\s]+@[^@\\s]+)?$",
  ConstraintDescription: "an address, or empty",
});

const kinds: { readonly [type: string]: NamedKind } = {
  "aws:cloudwatch/eventBus:EventBus": "bus",
  "aws:cloudwatch/eventRule:EventRule": "rule",
  "aws:cloudwatch/eventTarget:EventTarget": "target",
  "aws:cloudwatch/metricAlarm:MetricAlarm": "alarm",
  "aws:dynamodb/table:Table": "table",
  "aws:iam/policy:Policy": "policy",
  "aws:iam/role:Role": "role",
  "aws:lambda/function:Function": "function",
  "aws:scheduler/schedule:Schedule": "schedule",
  "aws:sns/topic:Topic": "topic",
  "aws:sqs/queue:Queue": "queue",
};

function describeStage(resources: readonly Resource[], stage: string): Parameter {
  const room = resources.flatMap(({ type, inputs }) => {
    const kind = kinds[type];
    const name = inputs.name ?? inputs.targetId;
    return kind === undefined || typeof name !== "string" ? [] : [nameLengths[kind] - name.length];
  });
  return {
    Type: "String",
    Description: "Tells deployments in one account apart. Part of every name; the same in each Region",
    Default: "production",
    AllowedPattern: "^[A-Za-z0-9-]+$",
    ConstraintDescription: "letters, digits and hyphens",
    MaxLength: stage.length + Math.min(...room),
  };
}
