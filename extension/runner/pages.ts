// The pages that are open: each gets answers to what it asked, and is told what changes, never more often than it can draw.
import { pageMessage, pageRequest, type AppState, type PageRequest, type RunnerMessage } from '../messages.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import { coalesced, type After } from './coalesced.ts';
import type { Job } from './job.ts';
import type { Online } from './online.ts';

const APP_PAUSE_MS = 250;
const JOB_PAUSE_MS = 100;
const LIVE_PAUSE_MS = 100;
const LINES_PAUSE_MS = 100;
/** A page that is gone may not have said so; of more than this the oldest are forgotten. */
const MAX_PAGES = 64;
/** Requests of one page at a time. */
const MAX_OPEN_REQUESTS = 64;

/** Who asks. */
export interface Asker {
  watch: (jobId: string | null) => void;
  /** Came with the request. */
  port: MessagePort | undefined;
  /** Aborted when the page is gone. */
  gone: AbortSignal;
}

/** Answers one request. */
export type Answer = (request: PageRequest, page: Asker) => Promise<unknown>;

export interface Pages {
  /** Takes over a port. The result lets go of it again. */
  add(port: MessagePort): () => void;
  appChanged(): void;
  jobChanged(jobId: string, what: 'job' | 'live' | 'log'): void;
}

interface Page {
  say(message: RunnerMessage): void;
  changed(what: 'job' | 'live' | 'log'): void;
  watched: string | null;
}

export function openPages(parts: {
  answer: Answer;
  app: () => AppState;
  job: (jobId: string) => Job | undefined;
  online: () => Online | null;
  now: () => number;
  after: After;
}): Pages {
  const pages = new Map<MessagePort, Page>();
  const appChanged = coalesced(APP_PAUSE_MS, parts, () => {
    const app = parts.app();
    for (const page of pages.values()) page.say({ type: 'app', app });
  });

  const pageOf = (port: MessagePort): Page & { watch: (jobId: string | null) => void } => {
    let sentLines = 0;
    let isSending = false;
    const watchedJob = (): Job | undefined => (page.watched === null ? undefined : parts.job(page.watched));
    const sendLines = async (): Promise<void> => {
      const job = watchedJob();
      if (job === undefined || isSending || sentLines >= job.log.kept()) return;
      isSending = true;
      try {
        const from = sentLines;
        const lines = await job.log.read(from);
        if (page.watched !== job.note.jobId || from !== sentLines || lines.length === 0) return;
        page.say({ type: 'lines', jobId: job.note.jobId, from, lines });
        sentLines += lines.length;
        if (sentLines < job.log.kept()) tellLines();
      } finally {
        isSending = false;
      }
    };
    const tellJob = coalesced(JOB_PAUSE_MS, parts, () => {
      const job = watchedJob();
      if (job !== undefined) page.say({ type: 'job', job: job.snapshot(parts.online()) });
    });
    const tellLive = coalesced(LIVE_PAUSE_MS, parts, () => {
      const job = watchedJob();
      if (job !== undefined) page.say({ type: 'live', jobId: job.note.jobId, live: job.snapshot(null).live });
    });
    const tellLines = coalesced(LINES_PAUSE_MS, parts, () => void sendLines().catch(() => undefined));
    const page = {
      watched: null as string | null,
      say: (message: RunnerMessage) => port.postMessage(message),
      changed: (what: 'job' | 'live' | 'log') => ({ job: tellJob, live: tellLive, log: tellLines })[what](),
      watch: (jobId: string | null) => {
        page.watched = jobId;
        // What was there before is asked for with `log`.
        sentLines = watchedJob()?.log.kept() ?? 0;
        tellJob();
      },
    };
    return page;
  };

  return {
    appChanged,
    jobChanged(jobId, what) {
      for (const page of pages.values()) if (page.watched === jobId) page.changed(what);
      if (what === 'job') appChanged();
    },
    add(port) {
      const page = pageOf(port);
      pages.set(port, page);
      for (const [oldest] of pages) {
        if (pages.size <= MAX_PAGES) break;
        pages.delete(oldest);
        oldest.close();
      }
      const gone = new AbortController();
      let open = 0;
      const take = async (event: MessageEvent<unknown>): Promise<void> => {
        const message = pageMessage.safeParse(event.data);
        // Without an id there is nobody to answer.
        if (!message.success) return;
        const { id, request } = message.data;
        open += 1;
        try {
          if (open > MAX_OPEN_REQUESTS)
            throw new NunetError('too-many-requests', 'This page asks for too much at once; wait for an answer');
          const parsed = pageRequest.safeParse(request);
          if (!parsed.success) {
            const [issue] = parsed.error.issues;
            throw new NunetError('request-invalid', `Cannot read the request: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
          }
          page.say({
            type: 'reply',
            id,
            value: await parts.answer(parsed.data, { watch: page.watch, port: event.ports[0], gone: gone.signal }),
          });
        } catch (error) {
          const { code, message } = safeError(error);
          page.say({ type: 'failed', id, code, message });
        } finally {
          open -= 1;
        }
      };
      port.onmessage = (event: MessageEvent<unknown>) => void take(event);
      port.addEventListener('close', () => {
        pages.delete(port);
        gone.abort(new DOMException('the page is gone', 'AbortError'));
      });
      page.say({ type: 'app', app: parts.app() });
      return () => {
        pages.delete(port);
        port.onmessage = null;
      };
    },
  };
}
