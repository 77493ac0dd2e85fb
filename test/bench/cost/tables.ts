import type { Resource } from "@drift-guard/infra/synth/synthesis";
import { type PriceName, prices, pricesReadIn } from "./prices.ts";
import { type Activity, activities, assumptions, type Usage, useConfig, useGuard } from "./usage.ts";

/** The stacks that the page compares, with the words for each. */
export interface PricedStacks {
  readonly plain: readonly Resource[];
  readonly everything: readonly Resource[];
}

const labels: { readonly [Name in keyof PricedStacks]: string } = {
  plain: "the smallest: one Region, reports only, a sweep every 6 hours",
  everything: "everything on: a second Region, Security Hub, rollback, a sweep every hour",
};

const isPriceName = (name: string): name is PriceName => name in prices;

/** Returns US dollars for each price of a usage, the most expensive first. */
export function priceUsage(
  usage: Usage,
): readonly (readonly [name: PriceName, units: number, usd: number])[] {
  return Object.entries(usage)
    .flatMap(([name, units]): [PriceName, number, number][] =>
      isPriceName(name) && units > 0 ? [[name, units, units * prices[name].usd]] : [],
    )
    .toSorted(([, , a], [, , b]) => b - a);
}

/** Returns US dollars in a month. */
export function sumUsage(usage: Usage): number {
  return priceUsage(usage).reduce((sum, [, , usd]) => sum + usd, 0);
}

const money = (usd: number) =>
  usd >= 100 ? Math.round(usd).toLocaleString("en") : usd >= 0.005 ? usd.toFixed(2) : "under 0.01";
const count = (units: number) =>
  units >= 10 ? Math.round(units).toLocaleString("en") : String(Number(units.toPrecision(2)));
const row = (...cells: readonly string[]) => `| ${cells.join(" | ")} |`;

/** Returns the computed part of docs/cost.md. */
export function renderCost(stacks: PricedStacks): string {
  const accounts = [1, 100, 1000];
  const totals = (["plain", "everything"] as const).flatMap((stack) =>
    (["quiet", "busy"] as const).map((activity) => {
      const usd = sumUsage(useGuard(stacks[stack], activities[activity]));
      const config = sumUsage(useConfig(activities[activity]));
      return row(
        labels[stack],
        activity,
        ...accounts.map((number) => money(usd * number)),
        ...accounts.map((number) => money(config * number)),
      );
    }),
  );
  return [
    "## A month in US dollars",
    "",
    row(
      "the guard",
      "account",
      ...accounts.map((n) => `guard, ${count(n)}`),
      ...accounts.map((n) => `AWS Config, ${count(n)}`),
    ),
    row(...Array.from({ length: 2 + 2 * accounts.length }, () => "---")),
    ...totals,
    "",
    "## What it is made of",
    "",
    "One account, the smallest guard.",
    "",
    row("unit", "quiet: units", "USD", "busy: units", "USD"),
    row("---", "---", "---", "---", "---"),
    ...compareActivities(stacks.plain),
    "",
    "## What happens in the accounts",
    "",
    row("in a month", "quiet", "busy"),
    row("---", "---", "---"),
    ...Object.entries(activityLabels).map(([name, label]) =>
      row(
        label,
        ...Object.values(activities).map((activity: Activity) => count(readActivity(activity, name))),
      ),
    ),
    "",
    "## Assumptions",
    "",
    `- Lambda polls each idle queue with ${assumptions.pollers} connections, or with as many as the mapping's maximum concurrency, ${assumptions.pollsPerMinute} times a minute each (docs/aws-facts.md).`,
    `- detect and sweep have ${assumptions.comparingGb} GB: ${assumptions.secondsPerInspection} s for each read of a role after a change, of which there are two; ${assumptions.secondsPerOtherEvent} s for each other event; ${assumptions.secondsPerSweep} s for a sweep, and ${assumptions.secondsPerRoleOfSweep} s for each role in it.`,
    `- Each transition needs ${assumptions.invocationsPerTransition} invocations of ${assumptions.secondsPerDelivery} s with ${assumptions.otherGb} GB. Each invocation logs ${assumptions.logKbPerInvocation} KB.`,
    `- A read of a role takes ${assumptions.readsPerInspection} read and ${assumptions.writesPerInspection} write request units, a transition ${assumptions.writesPerTransition} write request units.`,
    `- AWS Config records each call as one configuration item, and ${assumptions.configRules} rules evaluate it.`,
    "",
    "## List prices",
    "",
    `us-east-1, read ${pricesReadIn}, without free tiers and volume discounts.`,
    "",
    row("unit", "USD", "source"),
    row("---", "---", "---"),
    ...Object.values(prices).map(({ unit, usd, source }) => row(unit, formatPrice(usd), `<${source}>`)),
  ].join("\n");
}

function compareActivities(resources: readonly Resource[]): readonly string[] {
  const quiet = useGuard(resources, activities.quiet);
  const busy = useGuard(resources, activities.busy);
  return [
    ...priceUsage(quiet).map(([name, units, usd]) =>
      row(
        prices[name].unit,
        count(units),
        money(usd),
        count(busy[name] ?? 0),
        money((busy[name] ?? 0) * prices[name].usd),
      ),
    ),
    row("**sum**", "", `**${money(sumUsage(quiet))}**`, "", `**${money(sumUsage(busy))}**`),
  ];
}

// 0.0000133334 as it stands on the page, not as 1.33334e-5.
const formatPrice = (usd: number) => (usd >= 0.001 ? String(usd) : usd.toFixed(12).replace(/0+$/, ""));

const activityLabels = {
  calls: "calls to IAM and AWS Batch that the rules match",
  watchedCalls: "of these, calls that concern a watched role",
  symptoms: "failed jobs and blocked queues",
  watchedRoles: "watched roles",
  transitions: "transitions of findings",
  mails: "mails",
  storedGb: "GB in the tables",
} as const satisfies { readonly [Name in keyof Activity]: string };

function readActivity(activity: Activity, name: string): number {
  const found = Object.entries(activity).find(([key]) => key === name);
  return found === undefined ? 0 : found[1];
}

const marks = { start: "<!-- computed by test/bench/cost.ts -->", end: "<!-- end of the computed part -->" };

/** Returns the page with its computed part replaced. Throws `Error` where the page lacks the marks of that part. */
export function replaceComputed(page: string, computed: string): string {
  const [before, rest] = page.split(marks.start);
  const after = rest?.split(marks.end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`docs/cost.md lacks the line ${marks.start} or ${marks.end}.`);
  return `${before}${marks.start}\n\n${computed}\n\n${marks.end}${after}`;
}
