/** The actions of AWS's services on a date. They name and rank differences; no decision depends on them. */
export interface Catalogue {
  /** Date of the source, such as `2026-09-26`. */
  readonly date: string;
  /** The npm package that the names come from, with its version. */
  readonly source: string;
  /** By service prefix in lower case: the names of its actions without prefix, separated by spaces. */
  readonly services: ReadonlyMap<string, string>;
}

/** Returns the actions of a service with their prefix, such as `s3:GetObject`; undefined if the service is unknown. */
export function listActions({ services }: Catalogue, service: string): readonly string[] | undefined {
  const prefix = service.toLowerCase();
  return services
    .get(prefix)
    ?.split(" ")
    .flatMap((name) => (name === "" ? [] : [`${prefix}:${name}`]));
}
