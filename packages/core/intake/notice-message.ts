/** The message of the notify queue that requests the joint message about the transitions that wait. */
export const jointNoticeRequest = JSON.stringify({ jointNotice: true });

/** Whether the body of a message is that request. Everybody may send it: it only tells people what they would be told anyway. */
export function isJointNoticeRequest(body: string): boolean {
  return body === jointNoticeRequest;
}
