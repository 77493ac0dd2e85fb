import { createHash, createHmac, randomUUID } from "node:crypto";
import { ConfigError } from "@drift-guard/core/errors";
import { type Answer, digestAnswer } from "@drift-guard/core/respond/answer";
import {
  createIdentityRequest,
  findStsHost,
  type StsPlace,
} from "@drift-guard/core/respond/identity-request";
import type { SignedAnswer } from "@drift-guard/core/respond/signature";
import { SignatureV4 } from "@smithy/signature-v4";

/** Credentials as the AWS SDK resolves them. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/**
 * Signs an answer with the caller's credentials: an `sts:GetCallerIdentity` request for the guard's Region whose signed
 * headers carry the digest of the answer. Makes no call. Throws `ConfigError` for a partition whose STS is not known.
 */
export async function signAnswer(
  answer: Answer,
  credentials: Credentials,
  place: StsPlace,
  now: Date,
): Promise<SignedAnswer> {
  const host = findStsHost(place);
  if (host === undefined) {
    throw new ConfigError(`The STS endpoint of the partition ${place.partition} is not known.`);
  }
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const request = createIdentityRequest(host, digestAnswer(answer));
  const signer = new SignatureV4({
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    region: place.region,
    service: "sts",
    sha256: Sha256,
    applyChecksum: false,
  });
  const { headers } = await signer.sign(
    {
      method: request.method,
      protocol: "https:",
      hostname: host,
      path: request.path,
      query: {},
      headers: { ...request.headers },
      body: request.body,
    },
    { signingDate: now },
  );
  return {
    answer,
    signature: {
      authorization: expectHeader(headers, "authorization"),
      date: expectHeader(headers, "x-amz-date"),
      ...(sessionToken !== undefined && { token: sessionToken }),
    },
  };
}

/** Returns the id of a new answer. */
export function newAnswerId(): string {
  return randomUUID();
}

function expectHeader(headers: Readonly<Record<string, string>>, name: string): string {
  const value = headers[name];
  if (value === undefined) throw new TypeError(`The signer set no header ${name}.`);
  return value;
}

/** SHA-256, with a key HMAC-SHA-256, as the signer calls it. */
export class Sha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(chunk));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new TypeError("A hash is used once.");
  }
}

function bytesOf(chunk: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof chunk === "string") return Buffer.from(chunk, "utf8");
  return ArrayBuffer.isView(chunk)
    ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    : new Uint8Array(chunk);
}
