/**
 * Returns the one region of a partition in which CloudTrail and EventBridge report IAM's events: `us-east-1` in `aws` and
 * in every partition not listed here (docs/aws-facts.md, "Regions and partitions").
 */
export function iamRegionOf(partition: string): string {
  if (partition === "aws-cn") return "cn-north-1";
  if (partition === "aws-us-gov") return "us-gov-west-1";
  return "us-east-1";
}
