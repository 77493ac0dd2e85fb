import * as z from "zod";
import type { JsonValue, Resource } from "../synth/synthesis.ts";

/** A resource of the stack cannot be translated to CloudFormation. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/** A resource translated to CloudFormation, before names and ARNs are replaced by references. */
export interface TranslatedResource {
  /** CloudFormation's type, such as `AWS::SQS::Queue`. */
  readonly type: string;
  readonly properties: { readonly [key: string]: JsonValue };
  /** Properties that are not replaced by references, such as its own physical name. */
  readonly verbatim?: { readonly [key: string]: JsonValue };
  /** Whether the template has an output that names the resource. */
  readonly output?: boolean;
}

/**
 * Translates a resource; `all` are the resources of the same region. Returns undefined for a resource that is part of
 * another, or that no template holds. Throws `ZodError` for a property that the translation does not know.
 */
export type Translate = (resource: Resource, all: readonly Resource[]) => TranslatedResource | undefined;

const json: z.ZodType<JsonValue> = z.json();

/** Parses a document that Pulumi takes as JSON text, and CloudFormation as an object. */
export const jsonDocument = z.string().transform((text): JsonValue => json.parse(JSON.parse(text)));

/** Parses a policy document, which Pulumi takes as JSON text or as an object. */
export const policyDocument = z.union([jsonDocument, z.record(z.string(), json)]);

/** Returns the properties that are not undefined. */
export function omitUndefined(properties: { readonly [key: string]: JsonValue | undefined }): {
  [key: string]: JsonValue;
} {
  const kept: { [key: string]: JsonValue } = {};
  for (const [key, value] of Object.entries(properties)) if (value !== undefined) kept[key] = value;
  return kept;
}
