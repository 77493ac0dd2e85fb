import { acceptDrifts } from "@drift-guard/core/capture/accept-drift";
import { type Captured, captureRole } from "@drift-guard/core/capture/capture";
import type { Config } from "@drift-guard/core/config/config";
import { findWatchedRole } from "@drift-guard/core/config/watched-role";
import { CaptureError, ConfigError } from "@drift-guard/core/errors";
import type { Finding } from "@drift-guard/core/model/finding";
import { type Role, type RoleReading, sameRoleName } from "@drift-guard/core/model/role";
import { localiseReference } from "@drift-guard/core/reference/built-in";
import type { Reference } from "@drift-guard/core/reference/reference";
import { sanitise } from "@drift-guard/formats/printable";
import { type AccountSource, openLiveAccount, openSnapshot, readFileInstead } from "../account-source.ts";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { formatDocument } from "../output/json.ts";
import { ReferenceCaptureOutput } from "../output/reference.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { readFindings } from "./accepted.ts";
import { formatUse } from "./configuration.ts";
import { formatReferenceDifference } from "./difference.ts";
import { defaultFolder, findReferenceFile, readReferenceFile, writeReferenceFile } from "./folder.ts";

/** A reference file that capture wrote. */
interface Written extends Captured {
  readonly file: string;
  /** Lines that show what changed in the reference; empty for a new one. */
  readonly difference: readonly string[];
  /** The live role's path; left out if the role was watched before. */
  readonly livePath?: string;
}

/** `reference capture`: writes references from live roles, or accepts drifts into the reference of one. */
export async function capture(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals: names } = parseCommandLine("reference capture", args, {
    account: { type: "string", value: "a FILE" },
    config: { type: "string", value: "a FILE" },
    finding: { type: "string", value: "an ID", multiple: true },
    findings: { type: "string", value: "a FILE" },
    table: { type: "string", value: "a NAME" },
    into: { type: "string", value: "a FOLDER", default: defaultFolder },
    force: { type: "boolean", default: false },
    json: { type: "boolean" },
  });
  if (names.length === 0) throw new UsageError("reference capture takes the name of a role.");
  const { finding: ids, into: folder } = values;
  const { config, problem } = await loadConfigToCapture(values.config, ids !== undefined);
  const source = await openAccount(values.account, terminal);
  const today = new Date().toISOString().slice(0, 10);
  const written: Written[] = [];
  if (ids) {
    const [name, ...others] = names;
    if (name === undefined || others.length > 0)
      throw new UsageError("--finding accepts drift of one role, so name one role.");
    const findings = await readFindings(ids, values);
    written.push(await takeFindings(name, findings, { config, source, folder, today, terminal }));
  } else {
    for (const name of names) {
      written.push(await captureLive(name, { source, folder, today, force: values.force }));
    }
  }
  await printWritten(written, config, { json: values.json === true, terminal });
  if (!values.json && problem !== undefined) {
    await terminal.print("", ...wrap(`The configuration is not valid yet. ${problem}`, terminal.columns));
  }
  return 0;
}

/** Prints what was written, and how to use it. */
async function printWritten(
  written: readonly Written[],
  config: Pick<Config, "roles" | "references">,
  { json, terminal }: { readonly json: boolean; readonly terminal: Terminal },
): Promise<void> {
  if (json) {
    const items = written.map(({ file, reference, notes }) => ({ role: reference.role, file, notes }));
    await terminal.print(formatDocument(ReferenceCaptureOutput, { schema: 1, items }));
    return;
  }
  for (const each of written) await terminal.print(...formatWritten(each, terminal), "");
  await terminal.print(...formatUse(written, config, terminal));
}

/** What drift is accepted into, and how the result is printed. */
export interface AcceptOptions {
  readonly config: Pick<Config, "roles" | "references">;
  /** A file with the account; left out for the live account. */
  readonly account?: string;
  readonly into?: string;
  readonly json: boolean;
}

/**
 * Accepts drifts of one role into its reference, as a file to review. Throws `UsageError` if the findings are about several
 * roles, or about another account, and `CaptureError` if they cannot be accepted.
 */
export async function acceptFindings(
  findings: readonly [Finding, ...Finding[]],
  { config, account, into = defaultFolder, json }: AcceptOptions,
  terminal: Terminal,
): Promise<void> {
  const source = await openAccount(account, terminal);
  const today = new Date().toISOString().slice(0, 10);
  const [{ role }] = findings;
  const written = await takeFindings(role.name, findings, { config, source, folder: into, today, terminal });
  await printWritten([written], config, { json, terminal });
}

async function openAccount(file: string | undefined, terminal: Terminal): Promise<AccountSource> {
  return file === undefined
    ? openLiveAccount({ alternative: readFileInstead })
    : openSnapshot(file, terminal.input);
}

/**
 * Loads the configuration. A configuration that is not valid may lack the very reference that is captured: then nothing of
 * it is known, and its problem is returned. Throws `ConfigError` if the configuration is needed.
 */
async function loadConfigToCapture(
  file: string | undefined,
  isNeeded: boolean,
): Promise<{ readonly config: Pick<Config, "roles" | "references">; readonly problem?: string }> {
  try {
    return { config: await loadConfig(file) };
  } catch (error) {
    if (isNeeded || !(error instanceof ConfigError)) throw error;
    return { config: { roles: {}, references: [] }, problem: error.message };
  }
}

async function captureLive(
  name: string,
  { source, folder, today, force }: { source: AccountSource; folder: string; today: string; force: boolean },
): Promise<Written> {
  const reading = await source.reader.read(name);
  if (reading.status === "absent") throw roleNotFound(reading, source);
  const known = await findReferenceFile(folder, reading.role.name);
  if (known !== undefined && !force) {
    throw new UsageError(
      `${sanitise(known, 200)} already holds the reference of ${sanitise(name, 80)}. Replace it with --force, or accept one drift into it with --finding.`,
    );
  }
  const captured = takeRole(reading.role, today, source);
  const file = await writeReferenceFile(folder, captured.reference);
  return { ...captured, file, difference: [], livePath: reading.role.path };
}

function takeRole(role: Role, today: string, { advice }: AccountSource): Captured {
  try {
    return captureRole(role, today);
  } catch (cause) {
    if (!(cause instanceof CaptureError) || advice === undefined) throw cause;
    throw new CaptureError(`${cause.message} ${advice}`, { cause });
  }
}

function roleNotFound(
  { name, account }: Extract<RoleReading, { status: "absent" }>,
  { from }: AccountSource,
): UsageError {
  return new UsageError(`There is no role ${sanitise(name, 80)} in account ${account} (${sanitise(from)}).`);
}

interface Taking {
  readonly config: Pick<Config, "roles" | "references">;
  readonly source: AccountSource;
  readonly folder: string;
  readonly today: string;
  readonly terminal: Terminal;
}

async function takeFindings(
  name: string,
  findings: readonly Finding[],
  { config, source, folder, today, terminal }: Taking,
): Promise<Written> {
  const watched = findWatchedRole({ config }, name);
  if (!watched)
    throw new UsageError(
      `${sanitise(name, 80)} is not a watched role. Add it to drift-guard.config.ts first.`,
    );
  const foreign = findings.find(
    ({ role }) => !sameRoleName(role.name, watched.name) || role.account !== source.account,
  );
  if (foreign) {
    throw new UsageError(
      `Finding ${foreign.id} is about ${sanitise(foreign.role.name, 80)} in account ${sanitise(foreign.role.account, 12)}, not about ${sanitise(name, 80)} in account ${source.account}.`,
    );
  }
  const reading = await source.reader.read(watched.name);
  const known = await findReferenceFile(folder, watched.name);
  const before = known === undefined ? watched.reference : await readReferenceFile(known);
  const taken = acceptDrifts({ ...watched, reference: before, reading }, findings, today);
  const own = nameAfter(taken, watched.name);
  return {
    reference: own,
    notes:
      watched.guarded.reference === undefined || sameRoleName(watched.guarded.reference, watched.name)
        ? []
        : [
            `The configuration compares ${watched.name} with ${watched.guarded.reference}, a reference that other roles may share. Remove "reference" from ${watched.name} in the configuration, so that it is compared with its own.`,
          ],
    file: await writeReferenceFile(folder, own),
    difference: formatReferenceDifference(localiseReference(before, source.partition), own, terminal),
  };
}

// Several roles may share one reference: what is accepted for one of them goes into a reference of its own.
function nameAfter(reference: Reference, role: string): Reference {
  const { profile, role: before } = reference;
  if (sameRoleName(before, role)) return reference;
  const isNamesake = profile !== undefined && sameRoleName(profile, before);
  return { ...reference, role, ...(isNamesake && { profile: role }) };
}

function formatWritten(
  { reference, file, notes, difference }: Written,
  { paint, columns }: Terminal,
): readonly string[] {
  return [
    ...wrap(
      `${paint("bold", sanitise(reference.role))}  written to ${sanitise(file, 300)}`,
      columns,
      "",
      "  ",
    ),
    ...notes.flatMap((note) => wrap(sanitise(note, 400), columns, "  ")),
    ...difference,
  ];
}
