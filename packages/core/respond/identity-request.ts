/**
 * The request by which a person proves who they are: `sts:GetCallerIdentity`, signed with their credentials. All of it
 * except the signature, its time and the session token is made here, on both sides: nothing in a message can change the
 * host, the method or the body (docs/aws-facts.md, "Signed requests to STS").
 */
export interface IdentityRequest {
  readonly method: "POST";
  /** STS's endpoint in the Region of the guard. */
  readonly host: string;
  readonly path: "/";
  /** In lower case, without `authorization`. Each of them must be signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The header that carries the digest of the answer. */
export const answerHeader = "x-drift-guard-request";

/** Where the guard runs, and so whose STS is asked. */
export interface StsPlace {
  readonly region: string;
  readonly partition: string;
}

// The SDK's endpoint rules of STS have the same suffixes (docs/aws-facts.md, "Signed requests to STS").
const suffixes: Readonly<Record<string, string>> = {
  aws: "amazonaws.com",
  "aws-us-gov": "amazonaws.com",
  "aws-cn": "amazonaws.com.cn",
  "aws-eusc": "amazonaws.eu",
  "aws-iso": "c2s.ic.gov",
  "aws-iso-b": "sc2s.sgov.gov",
  "aws-iso-e": "cloud.adc-e.uk",
  "aws-iso-f": "csp.hci.ic.gov",
};

/** Returns the host of the partition's own STS in a Region. An unknown partition has no endpoint: undefined. */
export function findStsHost({ region, partition }: StsPlace): string | undefined {
  const suffix = Object.hasOwn(suffixes, partition) ? suffixes[partition] : undefined;
  return suffix === undefined || !/^[a-z0-9-]+$/.test(region) ? undefined : `sts.${region}.${suffix}`;
}

/** Returns the request to sign for an answer with this digest, without the headers that the signer adds. */
export function createIdentityRequest(host: string, digest: string): IdentityRequest {
  return {
    method: "POST",
    host,
    path: "/",
    headers: {
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      host,
      [answerHeader]: digest,
    },
    body: "Action=GetCallerIdentity&Version=2011-06-15",
  };
}
