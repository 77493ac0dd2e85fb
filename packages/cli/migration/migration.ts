import type { SchemaCount } from "@drift-guard/aws/dynamodb/schema-count";
import type { MigrationReport } from "@drift-guard/guard/sweep/migration";

/** What a migration works with. */
export interface MigrationPorts {
  /** Counts the stored items by schema. */
  count(): Promise<SchemaCount>;
  /** Has the guard migrate these roles. */
  migrate(roles: readonly string[]): Promise<MigrationReport>;
  /** Shows how many of the roles are done. */
  progress(done: number, of: number): void;
}

/** The items of a deployment before and after a migration. */
export interface MigrationResult {
  readonly before: SchemaCount;
  readonly after: SchemaCount;
  /** Keys of items that the guard could not read. */
  readonly unreadable: readonly string[];
}

// A request takes the function some seconds, and a crash repeats no more than one.
const rolesPerRequest = 20;

/**
 * Migrates all roles with items of an older schema. It may be repeated after a failure, and goes on where it ended. Throws
 * what the ports throw.
 */
export async function migrateDeployment(ports: MigrationPorts): Promise<MigrationResult> {
  const before = await ports.count();
  const unreadable: string[] = [];
  const { roles } = before;
  for (let from = 0; from < roles.length; from += rolesPerRequest) {
    ports.progress(from, roles.length);
    const report = await ports.migrate(roles.slice(from, from + rolesPerRequest));
    unreadable.push(...report.unreadable);
  }
  const after = roles.length === 0 ? before : await ports.count();
  return { before, after, unreadable };
}
