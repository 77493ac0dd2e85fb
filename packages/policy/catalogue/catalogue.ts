/** The names of the actions that AWS's services have, as of a date. Names and ranks differences; decides none. */
export interface Catalogue {
  /** When the source was brought up to date, such as `2026-09-26`. */
  readonly date: string;
  /** The package that the names are from, with its version. */
  readonly source: string;
  /** By the service's prefix in lower case: its actions' names without prefix, divided by blanks. */
  readonly services: ReadonlyMap<string, string>;
}

/** The actions of a service with their prefix, such as `s3:GetObject`; undefined where the service is not known. */
export function listActions({ services }: Catalogue, service: string): readonly string[] | undefined {
  const prefix = service.toLowerCase();
  return services
    .get(prefix)
    ?.split(" ")
    .flatMap((name) => (name === "" ? [] : [`${prefix}:${name}`]));
}
