import * as z from "zod";
import { Instant, millisecondsBetween } from "../model/instant.ts";
import { Answer, digestAnswer } from "./answer.ts";
import {
  createIdentityRequest,
  findStsHost,
  type IdentityRequest,
  type StsPlace,
} from "./identity-request.ts";

/** The headers that a signer adds to the identity request. */
export const Signature = z
  .strictObject({
    /** `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`. */
    authorization: z.string().max(2000),
    /** `X-Amz-Date`: when it was signed, such as `20261122T120000Z`. */
    date: z.string().regex(/^\d{8}T\d{6}Z$/, "must be a time such as 20261122T120000Z"),
    /** `X-Amz-Security-Token`; left out for long-lived keys. */
    token: z
      .string()
      .max(16_384)
      .regex(/^[\x21-\x7e]+$/, "must be a session token")
      .exactOptional(),
  })
  .readonly();
export type Signature = z.infer<typeof Signature>;

/** What a person sends: an answer, and the signature that proves who gave it. */
export const SignedAnswer = z.strictObject({ answer: Answer, signature: Signature }).readonly();
export type SignedAnswer = z.infer<typeof SignedAnswer>;

/** What the function that is asked knows of itself. */
export interface RespondPlace extends StsPlace {
  /** Its own ARN, without a version. */
  readonly deployment: string;
}

/** A request that STS can judge, or why the answer is refused without asking STS. */
export type CheckedSignature =
  | {
      readonly status: "plausible";
      /** With all headers, `authorization` too. Only STS can tell whether the signature is right. */
      readonly request: IdentityRequest;
      /** Digest of the answer, which no other answer has. */
      readonly digest: string;
    }
  | { readonly status: "refused"; readonly reason: string };

/** How old a signature may be, and how far its clock may be ahead, in seconds. */
export const signatureLimits = { age: 300, ahead: 60 } as const;

const form =
  /^AWS4-HMAC-SHA256 Credential=(?<key>[A-Z0-9]{16,128})\/(?<day>\d{8})\/(?<region>[a-z0-9-]+)\/(?<service>[a-z0-9]+)\/aws4_request, SignedHeaders=(?<headers>[a-z0-9;-]+), Signature=[0-9a-f]{64}$/;

/**
 * Checks the signature of an answer as far as that is possible without STS: the answer is for this deployment, the
 * signature is new, for STS in this Region, and covers every header. The identity request is made anew from the answer, so
 * that a signature for another answer, another deployment or another host is wrong for it.
 */
export function checkSignature(
  { answer, signature }: SignedAnswer,
  place: RespondPlace,
  now: Instant,
): CheckedSignature {
  if (answer.deployment !== place.deployment) {
    return refuse(`The answer is for ${answer.deployment}, and this is ${place.deployment}.`);
  }
  const host = findStsHost(place);
  if (host === undefined) return refuse(`The STS endpoint of the partition ${place.partition} is not known.`);
  const at = readDate(signature.date);
  if (at === undefined) return refuse(`The signature's time ${signature.date} does not exist.`);
  const age = millisecondsBetween(at, now) / 1000;
  if (age > signatureLimits.age) {
    return refuse(
      `The answer was signed at ${at}, more than ${signatureLimits.age / 60} minutes ago. Give it again; if this repeats, set the clock of your machine.`,
    );
  }
  if (age < -signatureLimits.ahead) {
    return refuse(`The answer was signed at ${at}, which is in the future. Set the clock of your machine.`);
  }
  const { groups } = form.exec(signature.authorization) ?? {};
  if (groups === undefined) {
    return refuse(
      "The signature is not one of Signature Version 4, or its access key id is none of AWS: that has 16 characters or more of A-Z and 0-9. For the emulated account, drift-guard local prints credentials that can answer.",
    );
  }
  if (
    groups.service !== "sts" ||
    groups.region !== place.region ||
    groups.day !== signature.date.slice(0, 8)
  ) {
    return refuse(
      `The signature is for ${groups.service} in ${groups.region}, and must be for sts in ${place.region}.`,
    );
  }
  const digest = digestAnswer(answer);
  const request = createIdentityRequest(host, digest);
  const signed = {
    ...request.headers,
    "x-amz-date": signature.date,
    ...(signature.token !== undefined && { "x-amz-security-token": signature.token }),
  };
  const expected = Object.keys(signed).toSorted().join(";");
  if (groups.headers !== expected) {
    return refuse(`The signature must cover the headers ${expected}, and covers ${groups.headers}.`);
  }
  return {
    status: "plausible",
    request: { ...request, headers: { ...signed, authorization: signature.authorization } },
    digest,
  };
}

function refuse(reason: string): CheckedSignature {
  return { status: "refused", reason };
}

function readDate(date: string): Instant | undefined {
  const text = date.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5");
  return Instant.safeParse(text).data;
}
