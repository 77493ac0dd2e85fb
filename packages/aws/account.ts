/** The account that an adapter reads: adapters refuse answers about any other. */
export interface AwsAccount {
  /** 12 digits. */
  readonly account: string;
  /** The first field of the account's ARNs after `arn:`, such as `aws` or `aws-cn`. */
  readonly partition: string;
}
