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
    ["errors.ts", "issues.ts", "memo.ts", "version.ts", "model"],
    ["policy-json.ts", "batch"],
    ["linked-role", "reference", "respond", "store"],
    ["ports.ts", "intake", "config"],
    ["evaluate", "doctor"],
    ["reconcile", "rollback", "capture"],
    ["fixes", "announcement"],
  ],
  guard: [
    ["ports.ts"],
    ["commit.ts", "control-commit.ts"],
    ["inspect", "delivery"],
    ["sweep", "lookup", "rollback", "respond", "linked-role", "ensure", "doctor"],
  ],
  aws: [
    ["failure.ts", "account.ts"],
    ["iam"],
    ["resources.ts", "dynamodb", "delivery", "batch", "cloudtrail", "sts"],
    ["deployment"],
  ],
  embedded: [
    ["clock.ts", "json-values.ts"],
    ["snapshot-pages.ts", "iam"],
    ["batch"],
    ["snapshot.ts", "batch-output.ts", "resources.ts", "rechecks.ts", "sqlite"],
  ],
  infra: [
    ["archive.ts", "bundles.ts", "process-lock.ts"],
    ["stack"],
    ["synth"],
    ["template", "build.ts"],
    ["distribution.ts"],
  ],
  local: [
    ["client.ts", "emulators"],
    ["recorder"],
    ["deployment"],
    ["guard-build.ts", "seed.ts", "inbox.ts"],
    ["local.ts"],
  ],
  cli: [
    ["compile-cache.ts", "text-input.ts"],
    ["file-failure.ts", "grant-lines.ts", "output", "statement-advice.ts", "terminal.ts"],
    ["account-source.ts", "command.ts", "comparison-report.ts", "config.ts", "drift-table.ts", "trail"],
    ["finding-choice.ts", "policy-partition.ts", "step-lines.ts"],
    ["batch", "migration", "reference", "role-check.ts", "slr"],
    ["account-check.ts", "demonstration"],
    ["rollback"],
    ["answers", "ensure"],
    ["findings"],
    ["commands"],
    ["program.ts"],
    ["main.ts"],
  ],
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

/** The libraries that a pure package may import, types included. A package without an entry is not pure. */
export const libraries: Readonly<Partial<Record<keyof typeof packages, readonly string[]>>> = {
  policy: [],
  core: ["zod", "@noble/hashes"],
  guard: [],
};

/** Imports of files outside `packages/` and `functions/`. No other is allowed. */
export const outside: readonly { readonly from: string; readonly to: string; readonly why: string }[] = [
  {
    from: "functions/shared/configuration.ts",
    to: "drift-guard.config.ts",
    why: "the functions are bundled with the owner's configuration",
  },
  {
    from: "packages/infra/synth/program.ts",
    to: "sst.config.ts",
    why: "the synthesis runs the stack that is deployed",
  },
];

/** Specifiers that mean no file of the project. No other is allowed. */
export const unresolved: readonly {
  readonly from: string;
  readonly specifier: string;
  readonly why: string;
}[] = [
  {
    from: "packages/infra/synth/synth.ts",
    specifier: "./sst.config.ts",
    why: "it stands in the text of a program that esbuild resolves from the root",
  },
  {
    from: "packages/infra/synth/program.ts",
    specifier: "../../../.sst/platform/src/auto/run.ts",
    why: "SST writes the file when it is installed",
  },
];

/** Texts that look like an import of a computed file. No other is allowed. */
export const computed: readonly { readonly from: string; readonly code: string; readonly why: string }[] = [
  {
    from: "packages/cli/config.ts",
    code: "import(pathToFileURL(path)",
    why: "the owner chooses the file of their configuration",
  },
  {
    from: "packages/infra/synth/synth.ts",
    code: "import(`data:text/javascript;base64,${code}`)",
    why: "it reads a bundle that it has just made",
  },
  {
    from: "packages/core/ports.ts",
    code: "import(deliveries: readonly Delivery[])",
    why: "a method of this name",
  },
  { from: "packages/aws/delivery/securityhub.ts", code: "import(deliveries)", why: "a method of this name" },
];

/** Files that load a module by another way than an import. No other does. */
export const loaders: readonly { readonly from: string; readonly why: string }[] = [
  { from: "packages/infra/synth/platform.ts", why: "it finds the folder of the package sst" },
  {
    from: "packages/infra/synth/synth.ts",
    why: "the bundle of the stack, not this file, loads CommonJS libraries",
  },
];

/** The files of `packages/` and `functions/` that are not `.ts`. No other is allowed. */
export const otherFiles: readonly { readonly files: RegExp; readonly why: string }[] = [
  { files: /^packages\/[^/]+\/package\.json$/, why: "the manifest of a package" },
  { files: /^packages\/infra\/tsconfig\.json$/, why: "the stack is compiled with SST's globals" },
  { files: /^packages\/core\/reference\/built-in\/[^/]+\.json$/, why: "the built-in references are data" },
  { files: /^packages\/local\/emulators\/(?:emulator\.py|requirements\.txt)$/, why: "moto runs in Python" },
  { files: /^packages\/policy\/README\.md$/, why: "it documents the package for readers" },
];
