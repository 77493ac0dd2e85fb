import * as z from "zod";
import type { Severity } from "./severity.ts";

/** What a note is about. A role has at most one finding for each part and topic. */
export const NoteTopic = z.enum([
  "invalid-environment",
  "other-path",
  "profile-empty",
  "agent-too-old",
  "agent-lacks-features",
  "role-not-named",
  "execution-role-as-job-role",
  "secret-name",
  "unexplained-symptom",
  "unused-grants",
  "unused-keys",
  "linked-role-deletion",
  "linked-role-edited",
  "unconfirmed-call",
  "unknown-organization",
  "environment-shut-out",
  "sessions-revoked",
  "open-trust",
]);
export type NoteTopic = z.infer<typeof NoteTopic>;

/** How notes of one topic are rated and shown. */
interface NoteTopicFacts {
  /** Used unless the owner chose another. */
  readonly severity: Severity;
  /** Whether jobs can fail because of it. */
  readonly explainsFailure: boolean;
  /** One line for people; `role` is the role's name, fit for output. */
  readonly title: (role: string) => string;
}

/** The facts of every topic: a new topic needs nothing but its entry here. */
export const noteTopics = {
  "invalid-environment": {
    severity: "HIGH",
    explainsFailure: true,
    title: (role) => `A compute environment is INVALID because of ${role}`,
  },
  "other-path": {
    severity: "HIGH",
    explainsFailure: true,
    title: (role) => `AWS Batch is told to use ${role} by an ARN that is not its own`,
  },
  "profile-empty": {
    severity: "HIGH",
    explainsFailure: true,
    title: (role) => `The instance profile of ${role} is gone or empty`,
  },
  "agent-too-old": {
    severity: "MEDIUM",
    explainsFailure: true,
    title: () => "Instances run an ECS agent that is too old for execution roles",
  },
  "agent-lacks-features": {
    severity: "INFORMATIONAL",
    explainsFailure: true,
    title: () => "Instances run an ECS agent that may be too old for what job definitions use",
  },
  "role-not-named": {
    severity: "MEDIUM",
    explainsFailure: true,
    title: () => "A job definition needs an execution role and names none",
  },
  "execution-role-as-job-role": {
    severity: "MEDIUM",
    explainsFailure: false,
    title: (role) => `Jobs run as ${role}, an execution role`,
  },
  "secret-name": {
    severity: "MEDIUM",
    explainsFailure: true,
    title: () => "A job definition names a secret in a form by which it cannot be read",
  },
  "unexplained-symptom": {
    severity: "MEDIUM",
    explainsFailure: true,
    title: (role) => `Jobs fail for reasons of permission, and ${role} is as it should be`,
  },
  "unused-grants": {
    severity: "INFORMATIONAL",
    explainsFailure: false,
    title: (role) => `${role} may read secrets that no job definition uses`,
  },
  "unused-keys": {
    severity: "INFORMATIONAL",
    explainsFailure: false,
    title: (role) => `${role} may use keys that encrypt nothing of its job definitions`,
  },
  "linked-role-deletion": {
    severity: "HIGH",
    explainsFailure: true,
    title: (role) => `${role} is being deleted while AWS Batch uses it`,
  },
  "linked-role-edited": {
    severity: "INFORMATIONAL",
    explainsFailure: false,
    title: (role) => `Somebody edited what may be edited of ${role}`,
  },
  "unconfirmed-call": {
    severity: "MEDIUM",
    explainsFailure: false,
    title: (role) => `A call on ${role} was probably the guard's own, which nobody can prove`,
  },
  "unknown-organization": {
    severity: "INFORMATIONAL",
    explainsFailure: false,
    title: (role) => `The trust of ${role} depends on an organisation that the configuration does not name`,
  },
  "environment-shut-out": {
    severity: "HIGH",
    explainsFailure: true,
    title: (role) => `The trust of ${role} shuts out a compute environment that uses it`,
  },
  "sessions-revoked": {
    severity: "INFORMATIONAL",
    explainsFailure: true,
    title: (role) => `The guard ended the running sessions of ${role}`,
  },
  // The owner wrote it into the reference.
  "open-trust": {
    severity: "LOW",
    explainsFailure: false,
    title: (role) => `Anyone, in any AWS account, can assume ${role}`,
  },
} satisfies Readonly<Record<NoteTopic, NoteTopicFacts>>;
