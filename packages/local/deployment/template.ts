import type { JsonValue } from "@drift-guard/infra/synth/synthesis";
import type { Template, TemplateResource } from "@drift-guard/infra/template/template";

/** The resources of a type, with their logical ids. */
export function listResources(
  template: Template,
  type: string,
): readonly (readonly [string, TemplateResource])[] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

/** A template that tells, as outputs, what the intrinsic functions of some values come to. */
export interface LiftedTemplate {
  readonly template: Template;
  /** The value with the stack's answers in place of its intrinsic functions. */
  resolve(value: unknown, outputs: Readonly<Record<string, string>>): unknown;
}

const isIntrinsic = (name: string) => name === "Ref" || name.startsWith("Fn::");

/** Has CloudFormation itself work out the intrinsic functions in these values, as outputs of the template. */
export function liftIntrinsics(
  template: Template,
  values: readonly (JsonValue | undefined)[],
): LiftedTemplate {
  const names = new Map<string, string>();
  const outputs: Record<string, { readonly Value: JsonValue }> = {};
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
    outputs[name] = { Value: value };
  }
  for (const value of values) collect(value);

  function resolve(value: unknown, answers: Readonly<Record<string, string>>): unknown {
    if (typeof value !== "object" || value === null) return value;
    const name = names.get(JSON.stringify(value));
    if (name !== undefined) return answers[name];
    if (Array.isArray(value)) return value.map((member) => resolve(member, answers));
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolve(member, answers)]));
  }
  return { template: { ...template, Outputs: { ...template.Outputs, ...outputs } }, resolve };
}
