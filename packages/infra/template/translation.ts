import * as z from "zod";
import type { Json, Resource } from "../synth/synthesis.ts";

/** A resource of the stack cannot be written as CloudFormation. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/** A resource as CloudFormation writes it, its references not resolved yet. */
export interface Fragment {
  readonly type: string;
  readonly properties: { readonly [key: string]: Json };
  /** What stays as it is: its own physical name, which must not become a reference to itself. */
  readonly own?: { readonly [key: string]: Json };
  /** Whether people and tests look for it, and it is worth an output. */
  readonly output?: boolean;
}

/** Writes one resource; undefined where it is part of another, or nothing of AWS. */
export type Translate = (resource: Resource, all: readonly Resource[]) => Fragment | undefined;

const json: z.ZodType<Json> = z.json();

/** A document that Pulumi takes as JSON text and CloudFormation as an object. */
export const document = z.string().transform((text): Json => json.parse(JSON.parse(text)));

/** A policy document, which Pulumi takes as text or as an object. */
export const policy = z.union([document, z.record(z.string(), json)]);

/** The properties without those that are undefined. */
export function defined(properties: { readonly [key: string]: Json | undefined }): { [key: string]: Json } {
  const kept: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(properties)) if (value !== undefined) kept[key] = value;
  return kept;
}
