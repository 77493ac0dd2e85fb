/**
 * Which package may import which. A package that is not listed after another may not import it.
 * `docs/architecture.md` shows the same order to readers.
 */
export const packages = {
  policy: [],
  core: ["policy"],
  guard: ["core", "policy"],
  aws: ["core", "policy"],
  embedded: ["core", "policy"],
  formats: ["core", "policy"],
  infra: ["core", "policy"],
  local: ["infra", "aws", "embedded", "core", "policy"],
  cli: ["local", "infra", "guard", "aws", "embedded", "formats", "core", "policy"],
  functions: ["guard", "aws", "formats", "core", "policy"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A folder of a package, or a file at its root (`compare.ts`). */
export type Room = string;

/**
 * The rooms of each package, lowest first. A room may import rooms of lower layers, and no other of its own layer.
 * A package without an entry has no rooms: its files may import each other.
 */
export const layers: Readonly<Partial<Record<keyof typeof packages, readonly (readonly Room[])[]>>> = {
  policy: [
    ["model", "support"],
    ["syntax"],
    ["pattern", "evaluate"],
    ["compiled"],
    ["search"],
    ["difference", "catalogue"],
    ["compare.ts"],
  ],
  core: [
    ["errors.ts", "issues.ts", "model"],
    ["policy-json.ts", "batch"],
    ["linked-role", "reference", "store"],
    ["ports.ts", "intake", "config"],
    ["evaluate"],
    ["reconcile", "rollback", "capture"],
  ],
  guard: [["ports.ts"], ["commit.ts"], ["inspect", "delivery"], ["sweep", "rollback", "linked-role"]],
  aws: [["failure.ts", "account.ts"], ["iam"], ["resources.ts", "dynamodb", "delivery", "batch"]],
  embedded: [["clock.ts"], ["iam"], ["batch"], ["snapshot.ts", "resources.ts", "rechecks.ts", "sqlite"]],
  infra: [["bundles.ts", "process-lock.ts"], ["stack"], ["synth"], ["template", "build.ts"]],
  local: [["client.ts", "emulators"], ["recorder"], ["deployment"], ["seed.ts", "inbox.ts"], ["local.ts"]],
};

/** Rooms that import less than their layer allows: nothing but these, or of one room nothing but one file. */
export const narrower: readonly {
  readonly room: string;
  readonly mayImport: readonly string[];
  readonly why: string;
}[] = [
  {
    room: "policy/evaluate",
    mayImport: ["policy/syntax", "policy/model"],
    why: "it checks the comparison's results, so it shares nothing with the comparison",
  },
  {
    room: "policy/catalogue",
    mayImport: ["policy/evaluate", "policy/model"],
    why: "it names actions by date and knows nothing of how policies are compared",
  },
];

/** Rooms that only some rooms may import, and of which only some files. */
export const guarded: readonly {
  readonly room: string;
  readonly importedBy: readonly string[];
  readonly files: readonly string[];
  readonly why: string;
}[] = [
  {
    room: "policy/evaluate",
    importedBy: ["policy/difference", "policy/catalogue"],
    files: ["policy/evaluate/decide.ts"],
    why: "what decides one request must not become part of how requests are searched",
  },
];
