import { format } from 'prettier';
import { z } from 'zod';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { openApiDocument } from '../../src/api/openapi.ts';
import { routesOf } from '../../src/server/server.ts';
import { transcriptSchema } from '../../src/transcript/schema.ts';
import { VERSION } from '../../src/util/version.ts';
import { cliPage } from './cli.ts';
import { configPage } from './config.ts';
import { errorsPage } from './errors.ts';
import { transcriptPage } from './transcript.ts';

/** A generated file of the project. */
export interface Page {
  /** From the root of the project. */
  readonly path: string;
  readonly text: string;
}

/** All of docs/reference that is made from the code; the same code gives the same pages. */
export async function referencePages(): Promise<Page[]> {
  const transcript = z.toJSONSchema(transcriptSchema) as Record<string, unknown>;
  const pages = {
    'cli.md': cliPage(),
    'config.md': configPage(),
    'config.schema.json': JSON.stringify(configJsonSchema()),
    'errors.md': errorsPage(),
    'openapi.json': JSON.stringify(openApiDocument(routesOf(VERSION), VERSION)),
    'transcript.md': transcriptPage(transcript),
    'transcript.schema.json': JSON.stringify({ title: 'earshot.transcript/1', ...transcript }),
  };
  return Promise.all(
    Object.entries(pages).map(async ([name, text]) => ({
      path: `docs/reference/${name}`,
      text: await format(text, { parser: name.endsWith('.md') ? 'markdown' : 'json', printWidth: 110 }),
    })),
  );
}
