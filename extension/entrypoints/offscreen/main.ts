// Entry of the offscreen document (Chromium): the host.
import { startHost } from '../../host/start-host.ts';

startHost(document);
