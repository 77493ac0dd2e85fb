import type { JsonValue } from "@drift-guard/infra/synth/synthesis";
import type { Template, TemplateResource } from "@drift-guard/infra/template/template";

/** Returns the resources of a type, with their logical ids. */
export function listResources(
  template: Template,
  type: string,
): readonly (readonly [string, TemplateResource])[] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

/**
 * Returns the template without the alarms that the emulator does not know, which are those on expressions and on other alarms,
 * and without list members that refer to them.
 */
export function omitUnknownAlarms<Part extends Pick<Template, "Resources">>(template: Part): Part {
  const isUnknown = ({ Type, Properties }: TemplateResource) =>
    Type === "AWS::CloudWatch::CompositeAlarm" ||
    (Type === "AWS::CloudWatch::Alarm" && Properties.Metrics !== undefined);
  const omitted = new Set(
    Object.entries(template.Resources).flatMap(([id, resource]) => (isUnknown(resource) ? [id] : [])),
  );
  const refersToOmitted = (value: JsonValue) => {
    const attribute = value instanceof Object && "Fn::GetAtt" in value ? value["Fn::GetAtt"] : undefined;
    return Array.isArray(attribute) && omitted.has(String(attribute[0]));
  };
  const omit = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.filter((each) => !refersToOmitted(each)).map(omit);
    if (!(value instanceof Object)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]: [string, JsonValue]) => [key, omit(member)]),
    );
  };
  const kept = Object.entries(template.Resources).filter(([id]) => !omitted.has(id));
  return {
    ...template,
    Resources: Object.fromEntries(
      kept.map(([id, resource]) => [
        id,
        {
          ...resource,
          Properties: Object.fromEntries(
            Object.entries(resource.Properties).map(([key, value]) => [key, omit(value)]),
          ),
        },
      ]),
    ),
  };
}

/** A template with further outputs, from which the intrinsic functions of given values can be resolved. */
export interface LiftedTemplate {
  readonly template: Template;
  /** Returns a value with its intrinsic functions replaced by the stack's outputs. */
  resolve(value: unknown, outputs: Readonly<Record<string, string>>): unknown;
}

const isIntrinsic = (name: string) => name === "Ref" || name.startsWith("Fn::");

/** Adds an output to the template for each intrinsic function in the values, so that CloudFormation resolves them. */
export function liftIntrinsics(
  template: Template,
  values: readonly (JsonValue | undefined)[],
): LiftedTemplate {
  const names = new Map<string, string>();
  const lifted: Record<string, { readonly Value: JsonValue }> = {};
  function collect(value: JsonValue | undefined): void {
    if (typeof value !== "object" || value === null) return;
    const [first, ...others] = Object.keys(value);
    if (first === undefined || others.length > 0 || !isIntrinsic(first)) {
      for (const member of Object.values(value)) collect(member);
      return;
    }
    const key = JSON.stringify(value);
    if (names.has(key)) return;
    const name = `Lifted${names.size}`;
    names.set(key, name);
    lifted[name] = { Value: value };
  }
  for (const value of values) collect(value);

  function resolve(value: unknown, outputs: Readonly<Record<string, string>>): unknown {
    if (typeof value !== "object" || value === null) return value;
    const name = names.get(JSON.stringify(value));
    if (name !== undefined) return outputs[name];
    if (Array.isArray(value)) return value.map((member) => resolve(member, outputs));
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolve(member, outputs)]));
  }
  return { template: { ...template, Outputs: { ...template.Outputs, ...lifted } }, resolve };
}
