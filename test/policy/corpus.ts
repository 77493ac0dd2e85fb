import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../../shared/data/managed-policies");

/** The document of an AWS managed policy, as JSON. */
export interface CorpusDocument {
  readonly name: string;
  readonly document: { readonly Statement: unknown; readonly [element: string]: unknown };
}

/** Two versions of one managed policy, and the kind of change between them. */
export interface CorpusPair {
  readonly name: string;
  readonly kind: string;
  readonly before: string;
  readonly after: string;
}

function listFiles(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .sort();
}

/** Returns every distinct document of AWS's managed policies; none if they do not lie beside the checkout. */
export function listDocuments(): readonly CorpusDocument[] {
  const found = new Map<string, CorpusDocument>();
  for (const name of listFiles(folder)) {
    const file: unknown = JSON.parse(readFileSync(join(folder, name), "utf8"));
    for (const document of findDocuments(file)) {
      const text = JSON.stringify(document);
      if (!found.has(text)) found.set(text, { name: name.replace(/\.json$/, ""), document });
    }
  }
  return [...found.values()];
}

function findDocuments(json: unknown): CorpusDocument["document"][] {
  if (!isObject(json)) return [];
  if ("Statement" in json && ("Version" in json || "Id" in json))
    return [{ ...json, Statement: json.Statement }];
  return Object.values(json).flatMap(findDocuments);
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** Returns pairs of consecutive versions of AWS's managed policies. */
export function listPairs(): readonly CorpusPair[] {
  return listFiles(join(folder, "pairs")).flatMap((name) => {
    const file: unknown = JSON.parse(readFileSync(join(folder, "pairs", name), "utf8"));
    if (!isObject(file)) return [];
    const [before] = findDocuments(file.before);
    const [after] = findDocuments(file.after);
    if (before === undefined || after === undefined) return [];
    const kind = name.slice(0, name.indexOf("/"));
    return [
      {
        name: name.replace(/\.json$/, ""),
        kind,
        before: JSON.stringify(before),
        after: JSON.stringify(after),
      },
    ];
  });
}

/** Returns the texts of all versions of one managed policy of the Batch family, oldest first. */
export function listVersions(policy: string): readonly string[] {
  return listFiles(join(folder, "batch", policy))
    .map((name) => ({ name, version: Number(name.replace(/\D/g, "")) }))
    .sort((one, other) => one.version - other.version)
    .flatMap(({ name }) =>
      findDocuments(JSON.parse(readFileSync(join(folder, "batch", policy, name), "utf8"))).map((one) =>
        JSON.stringify(one),
      ),
    );
}
