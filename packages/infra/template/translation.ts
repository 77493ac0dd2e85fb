import * as z from "zod";
import type { Json, Resource } from "../synth/synthesis.ts";

/** A resource of the stack cannot be translated to CloudFormation. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/** A resource translated to CloudFormation, before names and ARNs are replaced by references. */
export interface Fragment {
  /** CloudFormation's type, such as `AWS::SQS::Queue`. */
  readonly type: string;
  readonly properties: { readonly [key: string]: Json };
  /** Properties that are not replaced by references, such as its own physical name. */
  readonly own?: { readonly [key: string]: Json };
  /** Whether the template has an output that names the resource. */
  readonly output?: boolean;
}

/**
 * Translates a resource; `all` are the resources of the same region. Returns undefined for a resource that is part of
 * another, or that no template holds. Throws `ZodError` for a property that the translation does not know.
 */
export type Translate = (resource: Resource, all: readonly Resource[]) => Fragment | undefined;

const json: z.ZodType<Json> = z.json();

/** Parses a document that Pulumi takes as JSON text, and CloudFormation as an object. */
export const document = z.string().transform((text): Json => json.parse(JSON.parse(text)));

/** Parses a policy document, which Pulumi takes as JSON text or as an object. */
export const policy = z.union([document, z.record(z.string(), json)]);

/** Returns the properties that are not undefined. */
export function defined(properties: { readonly [key: string]: Json | undefined }): { [key: string]: Json } {
  const kept: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(properties)) if (value !== undefined) kept[key] = value;
  return kept;
}
