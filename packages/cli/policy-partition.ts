import { sanitise } from "@drift-guard/formats/printable";
import type { PolicyDocument, PolicyStatement } from "@drift-guard/policy/document";
import { UsageError } from "./command.ts";

/** Returns the value of `--partition`. Throws `UsageError` for a text that is no partition. */
export function checkPartition(text: string): string {
  if (/^aws(?:-[a-z]+)*$/.test(text)) return text;
  throw new UsageError(
    `${sanitise(text, 40)} is not a partition: --partition takes aws, aws-cn, aws-us-gov or another one.`,
  );
}

/**
 * Returns the partition that policies are of, such as `aws-us-gov`: the only one that their ARNs name. A service principal
 * that ends in `.amazonaws.com.cn` counts as `aws-cn`. Undefined if the policies name no partition, or several.
 */
export function inferPartition(policies: readonly PolicyDocument[]): string | undefined {
  const partitions = new Set(
    policies.flatMap(({ statements }) => statements.flatMap((statement) => listPartitions(statement))),
  );
  const [only] = partitions;
  return partitions.size === 1 ? only : undefined;
}

function listPartitions({ principals, resources, conditions }: PolicyStatement): readonly string[] {
  const named = principals?.entries ?? [];
  const texts = [
    ...named.map(({ id }) => id),
    ...(resources?.entries ?? []),
    ...conditions.flatMap(({ values }) => values),
  ];
  const isChinese = named.some(({ type, id }) => type === "Service" && id.endsWith(".amazonaws.com.cn"));
  return [
    ...texts.flatMap((text) => /^arn:(aws(?:-[a-z]+)*):/.exec(text)?.[1] ?? []),
    ...(isChinese ? ["aws-cn"] : []),
  ];
}
