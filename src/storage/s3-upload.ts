import type * as Sdk from '@aws-sdk/client-s3';
import { parts } from './incoming.ts';

export type S3Sdk = typeof Sdk;

/** S3 takes 10,000 parts of 5 MiB or more: objects of up to 156 GiB. Two are held in memory. */
const PART_BYTES = 16 * 1024 * 1024;

/**
 * Writes an object: in one request what fits into a part, by a multipart upload what does not. When it fails the upload
 * is aborted, so that no part of it is kept (and charged for).
 */
export async function uploadToS3(
  sdk: S3Sdk,
  client: Sdk.S3Client,
  at: { readonly Bucket: string; readonly Key: string },
  data: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const send = signal ? { abortSignal: signal } : {};
  const sent: Sdk.CompletedPart[] = [];
  let upload: { Bucket: string; Key: string; UploadId: string | undefined } | undefined;
  try {
    for await (const { bytes, last } of parts(data, PART_BYTES)) {
      if (last && upload === undefined) {
        await client.send(new sdk.PutObjectCommand({ ...at, Body: bytes }), send);
        return;
      }
      if (upload === undefined) {
        const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(at), send);
        upload = { ...at, UploadId };
      }
      const PartNumber = sent.length + 1;
      const part = new sdk.UploadPartCommand({ ...upload, PartNumber, Body: bytes });
      const { ETag } = await client.send(part, send);
      sent.push({ PartNumber, ETag });
    }
    if (upload === undefined) return; // a last part always comes
    const whole = new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: sent } });
    await client.send(whole, send);
  } catch (error) {
    if (upload !== undefined)
      await client.send(new sdk.AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}
