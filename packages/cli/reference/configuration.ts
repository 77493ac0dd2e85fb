import { relative } from "node:path";
import { type Config, GuardedRole } from "@drift-guard/core/config/config";
import { sameRoleName } from "@drift-guard/core/model/role";
import type { Reference } from "@drift-guard/core/reference/reference";
import { type Terminal, wrap } from "../terminal.ts";

/** A reference that was written to a file. */
export interface WrittenReferenceFile {
  readonly file: string;
  readonly reference: Reference;
  /** The path of the live role that the reference was captured from; left out if the configuration watches it already. */
  readonly livePath?: string;
}

/** The lines that say how written references enter the configuration, with the code to add. */
export function formatUse(
  written: readonly WrittenReferenceFile[],
  config: Pick<Config, "references" | "roles">,
  { columns }: Terminal,
): readonly string[] {
  const fresh = written.filter(
    ({ reference: { role } }) => !config.references.some((other) => sameRoleName(other.role, role)),
  );
  if (fresh.length === 0) {
    return wrap(
      "The configuration already names this reference. Review the change and deploy it like any other.",
      columns,
    );
  }
  const imports = fresh.map(({ file, reference: { role } }) => ({
    name: nameValue(role),
    file: asImport(file),
  }));
  const unwatched = fresh.flatMap(({ reference: { role }, livePath }) =>
    livePath === undefined || Object.keys(config.roles).some((name) => sameRoleName(name, role))
      ? []
      : [formatGuarded(role, livePath)],
  );
  return [
    ...wrap("Review the reference, and add it to drift-guard.config.ts:", columns),
    "",
    '  import { defineReference } from "@drift-guard/core/reference";',
    ...imports.map(({ name, file }) => `  import ${name} from "${file}" with { type: "json" };`),
    "",
    `  references: [${imports.map(({ name }) => `defineReference(${name})`).join(", ")}],`,
    ...(unwatched.length === 0 ? [] : [`  roles: { ${unwatched.join(", ")} },`]),
  ];
}

// The guard expects a role at the default paths unless the configuration names others.
function formatGuarded(role: string, livePath: string): string {
  const usual = GuardedRole.parse({}).paths.includes(livePath);
  return `${JSON.stringify(role)}: {${usual ? "" : ` paths: [${JSON.stringify(livePath)}] `}}`;
}

function nameValue(role: string): string {
  const name = role.replaceAll(/[^\w]+(\w?)/g, (_, next: string) => next.toUpperCase());
  return /^[A-Za-z_]/.test(name) ? name : `role${name}`;
}

function asImport(file: string): string {
  const path = relative(".", file).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}
