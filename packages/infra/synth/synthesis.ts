/** A value as Pulumi's engine receives it. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** The options by which Pulumi decides how a resource may be deleted and replaced. */
export interface ResourceOptions {
  /** Whether an update that would delete or replace the resource is refused. */
  readonly protect: boolean;
  /** Whether the resource is deleted before its replacement is created. */
  readonly deleteBeforeReplace: boolean;
}

/** One resource that the stack registers, as Pulumi's engine would receive it. */
export interface Resource {
  /** Pulumi's type, such as `aws:sqs/queue:Queue`. */
  readonly type: string;
  /** Its logical name in the stack. */
  readonly name: string;
  /** The region it is in; the guard's own for a global resource. */
  readonly region: string;
  /** Its properties, by Pulumi's names. */
  readonly inputs: { readonly [key: string]: JsonValue };
  /** Its properties once it is created: `name`, `arn`, a queue's `url`, a table's `streamArn`. */
  readonly outputs: { readonly [key: string]: JsonValue };
  readonly options: ResourceOptions;
}

/** The settings of one run of the program. */
export interface SynthesisSettings {
  /** Name of SST's app. */
  readonly project: string;
  readonly stage: string;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  /** A folder that stands for the bundle of every function. */
  readonly code: string;
  /** The file that the program writes the registered resources to, as JSON of `Resource[]`. */
  readonly result: string;
}
