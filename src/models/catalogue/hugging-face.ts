import type { ModelFile } from '../model.ts';

/** A repository on Hugging Face at one commit: the same bytes for ever. */
export interface Repository {
  readonly repo: string;
  /** Commit hash, or "main" where we know none: then the sha256 alone says which bytes are meant. */
  readonly revision: string;
}

/** One file of it. `name` is ours, `path` the publisher's. bytes and sha256 are null where we do not know them. */
export function huggingFace(
  { repo, revision }: Repository,
  path: string,
  name: string,
  bytes: number | null,
  sha256: string | null,
): ModelFile {
  return { name, url: `https://huggingface.co/${repo}/resolve/${revision}/${path}`, bytes, sha256 };
}
