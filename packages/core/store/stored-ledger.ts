import * as z from "zod";
import { Finding } from "../model/finding.ts";
import type { Ledger } from "../model/ledger.ts";
import { formatRoleKey, type RoleKey } from "../model/role.ts";
import { FindingItem, LedgerItem, TransitionItem } from "./items.ts";
import { findingKeys, ledgerSchema, oldLedgerSchema } from "./keys.ts";
import { compareWithIndex, digestFinding, type LedgerIndex } from "./ledger-index.ts";
import { isHonestNumber } from "./transition-numbers.ts";
import { maxHonestVersion } from "./versions.ts";

/** An item of a role's partition as it is stored: its sort key, and its value, not validated. */
export interface StoredItem {
  readonly key: string;
  readonly value: unknown;
}

/** The ledger that stored items make, and what else of it may be restored. */
export interface StoredLedger {
  readonly ledger: Ledger;
  /**
   * Ids of findings that the ledger wrote and that are forged or gone, with the number of the last transition as far as
   * the ledger knows it: their last transitions may still have them.
   */
  readonly lost: ReadonlyMap<string, number>;
}

interface StoredFinding {
  readonly key: string;
  readonly finding: Finding;
  readonly schema: number;
  readonly version: number;
  readonly digest: string;
  /** Whether the item has exactly the fields that this version of drift-guard knows. */
  readonly isCurrent: boolean;
}

/** A ledger's own item; one that cannot be read may still have a version. */
type Header =
  | { readonly status: "absent" | "forged"; readonly version: number }
  | { readonly status: "old"; readonly version: number }
  | { readonly status: "current"; readonly version: number; readonly index: LedgerIndex };

/** Whether a finding's item has the key of that finding: somebody may have copied or moved it. */
export function isFindingOf(
  { pk, key }: { readonly pk: string; readonly key: string },
  { id, role }: Pick<Finding, "id" | "role">,
): boolean {
  return findingKeys.finding(id) === key && findingKeys.partition(role) === pk;
}

/** Whether only the transitions say which findings a role has: the ledger's own item is gone or forged, or was never there. */
export function needsHistory(role: RoleKey, items: readonly StoredItem[]): boolean {
  const { status } = readHeader(role, items);
  return status === "absent" || status === "forged";
}

/**
 * Makes a ledger of the items that are stored with the keys from `findingKeys.first` to `findingKeys.last`. Only findings
 * that the ledger's item indexes are used, or those of schema 1 where that item has schema 1 too. `history` has the ids of
 * the findings with transitions, if `needsHistory`. Throws nothing: what cannot be read is forged.
 */
export function assembleLedger(
  role: RoleKey,
  items: readonly StoredItem[],
  history: Iterable<string> = [],
): StoredLedger {
  const header = readHeader(role, items);
  const found = items.filter(({ key }) => key !== findingKeys.ledger());
  const ids = [...history];
  if (header.status === "absent" && found.length === 0 && ids.length === 0) {
    return { ledger: { role, version: 0, findings: [] }, lost: new Map() };
  }
  const findings = found.flatMap((item) => readFinding(role, item));
  const { genuine, lost: missing, isForged } = judge(header, findings, found);
  const lost = new Map([...missing, ...(isForged ? ids.map((id) => [id, 0] as const) : [])]);
  const used = findings.filter(({ finding }) => genuine.has(finding.id));
  const usedKeys = new Set(used.map(({ key }) => key));
  const goneKeys = [...lost.keys()].map(findingKeys.finding).filter((key) => !usedKeys.has(key));
  const forged = new Set([
    ...found.map(({ key }) => key).filter((key) => !usedKeys.has(key)),
    ...goneKeys,
    ...(isForged ? [findingKeys.ledger()] : []),
  ]);
  const isOutdated = header.status === "old" || used.some(({ isCurrent }) => !isCurrent);
  const version =
    header.version > 0 ? header.version : Math.max(0, ...findings.map((finding) => finding.version));
  return {
    ledger: {
      role,
      version,
      findings: used.map(({ finding }) => finding),
      ...(forged.size > 0 && { forged: [...forged] }),
      ...(isOutdated && { outdated: true as const }),
    },
    lost,
  };
}

function judge(
  header: Header,
  findings: readonly StoredFinding[],
  found: readonly StoredItem[],
): {
  readonly genuine: ReadonlySet<string>;
  readonly lost: ReadonlyMap<string, number>;
  readonly isForged: boolean;
} {
  const idOf = (key: string) => key.slice(findingKeys.first.length);
  const isFinding = ({ key }: StoredItem) => key.startsWith(findingKeys.first);
  switch (header.status) {
    case "current": {
      const stored = findings.map(({ finding, digest }) => ({ id: finding.id, digest }));
      return { ...compareWithIndex(stored, header.index), isForged: false };
    }
    case "old":
      // A version that writes schema 1 refuses to load schema 2, so it never writes a ledger over such findings.
      if (findings.every(({ schema }) => schema === oldLedgerSchema)) {
        const genuine = new Set(findings.map(({ finding }) => finding.id));
        const lost = found.filter(isFinding).map(({ key }) => idOf(key));
        return {
          genuine,
          lost: new Map(lost.filter((id) => !genuine.has(id)).map((id) => [id, 0])),
          isForged: false,
        };
      }
      break;
    case "absent":
    case "forged":
      break;
  }
  const lost = new Map(found.filter(isFinding).map(({ key }) => [idOf(key), 0]));
  return { genuine: new Set(), lost, isForged: true };
}

const HonestVersion = z.int().min(1).max(maxHonestVersion);
const Header = LedgerItem.extend({
  schema: z.literal([oldLedgerSchema, ledgerSchema]),
  version: HonestVersion,
});
const Version = z.looseObject({ version: HonestVersion });

function readHeader(role: RoleKey, items: readonly StoredItem[]): Header {
  const item = items.find(({ key }) => key === findingKeys.ledger());
  if (!item) return { status: "absent", version: 0 };
  const parsed = Header.safeParse(item.value);
  const version = Version.safeParse(item.value).data?.version ?? 0;
  if (!parsed.success || formatRoleKey(parsed.data.role) !== formatRoleKey(role)) {
    return { status: "forged", version };
  }
  const { schema, index } = parsed.data;
  if (schema === oldLedgerSchema) return { status: "old", version };
  return index === undefined ? { status: "forged", version } : { status: "current", version, index };
}

const StoredFindingItem = FindingItem.extend({
  schema: z.literal([oldLedgerSchema, ledgerSchema]),
  version: HonestVersion.exactOptional(),
});
const Raw = z.looseObject({ finding: z.unknown() });

function readFinding(role: RoleKey, { key, value }: StoredItem): readonly StoredFinding[] {
  const parsed = StoredFindingItem.safeParse(value).data;
  if (!parsed) return [];
  const { finding, schema, version = 0 } = parsed;
  if (!isFindingOf({ pk: findingKeys.partition(role), key }, finding) || !isHonestNumber(finding.seq))
    return [];
  const digest = digestFinding(Raw.parse(value).finding);
  const isCurrent = schema === ledgerSchema && digest === digestFinding(z.encode(Finding, finding));
  return [{ key, finding, schema, version, digest, isCurrent }];
}

/** The most findings of one role that are restored from their last transitions: each takes a call. */
export const maxRestored = 100;

/**
 * Adds findings that were lost to a ledger, as their last transitions have them; `last` has the items of those that exist,
 * by finding id. A finding without a readable transition stays out, and evaluating the role opens it again if it holds.
 */
export function restoreFindings(
  { ledger, lost }: StoredLedger,
  last: ReadonlyMap<string, StoredItem>,
): Ledger {
  if (lost.size === 0) return ledger;
  const restored: Finding[] = [];
  const usedNumbers = new Map<string, number>();
  for (const [id, seq] of lost) {
    const item = last.get(id);
    const finding = item && readLastTransition(ledger.role, id, item);
    if (finding) restored.push({ ...finding, seq: Math.max(seq, finding.seq) });
    else if (seq > 0) usedNumbers.set(id, seq);
  }
  return {
    ...ledger,
    findings: [...ledger.findings, ...restored],
    ...(usedNumbers.size > 0 && { usedNumbers }),
  };
}

const StoredTransition = TransitionItem.extend({ schema: z.literal([oldLedgerSchema, ledgerSchema]) });

function readLastTransition(role: RoleKey, id: string, { key, value }: StoredItem): Finding | undefined {
  const finding = StoredTransition.safeParse(value).data?.transition.finding;
  if (!finding || finding.id !== id || findingKeys.transition(id, finding.seq) !== key) return undefined;
  if (!isHonestNumber(finding.seq)) return undefined;
  return formatRoleKey(finding.role) === formatRoleKey(role) ? finding : undefined;
}
