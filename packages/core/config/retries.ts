/**
 * How often a message is received from a queue of the guard before SQS moves it to the dead-letter queue. SQS also counts a
 * message that Lambda received and could not hand to a function, so that the number is above the five that AWS advises
 * (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
 */
export const maxReceives = 10;

// Conflicts are over in seconds, a throttling in minutes. Together they last for an hour.
const pauses = [5, 15, 60, 180, 600];
const longestSeconds = 600;

/** Returns the seconds after which a message that failed is received again, by how often it was received: from 5 to 600. */
export function pauseAfter(receives: number): number {
  return pauses[Math.max(receives, 1) - 1] ?? longestSeconds;
}
