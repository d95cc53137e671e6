// A frame of opaque origin in a document: no scripts but its own page's, no storage, no extension APIs.
import type { MountedFrame } from '../network/frame-host.ts';
import { givePort } from './frame-port.ts';

/** Chromium gives the manifest's sandboxed pages an opaque origin by themselves; Firefox, which knows no such pages, needs the attribute. */
export function mountFrameElement(document: Document, path: string, onLoad: () => void): MountedFrame {
  const element = document.createElement('iframe');
  element.setAttribute('sandbox', 'allow-scripts');
  element.addEventListener('load', onLoad);
  element.src = path;
  document.body.append(element);
  return {
    give: (port) => {
      if (element.contentWindow !== null) givePort(element.contentWindow, port);
    },
    remove: () => element.remove(),
  };
}
