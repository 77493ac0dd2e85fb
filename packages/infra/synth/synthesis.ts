/** A value as Pulumi's engine receives it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One resource that the stack registers, as Pulumi's engine would receive it. */
export interface Resource {
  /** Pulumi's type, such as `aws:sqs/queue:Queue`. */
  readonly type: string;
  /** Its logical name in the stack. */
  readonly name: string;
  readonly region: string;
  readonly inputs: { readonly [key: string]: Json };
  /** What the resource answers with once it is there: `name`, `arn`, and a queue's `url`, a table's `streamArn`. */
  readonly outputs: { readonly [key: string]: Json };
}

/** Where and as what the program runs, and where it leaves what it registered. */
export interface SynthesisSettings {
  readonly project: string;
  readonly stage: string;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  /** A folder that is taken for every function's bundle. */
  readonly code: string;
  /** A JSON file of `Resource[]`. */
  readonly result: string;
}
