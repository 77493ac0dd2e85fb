import type { Config } from "@drift-guard/core/config/config";
import {
  type Change,
  mayConcernEveryRole,
  mayHaveChanged,
  type Subject,
} from "@drift-guard/core/model/change";
import { formatActor, formatOrigin } from "@drift-guard/formats/actors";
import { sanitise } from "@drift-guard/formats/printable";
import { type Command, parseCommandLine, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { ExplainOutput, type Explanation } from "../output/explain.ts";
import { formatJsonLine } from "../output/json.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { explainRecord } from "../trail/explanation.ts";
import { isFolder, listTrailFiles } from "../trail/folder.ts";
import { readTrail, TrailUnreadableError } from "../trail/records.ts";

/** `explain`: shows how the guard interprets CloudTrail records. */
export const explain: Command = {
  help: `Shows how the guard interprets CloudTrail records.

Usage: drift-guard explain FILE… [--all] [--json] [--config FILE]
       aws cloudtrail lookup-events … | drift-guard explain -

FILE holds CloudTrail records or EventBridge envelopes: a trail file
({"Records": […]}), JSON lines, a list, or a single record; gzip or not.
"-" is standard input. Files are read record by record, whatever their size.
Of a folder, such as a copy of a trail's bucket, all trail files are read.
Also read: responses of LookupEvents and CloudTrail Lake, log events, exports
and Insights results of CloudWatch Logs, messages of SQS, SNS, Kinesis and
Data Firehose, JSON texts, UTF-8 and UTF-16.

Prints the records that concern watched roles or may concern them, and counts
the others.

  --all           print every record
  --json          print one JSON document per line and record
                  (docs/schemas/explain.schema.json)
  --config FILE   configuration that names the watched roles (default:
                  drift-guard.config.ts or .json in the working directory,
                  else the three roles of the AWS Batch User Guide)

Exit codes: 0 every record was read, 2 some records were unreadable; the output
names the place of each.
`,
  async run(args, terminal) {
    const { values, positionals: files } = parseCommandLine("explain", args, {
      all: { type: "boolean" },
      json: { type: "boolean" },
      config: { type: "string", value: "a FILE" },
    });
    if (files.length === 0)
      throw new UsageError('explain takes a file of CloudTrail records, or "-" for standard input.');
    const config = await loadConfig(values.config);
    const tally = new ExplanationTally();
    const several = files.length > 1 || (await Promise.all(files.map(isFolder))).includes(true);
    const show = async (explanation: Explanation) => {
      tally.count(explanation);
      if (!values.all && !concernsWatchedRoles(explanation)) return;
      await terminal.print(
        ...(values.json
          ? [formatJsonLine(ExplainOutput, { schema: 1, ...explanation })]
          : formatExplanation(explanation, { several, config, terminal })),
      );
    };
    for (const named of files) {
      for await (const { path: file, problem } of listTrailFiles(named)) {
        if (problem !== undefined) {
          await show({ file, kind: "unreadable", problem });
          continue;
        }
        try {
          for await (const record of readTrail(file, terminal.input))
            await show(explainRecord(record, config));
        } catch (error) {
          if (!(error instanceof TrailUnreadableError)) throw error;
          await show({ file, kind: "unreadable", problem: error.message });
        }
      }
    }
    if (!values.json) {
      const shown = tally.printed > 0 ? [""] : [];
      await terminal.print(
        ...shown,
        ...wrap(tally.formatSummary({ all: values.all === true }), terminal.columns),
      );
    }
    return tally.unreadable > 0 ? 2 : 0;
  },
};

/** Whether a record concerns watched roles, may concern them, or could not be read. */
function concernsWatchedRoles(explanation: Explanation): boolean {
  switch (explanation.kind) {
    case "irrelevant":
      return false;
    case "change":
      return explanation.guarded.length > 0 || explanation.toRead.length > 0;
    case "symptom":
    case "unreadable":
      return true;
  }
}

const indent = "    ";

interface ExplanationContext {
  /** Whether several files are read, so that each place names its file. */
  readonly several: boolean;
  readonly config: Config;
  readonly terminal: Terminal;
}

const readsNoAccount = "explain does not read the account";

function formatExplanation(
  explanation: Explanation,
  { several, config, terminal }: ExplanationContext,
): readonly string[] {
  const { paint, columns } = terminal;
  const place = paint("dim", formatPosition(explanation, several));
  const headline = (text: string) => wrap(text, columns, `${place} `, indent);
  const lines = (...texts: readonly string[]) => texts.flatMap((text) => wrap(text, columns, indent));
  switch (explanation.kind) {
    case "unreadable": {
      const { record, line, offset, problem } = explanation;
      const where = record === undefined ? "" : ` (record ${record}, line ${line}, byte ${offset})`;
      return [...headline(`${paint("red", "unreadable")}${where}`), ...lines(sanitise(problem, 500))];
    }
    case "symptom": {
      const { at, what, reason, subjects } = explanation.symptom;
      const subjectLine = subjects.length === 0 ? [] : [`on ${subjects.map(formatSubject).join(", ")}`];
      return [
        ...headline(`${sanitise(at, 40)} ${sanitise(what)}`),
        ...lines(
          sanitise(reason, 500),
          ...subjectLine,
          `watched roles: the deployed guard looks up which of them may be the cause; ${readsNoAccount}`,
        ),
      ];
    }
    case "irrelevant":
      return headline(`${paint("dim", "ignored:")} ${sanitise(explanation.why)}`);
    case "change":
      return [
        ...headline(formatCall(explanation, paint)),
        ...lines(formatCaller(explanation.change), ...formatConcern(explanation, config)),
      ];
  }
}

function formatPosition({ file, record }: Explanation, several: boolean): string {
  const number = record === undefined ? "" : `#${record}`;
  return several ? sanitise(file) + number : number || sanitise(file);
}

type ExplainedChange = Extract<Explanation, { kind: "change" }>;

function formatCall({ change, guarded }: ExplainedChange, paint: Terminal["paint"]): string {
  const { at, outcome } = change;
  const call = sanitise(change.call);
  return `${sanitise(at, 40)} ${guarded.length > 0 ? paint("bold", call) : call} ${formatOutcome(outcome)}`;
}

function formatOutcome(outcome: Change["outcome"]): string {
  switch (outcome.status) {
    case "succeeded":
      return "succeeded";
    case "refused":
      return `was refused (${sanitise(outcome.code, 80)}) and changed nothing`;
    case "failed":
      return `failed (${sanitise(outcome.code, 80)})${mayHaveChanged(outcome) ? "; it may have changed something all the same" : " and changed nothing"}`;
  }
}

function formatCaller({ actor }: Change): string {
  const origin = formatOrigin(actor);
  return `by ${formatActor(actor)}${origin === undefined ? "" : ` from ${origin}`}`;
}

function formatConcern(
  { change, guarded, toRead }: ExplainedChange,
  { recheckSeconds }: Config,
): readonly string[] {
  if (mayConcernEveryRole(change)) {
    return [
      "on an unknown target: the record does not name it",
      `watched: every watched role; the guard reads them all, at most once a minute, and once more after ${recheckSeconds} seconds`,
    ];
  }
  const subjects = `on ${change.subjects.map(formatSubject).join(", ")}`;
  const [first, ...others] = guarded.map((name) => sanitise(name));
  if (first !== undefined) {
    const roles = others.length === 0 ? "the role" : "these roles";
    const reads = `the guard reads ${roles} now, and once more after ${recheckSeconds} seconds`;
    const attempt = change.outcome.status === "refused" ? "; it reports the refused call" : "";
    return [subjects, `watched: ${[first, ...others].join(", ")}; ${reads}${attempt}`];
  }
  if (toRead.length > 0) {
    return [subjects, `watched roles: the deployed guard looks up which of them use it; ${readsNoAccount}`];
  }
  return [subjects, "not watched: the guard reads nothing"];
}

function formatSubject(subject: Subject): string {
  switch (subject.kind) {
    case "policy":
      return `policy ${sanitise(subject.arn)}`;
    case "profile":
      return `instance profile ${sanitise(subject.name)}`;
    case "compute-environment":
      return `compute environment ${sanitise(subject.name)}`;
    case "job-definition":
      return `job definition ${sanitise(subject.name)}`;
    case "role":
      return `role ${sanitise(subject.name)}`;
  }
}

/** Counts explained records for the summary line. Every record counts once. */
class ExplanationTally {
  #watched = 0;
  #possible = 0;
  #others = 0;
  #ignored = 0;
  #unreadable = 0;
  #unreadableFiles = 0;

  /** Records that concern watched roles or may concern them, and what could not be read. */
  get printed(): number {
    return this.#watched + this.#possible + this.unreadable;
  }

  /** Records and whole files that could not be read. */
  get unreadable(): number {
    return this.#unreadable + this.#unreadableFiles;
  }

  count(explanation: Explanation): void {
    switch (explanation.kind) {
      case "unreadable":
        if (explanation.record === undefined) this.#unreadableFiles += 1;
        else this.#unreadable += 1;
        break;
      case "symptom":
        this.#possible += 1;
        break;
      case "irrelevant":
        this.#ignored += 1;
        break;
      case "change":
        if (explanation.guarded.length > 0) this.#watched += 1;
        else if (explanation.toRead.length > 0) this.#possible += 1;
        else this.#others += 1;
        break;
    }
  }

  formatSummary({ all }: { readonly all: boolean }): string {
    const counts = [this.#watched, this.#possible, this.#others, this.#ignored, this.#unreadable];
    const records = counts.reduce((sum, count) => sum + count, 0);
    const files = this.#unreadableFiles;
    const parts = [
      `${this.#watched} on watched roles`,
      ...(this.#possible > 0 ? [`${this.#possible} that may concern watched roles`] : []),
      `${this.#others} on other roles`,
      `${this.#ignored} ignored`,
      `${this.#unreadable} unreadable`,
    ];
    return [
      `${records} ${records === 1 ? "record" : "records"}: ${parts.join(", ")}`,
      ...(files > 0 ? [`${files} ${files === 1 ? "file" : "files"} unreadable or damaged`] : []),
      ...(!all && this.#others + this.#ignored > 0 ? ["--all prints every record"] : []),
    ].join("; ");
  }
}
