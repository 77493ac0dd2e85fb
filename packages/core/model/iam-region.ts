/** By partition; `aws` and `aws-cn` as recorded, the others as the AWS SDK gives them for global services. */
const iamRegions: Readonly<Record<string, string>> = {
  aws: "us-east-1",
  "aws-cn": "cn-north-1",
  "aws-us-gov": "us-gov-west-1",
  "aws-eusc": "eusc-de-east-1",
  "aws-iso": "us-iso-east-1",
  "aws-iso-b": "us-isob-east-1",
  "aws-iso-e": "eu-isoe-west-1",
  "aws-iso-f": "us-isof-south-1",
};

/**
 * Returns the one region of a partition in which CloudTrail and EventBridge report IAM's events, `us-east-1` for an
 * unknown partition (docs/aws-facts.md, "Regions and partitions").
 */
export function iamRegionOf(partition: string): string {
  return iamRegions[partition] ?? "us-east-1";
}
