// Ways out of a page: to another page of the extension, and to the side panel. In a tab, a link is followed; a popup opens tabs.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

export interface WayOut {
  /** Brings a page of the extension to the front: `/dashboard.html#/wallet`. */
  open: (path: string) => void;
  /** Null where the browser has none, or this page is it. */
  openSidePanel: (() => void) | null;
}

export const WayOutContext = createContext<WayOut>({ open: (path) => location.assign(path), openSidePanel: null });

export const useWayOut = (): WayOut => useContext(WayOutContext);
