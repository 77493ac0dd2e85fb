/** Headers by lower-cased name, as node:http reads them. */
export type HttpHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** An HTTP request that reached the recorder, with its whole body. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array;
}

/** An HTTP response to an API call, with its whole body. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array;
}
