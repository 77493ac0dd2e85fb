import { digestOf } from "../model/identity.ts";
import { isHonestNumber } from "./transition-numbers.ts";

/** What the ledger knows of a finding that it wrote: the number of its last transition, and the digest of its item. */
export interface IndexedFinding {
  readonly id: string;
  readonly seq: number;
  /** `digestFinding` of the item's finding. */
  readonly digest: string;
}

/** The index as it is stored: by finding id, or by bucket where the findings are many. */
export type LedgerIndex = Readonly<Record<string, string>>;

// An item holds 400 KB, and an entry takes about 75 bytes (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
const maxEntries = 3000;
const bucketMark = "*";

/** Returns the digest of a finding as its item has it, not validated. 32 hex digits. */
export function digestFinding(encoded: unknown): string {
  return digestOf(encoded).slice(0, 32);
}

/**
 * Returns the index of findings: an entry for each, or, if there are more than 3000, one for each bucket of the ids with
 * the same first three digits, which is at most 4096.
 */
export function indexFindings(findings: readonly IndexedFinding[]): LedgerIndex {
  if (findings.length <= maxEntries) {
    return Object.fromEntries(findings.map(({ id, seq, digest }) => [id, `${seq}#${digest}`]));
  }
  return Object.fromEntries(
    [...groupByBucket(findings)].map(([bucket, group]) => [bucket, digestBucket(group)]),
  );
}

/** How stored findings compare with the index of their ledger. */
export interface IndexComparison {
  /** Ids of the stored findings that the ledger wrote so. */
  readonly genuine: ReadonlySet<string>;
  /** Of the other findings in the index, the number of the last transition, by id; 0 if the index has only buckets. */
  readonly lost: ReadonlyMap<string, number>;
}

/** Compares stored findings with an index. In a bucket that does not match, none is genuine. */
export function compareWithIndex(
  stored: readonly Pick<IndexedFinding, "id" | "digest">[],
  index: LedgerIndex,
): IndexComparison {
  const genuine = new Set<string>();
  const lost = new Map<string, number>();
  const entries = new Map(Object.entries(index));
  if ([...entries.keys()].some((key) => key.startsWith(bucketMark))) {
    for (const [bucket, group] of groupByBucket(stored)) {
      const matches = entries.get(bucket) === digestBucket(group);
      for (const { id } of group) {
        if (matches) genuine.add(id);
        else lost.set(id, 0);
      }
    }
    return { genuine, lost };
  }
  const digests = new Map(stored.map(({ id, digest }) => [id, digest]));
  for (const [id, entry] of entries) {
    const [seq, digest] = entry.split("#");
    if (digest !== undefined && digests.get(id) === digest) genuine.add(id);
    else lost.set(id, isHonestNumber(Number(seq)) ? Number(seq) : 0);
  }
  return { genuine, lost };
}

function groupByBucket<Entry extends { readonly id: string }>(
  entries: readonly Entry[],
): Map<string, Entry[]> {
  return Map.groupBy(entries, ({ id }) => `${bucketMark}${id.slice(0, 3)}`);
}

function digestBucket(group: readonly Pick<IndexedFinding, "id" | "digest">[]): string {
  return digestOf(group.map(({ id, digest }) => `${id} ${digest}`).sort()).slice(0, 32);
}
